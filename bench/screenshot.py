"""Photograph a mail: the HTML part of an .eml file, or an .html file, as chromium shows it.

    python bench/screenshot.py tests/golden/issue.eml --output issue.png --width 375 --dark

Playwright for Python drives Debian's chromium, so that no browser is downloaded.
"""

from __future__ import annotations

import argparse
import email
import email.policy
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Error, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def html_of(path: Path) -> str:
    """The HTML to show; raises ValueError where a mail has none."""
    if path.suffix != ".eml":
        return path.read_text(encoding="utf-8")
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    part = message.get_body(("html",))
    if part is None:
        raise ValueError(f"{path}: the mail has no HTML part")
    return str(part.get_content())


def photograph(html: str, output: Path, *, executable: str, width: int, height: int | None, dark: bool) -> None:
    """Write a PNG of the page, of its top where a height is given; the page can reach no network."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        context = browser.new_context(
            viewport={"width": width, "height": height or 800},
            device_scale_factor=2,
            color_scheme="dark" if dark else "light",
            java_script_enabled=False,
            offline=True,
        )
        page = context.new_page()
        page.set_content(html)
        page.screenshot(path=output, full_page=height is None)
        browser.close()


def main() -> int:
    """Read the command line, write the picture, say where it is."""
    parser = argparse.ArgumentParser(description="Photograph the HTML part of a mail.")
    parser.add_argument("source", type=Path, help="an .eml or .html file")
    parser.add_argument("--output", type=Path, help="the PNG to write (default: beside the source)")
    parser.add_argument(
        "--width", type=int, default=600, help="width of the window: 600 for a desktop, 375 for a phone"
    )
    parser.add_argument("--height", type=int, help="show the top of the page only, this many pixels of it")
    parser.add_argument("--dark", action="store_true", help="as on a machine set to dark colours")
    options = parser.parse_args()
    output = options.output or options.source.with_suffix(".png")
    executable = shutil.which("chromium")
    if executable is None:
        print("chromium is missing: apt-get install chromium", file=sys.stderr)
        return 1
    try:
        html = html_of(options.source)
        photograph(html, output, executable=executable, width=options.width, height=options.height, dark=options.dark)
    except (OSError, ValueError, Error) as error:
        print(f"no picture of {options.source}: {error}", file=sys.stderr)
        return 1
    print(output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
