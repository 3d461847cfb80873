"""All pages of a list, for every client whose API answers page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from airflow_masq.exceptions import CloudRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

MOST_PAGES: Final = 100
"""How many pages of one list are read; each may have 500 entries."""


def read_pages(ask: Callable[[str], tuple[T, str]], *, action: str) -> Iterator[T]:
    """Read all pages of a list; one that does not end is refused, since a part of it must not count as all of it.

    :param ask: asks for the page of a token, which is empty for the first one, and returns it and the next one's token.
    :param action: what the calls do, as the beginning of an error's message.
    :raises CloudRefusedError: a token comes back, or there are more than ``MOST_PAGES`` pages.
    """
    token, seen = "", set[str]()
    for _ in range(MOST_PAGES):
        page, token = ask(token)
        yield page
        if not token:
            return
        if token in seen:
            break
        seen.add(token)
    text = (
        f"{action}: the list does not end, so its first pages count for nothing; check that the endpoint is the API's"
    )
    raise CloudRefusedError(text, status="OUT_OF_RANGE", reason="LIST_WITHOUT_END")
