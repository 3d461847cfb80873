"""Takes the README's picture of the page "Masquerade", in Debian's Chromium, on what the demo left.

    ./scripts/demo --ui >demo.txt &     # and wait until it says "Ctrl-C"
    .venv/bin/python -P scripts/take_screenshots.py demo.txt

It writes docs/images/page.png. Run it after a change of the page, and look at the picture.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Final

from playwright.sync_api import sync_playwright

PICTURE: Final = Path(__file__).resolve().parents[1] / "docs" / "images" / "page.png"
_MOST_BYTES: Final = 120_000
# As in tests/plugins/browsing.py: without these, Chromium looks up hosts outside at each start.
_FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")


def take_picture(announcement: str) -> None:
    """Sign in as the demo says, open the environment that does not masquerade, and write the picture."""
    told = dict(re.findall(r"^  (address|user|password) +(\S+)$", announcement, re.MULTILINE))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(_FLAGS))
        tab = browser.new_page(viewport={"width": 1280, "height": 560}, color_scheme="light", locale="en-GB")
        tab.goto(told["address"])
        tab.locator("input[name=username]").fill(told["user"])
        tab.locator("input[name=password]").fill(told["password"])
        tab.keyboard.press("Enter")
        frame = tab.frame_locator("iframe")
        frame.locator("table.overview a", has_text="without-agent").click()
        frame.get_by_text("does not masquerade this").first.wait_for()
        tab.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    take_picture(Path(sys.argv[1]).read_text(encoding="utf-8"))
    if PICTURE.stat().st_size > _MOST_BYTES:
        sys.exit(f"{PICTURE} has {PICTURE.stat().st_size} bytes; at most {_MOST_BYTES} are wanted")
