"""A real browser without a window, and the leaderboard's server, for the tests of the page."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import URLError
from urllib.parse import urlsplit

import pytest

from campaignkit.apps.leaderboard_command import HOST, free_port, serve_command

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-background-networking --no-first-run "
    "--disable-component-update --disable-sync --window-size=1500,1200"
)
_PATIENCE_S = 60.0  # of a loaded machine; what is waited for usually takes a second


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
def served(*logs: Path) -> Iterator[Server]:
    """The leaderboard of some logs, in a process of its own."""
    port = free_port(None)
    server = subprocess.Popen(
        serve_command(list(logs), port=port),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ),
    )  # fmt: skip
    address = f"http://{HOST}:{port}"
    try:
        wait_for(lambda: _answers(address), "the server to answer")
        yield Server(address, server.pid)
    finally:
        server.terminate()
        server.wait(timeout=30)


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

    def open(self, address: str, *, until: str) -> None:
        """Open a page and wait for a text on it."""
        self.window.get_log("performance")  # those of earlier pages
        self.window.get(address)
        self.wait_for_text(until)

    def wait_for_text(self, text: str) -> None:
        """Wait until the page says this."""
        wait_for(lambda: text in self.text, f"{text!r} on the page")

    def choose_view(self, name: str) -> None:
        """Press one of the views."""

        def press() -> bool:
            labels = self.window.find_elements("css selector", "[role=radiogroup] label")
            next(label for label in labels if label.text.strip() == name).click()
            return True

        wait_for(press, f"the view {name!r}")

    def pick(self, label: str, value: str) -> None:
        """Choose a value of a field with a list."""

        def choose() -> bool:
            field = self.window.find_element("css selector", f"input[aria-label*='{label}']")
            field.click()
            field.send_keys(value)
            options = self.window.find_elements("css selector", "[role=option]")
            next(option for option in options if value in option.text).click()
            return True

        wait_for(choose, f"{value!r} among {label!r}")

    def press(self, label: str) -> None:
        """Press a button."""

        def click() -> bool:
            buttons = self.window.find_elements("css selector", "button")
            next(button for button in buttons if button.text.strip() == label).click()
            return True

        wait_for(click, f"the button {label!r}")

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


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5) as reply:
            return bool(reply.status == 200)
    except (URLError, OSError):
        return False
