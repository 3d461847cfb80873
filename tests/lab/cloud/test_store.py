"""The store: lists in pages."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lab.cloud.store import DEFAULT_PAGE_SIZE, cut_page


@settings(max_examples=50)
@given(names=st.sets(st.text(min_size=1, max_size=5), max_size=12), page_size=st.integers(min_value=1, max_value=5))
def test_pages_hold_everything_once_in_order(names: set[str], page_size: int) -> None:
    """For all names and page sizes, the pages together contain every item once, in order."""
    items = {name: name for name in names}
    collected: list[str] = []
    page, token = cut_page(items, page_size=page_size, page_token="")
    while token:
        assert len(page) == page_size
        collected += page
        page, token = cut_page(items, page_size=page_size, page_token=token)
    assert collected + page == sorted(names)


def test_deletion_between_pages_skips_nothing() -> None:
    """An item deleted between two pages does not make the next page skip another one."""
    items = {name: name for name in "abcd"}
    _, token = cut_page(items, page_size=2, page_token="")
    del items["b"]
    assert cut_page(items, page_size=2, page_token=token) == (["c", "d"], "")


def test_no_size_means_a_large_page() -> None:
    """Without a page size, a page has the default size."""
    items = {f"{number:04}": number for number in range(DEFAULT_PAGE_SIZE + 1)}
    page, token = cut_page(items, page_size=0, page_token="")
    assert len(page) == DEFAULT_PAGE_SIZE
    assert token
