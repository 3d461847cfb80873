"""Debian's Chromium, driven by Playwright, for tests that look at the page as its users do."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.plugins.live_airflow import LiveAirflow

CHROMIUM: Final = shutil.which("chromium")

needs_chromium: Final = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here; scripts/setup_browser installs it"
)

_PATIENCE_MS: Final = 20_000

# Without these, Chromium looks up hosts outside at each start; a sandbox of its own is not to be had in ours.
_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def run_chromium() -> Iterator[Browser]:
    """Run a browser without a screen."""
    expect.set_options(timeout=_PATIENCE_MS)  # the machine may be busy
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        yield browser
        browser.close()


@contextmanager
def open_tab(
    browser: Browser, airflow: LiveAirflow, *, user: str | None = "admin", width: int = 1400, dark: bool = False
) -> Iterator[tuple[Page, list[str]]]:
    """Open a tab of a signed-in user; give it with a list that fills with what goes wrong in it.

    :param browser: the browser.
    :param airflow: the Airflow to sign in to.
    :param user: who; ``None`` for nobody.
    :param width: the window's width in pixels.
    :param dark: whether the browser asks for a dark page.
    """
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", locale="en-GB"
    )
    if user is not None:
        for pair in airflow.sign_in(user)["Cookie"].split("; "):
            name, _, value = pair.partition("=")
            context.add_cookies([{"name": name, "value": value, "url": airflow.url}])
    page = context.new_page()
    page.set_default_timeout(_PATIENCE_MS)
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.on("dialog", lambda dialog: troubles.append(f"dialog {dialog.message}"))
    yield page, troubles
    context.close()
