"""How a story is seen: in the program's own window, or as the panel in a browser. TIMBRE_SHOWN says which.

TIMBRE_DESKTOP is the window's program, TIMBRE_BIN the command line's, TIMBRE_DATA the shop's folder (new),
TIMBRE_PICTURES where the pictures go.
"""

import json
import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from driver import Chromium, Page, Window

PICTURES = Path(os.environ["TIMBRE_PICTURES"])
SHOP = Path(os.environ["TIMBRE_DATA"])
IN_BROWSER = os.environ.get("TIMBRE_SHOWN") == "browser"

# What only the program's own window does.
only_window = pytest.mark.skipif(IN_BROWSER, reason="a browser's page has no such thing")

only_browser = pytest.mark.skipif(not IN_BROWSER, reason="a window of the program's own has no such thing")


def opened(*arguments: str, log: str, seconds: int = 60) -> Page:
    """Timbre, as somebody opens it on a folder (`--data`)."""
    file = PICTURES / log
    if IN_BROWSER:
        return Panel(*arguments, log=file, seconds=seconds)
    if "--data" in arguments:
        # What a web view remembers is this shop's alone, as in a browser that is new.
        folder = Path(arguments[arguments.index("--data") + 1])
        os.environ["XDG_DATA_HOME"] = str(folder.with_name(f"{folder.name}.web"))
    return Window(os.environ["TIMBRE_DESKTOP"], *arguments, log=file, seconds=seconds)


class Panel(Chromium):
    """The agent without a window and its panel in Chromium; an agent that runs on the folder is only looked at."""

    def __init__(self, *arguments: str, log: Path, seconds: int):
        folder = Path(arguments[arguments.index("--data") + 1])
        self.agent = None
        if not told(folder):
            rest = [argument for argument in arguments if argument != "--demo"]
            command = ["demo", "--serve", "--documents", "0"] if "--demo" in arguments else ["serve", "--port", "0"]
            self.agent = Program(*command, *rest, log=log.with_suffix(".agent.log"))
        try:
            running = told(folder)
            super().__init__(f"http://127.0.0.1:{running['port']}/#token={running['token']}", log=log, seconds=seconds)
        except BaseException:
            self.stop()
            raise

    def close(self) -> None:
        try:
            super().close()
        finally:
            self.stop()

    def stop(self) -> None:
        if self.agent:
            self.agent.stop()


class Program:
    """The command line, at work until it is stopped; it has begun when it has said its first line, in `first`."""

    def __init__(self, *arguments: str, log: Path):
        self.log = log.open("wb")
        command = [os.environ["TIMBRE_BIN"], *arguments, "--json"]
        self.program = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log)
        self.first = self.program.stdout.readline()
        if not self.first:
            self.stop()
            raise AssertionError(f"timbre {' '.join(arguments)}: it ended with {self.program.returncode}: {log.read_text()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self) -> None:
        if self.program.poll() is None:
            self.program.send_signal(signal.SIGTERM)
        self.program.wait(30)
        self.program.stdout.close()
        self.log.close()


def told(folder: Path) -> dict | None:
    """Where the agent of a folder is, and the owner's token, as it tells in a file while it runs."""
    file = next(folder.rglob("agent.json"), None)
    try:
        return json.loads(file.read_text()) if file else None
    except FileNotFoundError:  # it is just ending
        return None


def successor(folder: Path, before: dict) -> dict:
    """The agent that came after another on its folder."""
    for _ in range(600):
        if (now := told(folder)) and now["pid"] != before["pid"]:
            return now
        time.sleep(0.05)
    raise AssertionError(f"nobody followed {before['pid']} on {folder}")


def has_ended(page: Page) -> bool:
    """All that its driver began, once it was closed: the driver may be gone before the program that it drove."""
    for _ in range(600):
        try:
            os.killpg(page.driver.pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def answer(path: str, folder: Path = SHOP):
    """From the same agent's local API, by the owner's token in its folder: what is shown is so."""
    agent = told(folder)
    headers = {"Authorization": f"Bearer {agent['token']}"}
    request = urllib.request.Request(f"http://127.0.0.1:{agent['port']}{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as reply:
        found = json.load(reply)
    return found.get("row", found)  # a document's detail has its row inside
