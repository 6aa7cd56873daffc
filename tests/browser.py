"""A real browser without a window, and the leaderboard's server, for the tests of the pages."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-background-networking --no-first-run "
    "--disable-component-update --disable-sync --window-size=1500,1200"
)
_PATIENCE_S = 60.0  # of a loaded machine; what is waited for usually takes a second
DESK, PHONE = 1440, 390  # widths of a window, in pixels
# Every page is judged in each of them: whether it is dark, and how wide.
LOOKS = tuple(product((False, True), (DESK, PHONE)))
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]  # WCAG 2.2, levels A and AA
# axe reads no colours inside of pictures, and is slow there: they are emptied. Tests of `show`
# hold their palette to the same contrast.
_AUDIT = """
const done = arguments[arguments.length - 1];
document.querySelectorAll('svg[role=img]').forEach(picture => picture.replaceChildren());
axe.run(document, {runOnly: arguments[0], resultTypes: ["violations"], preload: false})
  .then(found => done(found.violations.flatMap(rule => rule.nodes.map(
    node => `${rule.id}: ${rule.help}: ${node.html.slice(0, 160)} (${node.failureSummary})`))))
  .catch(error => done([`axe-core failed: ${error}`]));
"""
_CONTROLS = """
const all = 'a[href], button, input, select, textarea, summary, [tabindex]';
const seen = e => e.checkVisibility({visibilityProperty: true}) && e.getClientRects().length;
window.ckControls = () => [...document.querySelectorAll(all)].filter(
  e => e.tabIndex >= 0 && !e.disabled && seen(e));
window.ckNamed = e => `<${e.tagName.toLowerCase()}> ${(e.ariaLabel || e.innerText).slice(0, 60)}`;
window.ckReached = new Set();
document.activeElement?.blur();
"""
_STEP = """
const e = document.activeElement;
if (!e || e === document.body || ckReached.has(e)) return null;
ckReached.add(e);
return ckNamed(e);
"""
_UNREACHED = """
// One radio button of a group is a stop; arrows lead to the others.
const names = new Set([...ckReached].filter(e => e.type === 'radio').map(e => e.name));
return ckControls().filter(e => !ckReached.has(e) && !(e.type === 'radio' && names.has(e.name)))
  .map(ckNamed);
"""


class Server(NamedTuple):
    """Where a page is served, and by which process."""

    address: str
    pid: int


@contextmanager
def browser(downloads: Path) -> Iterator[Browser]:
    """A headless Chromium; the test is skipped, with the reason, where there is none."""
    pytest.importorskip("selenium", reason="browser tests need selenium")
    program = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("browser tests need chromium and chromedriver, which are not installed")
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = program
    for flag in _FLAGS.split():
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    window = webdriver.Chrome(options=options, service=Service(driver))
    try:
        window.execute_cdp_cmd(
            "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)}
        )
        yield Browser(window)
    finally:
        window.quit()


@contextmanager
def served(*logs: Path, recommend: Path | None = None) -> Iterator[Server]:
    """The leaderboard of some logs, in a process of its own."""
    command = [sys.executable, "-m", "campaignkit", "leaderboard", *map(str, logs), "--no-browser"]
    command += ["--recommend", str(recommend)] if recommend else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            # It says where it is once it listens there.
            address = [server.stdout.readline(), server.stdout.readline()][1].strip()
            yield Server(address, server.pid)
        finally:
            server.terminate()


def wait_for(true: Callable[[], Any], what: str) -> Any:
    """Ask again and again until the answer is true; a page that is drawn anew may refuse one."""
    from selenium.common.exceptions import WebDriverException

    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        try:
            if found := true():
                return found
        except (WebDriverException, StopIteration):
            pass
        time.sleep(0.1)
    pytest.fail(f"waited {_PATIENCE_S:.0f} s for {what}")


class Browser:
    """What tests do on a page."""

    def __init__(self, window: Any) -> None:
        self.window = window

    @property
    def text(self) -> str:
        """All that the page says."""
        return str(self.window.find_element("tag name", "body").text)

    def open(self, address: str, *, until: str = "") -> None:
        """Open a page and wait for a text on it, if one is named."""
        self.window.get_log("performance")  # those of earlier pages
        self.window.get(address)
        if until:
            self.wait_for_text(until)

    def wait_for_text(self, text: str) -> None:
        """Wait until the page says this."""
        wait_for(lambda: text in self.text, f"{text!r} on the page")

    def follow(self, text: str) -> None:
        """Press the link of this text."""

        def press() -> bool:
            links = self.window.find_elements("css selector", "a")
            next(link for link in links if link.text.strip() == text).click()
            return True

        wait_for(press, f"the link {text!r}")

    def pick(self, label: str, value: str) -> None:
        """Choose a value of a list, or tick one of a group of boxes."""
        from selenium.webdriver.support.ui import Select

        def choose() -> bool:
            found = self.window.find_elements("css selector", "label, fieldset")
            field = next(part for part in found if part.text.startswith(label))
            if field.tag_name == "fieldset":
                boxes = field.find_elements("css selector", "label")
                next(box for box in boxes if value in box.text).click()
                return True
            choice = Select(field.find_element("css selector", "select"))
            choice.select_by_visible_text(next(o.text for o in choice.options if value in o.text))
            return True

        wait_for(choose, f"{value!r} among {label!r}")

    def look(self, *, dark: bool = False, width: int = DESK) -> None:
        """Show pages as a light or dark screen of this width would; to be called before `open`."""
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.window.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.window.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})

    def access_faults(self) -> list[str]:
        """What axe-core finds against WCAG 2.2 AA; the test is skipped where axe is missing.

        A page that is wider than its window is a fault too.
        """
        pytest.importorskip(
            "axe_playwright_python", reason="checks of access need axe-playwright-python (no-deps)"
        )
        axe = files("axe_playwright_python") / "axe.min.js"
        self.window.execute_script(axe.read_text(encoding="utf-8"))
        found = list(self.window.execute_async_script(_AUDIT, _RULES))
        wide, room = self.window.execute_script(
            "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        return found + ([f"the page is {wide} wide, its window {room}"] if wide > room else [])

    def walk_faults(self, *, most: int = 300) -> list[str]:
        """Press Tab through the page: controls that are not reached, stops that are not seen.

        A stop is seen if the picture of the window changes when it loses the focus.
        """
        from selenium.webdriver import ActionChains, Keys

        faults = []
        self.window.execute_script(_CONTROLS)
        for _ in range(most):
            ActionChains(self.window).send_keys(Keys.TAB).perform()
            stop = self.window.execute_script(_STEP)
            if stop is None:
                break
            focused = self.window.get_screenshot_as_base64()
            self.window.execute_script("window.ckHeld = document.activeElement; ckHeld.blur()")
            if self.window.get_screenshot_as_base64() == focused:
                faults.append(f"the focus is not seen on {stop}")
            self.window.execute_script("ckHeld.focus({preventScroll: true})")
        else:
            faults.append(f"more than {most} stops")
        unreached = self.window.execute_script(_UNREACHED)
        return faults + [f"Tab does not reach {name}" for name in unreached]

    def count(self, selector: str) -> int:
        """How many elements there are."""
        return len(self.window.find_elements("css selector", selector))

    def hosts_asked(self) -> set[str]:
        """Every host that the page asked anything of since it was opened."""
        messages = [json.loads(entry["message"]) for entry in self.window.get_log("performance")]
        sent = [
            told["message"]["params"]["request"]["url"]
            for told in messages
            if told["message"]["method"] == "Network.requestWillBeSent"
        ]
        return {urlsplit(url).hostname or "" for url in sent if url.startswith(("http", "ws"))}
