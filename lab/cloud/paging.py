"""Lists in pages: a page ends at a size, and its token names the last item, so that deletions do not shift the next."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Final, TypeVar

from lab.cloud.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

Item = TypeVar("Item")

# What the service takes for "no page size given" is not verified.
DEFAULT_PAGE_SIZE: Final = 100


def page_of(items: Mapping[str, Item], *, page_size: int, page_token: str) -> tuple[list[Item], str]:
    """Cut one page out of named items, in the order of their names.

    :param items: everything there is, by name.
    :param page_size: how many at most; 0 for :data:`DEFAULT_PAGE_SIZE`.
    :param page_token: the token of the page before; empty for the first page.
    :return: the items, and the next page's token, empty after the last.
    :raises ApiError: INVALID_ARGUMENT for a negative size or a token that no page carried.
    """
    if page_size < 0:
        raise invalid("Page size must not be negative.")
    after = _decode(page_token)
    names = [name for name in sorted(items) if name > after]
    shown = names[: page_size or DEFAULT_PAGE_SIZE]
    token = _encode(shown[-1]) if len(shown) < len(names) else ""
    return [items[name] for name in shown], token


def _encode(name: str) -> str:
    return urlsafe_b64encode(name.encode()).decode()


def _decode(token: str) -> str:
    try:
        name = urlsafe_b64decode(token.encode()).decode()
    except ValueError as error:
        raise invalid("Invalid page token.") from error
    if token != _encode(name):
        raise invalid("Invalid page token.")
    return name
