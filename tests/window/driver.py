"""A thin W3C WebDriver client: finds by role and name, as a screen reader does. Of a window by WebKitWebDriver, of a page
in Chromium by chromedriver.

Knows nothing of Timbre. Every call has a time limit, and waiting is for a change in the page, never for a while.
"""

import base64
import ctypes
import json
import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
ENTER = "\ue007"
ESCAPE = "\ue00c"
ALT = "\ue00a"
SHIFT = "\ue008"
CONTROL = "\ue009"
F3 = "\ue033"
F4 = "\ue034"
F6 = "\ue036"
F10 = "\ue03a"

# A person is slower than a scanner, whose keys come within 30 ms of each other.
PERSON_MS = 100
SCANNER_MS = 30

# In the page: all visible elements of a role whose name is, or begins with, the words.
FIND = """
const selector = {
  button: 'button, a[href], [role=button], [role=link], [role=tab]', row: '[role=row], tr', dialog: 'dialog, [role=dialog]',
  textbox: 'input:not([type=checkbox]):not([type=radio]), textarea, [role=textbox], [role=searchbox]',
  item: 'li, [role=listitem], [role=row], tr', region: 'section, aside, [role=region]',
};
const text = (e) => (e ? e.innerText || e.textContent || '' : '').replace(/\\s+/g, ' ').trim();
const name = (e) => e.getAttribute('aria-label')
  || (e.getAttribute('aria-labelledby') || '').split(' ').map((id) => text(document.getElementById(id))).join(' ').trim()
  || (e.labels && [...e.labels].map(text).join(' ')) || text(e) || e.placeholder || e.title || '';
const find = (role, words) => {
  const shown = [...document.querySelectorAll(selector[role])].filter((e) => e.getClientRects().length);
  const exact = shown.filter((e) => name(e) === words);
  if (exact.length) return exact;
  const begins = shown.filter((e) => name(e).startsWith(words));
  return begins.length ? begins : shown.filter((e) => name(e).includes(words));
};
"""

GIVEN = "const given = [...arguments];"

# Answers as soon as `probe` finds something, at once or after any change in the page.
WAIT = """
const done = arguments[arguments.length - 1], given = [...arguments].slice(0, -1);
const probe = () => { %s };
const first = probe();
if (first) return done(first);
const watch = new MutationObserver(() => {
  const found = probe();
  if (found) { watch.disconnect(); done(found); }
});
watch.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
"""

# In the same place for two frames.
STILL = """
const done = arguments[arguments.length - 1], given = arguments;
const place = () => { const at = find(given[0], given[1])[0]?.getBoundingClientRect(); return at && `${at.x} ${at.y}`; };
const look = (was) => requestAnimationFrame(() => { const now = place(); now && now === was ? done(now) : look(now); });
look();
"""

# What has no letters yet is drawn without them, and what was not drawn yet is white.
DRAWN = "const done = arguments[0], next = requestAnimationFrame; document.fonts.ready.then(() => next(() => next(done)))"


class Page:
    """What a person sees and does, whatever shows it."""

    def __init__(self, driver: list[str], options: dict, environment: dict, log: Path, seconds: int):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = log.open("wb")
        command = [*driver, f"--port={self.port}"]
        self.driver = subprocess.Popen(command, env=environment, stdout=self.log, stderr=self.log, start_new_session=True)
        self.session = ""
        limits = {"script": seconds * 1000, "pageLoad": 60_000, "implicit": 0}
        wanted = {"alwaysMatch": {**options, "timeouts": limits}}
        try:
            answer = self.call("POST", "/session", {"capabilities": wanted}, retry=True)
        except BaseException:
            self.close()
            raise
        self.session = f"/session/{answer['sessionId']}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        session, self.session = self.session, ""
        try:
            if session:
                self.call("DELETE", session)
        finally:
            if self.driver.poll() is None:
                os.killpg(self.driver.pid, signal.SIGTERM)
            self.driver.wait(10)
            self.log.close()

    def call(self, method: str, path: str, body=None, retry: bool = False, seconds: int = 90):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, method=method)
        for _ in range(200 if retry else 1):
            try:
                with urllib.request.urlopen(request, timeout=seconds) as answer:
                    return json.load(answer)["value"]
            except urllib.error.HTTPError as error:
                said = json.load(error)["value"]
                raise AssertionError(f"{path}: {said['error']}: {said['message']}") from None
            except TimeoutError:
                raise AssertionError(f"{path}: no answer in {seconds} s; is the program one that lets itself be driven?") from None
            except urllib.error.URLError as error:
                last = error
                if self.driver.poll() is not None:
                    break
                try:  # the driver does not listen yet: 50 ms, or until it is dead
                    self.driver.wait(0.05)
                except subprocess.TimeoutExpired:
                    pass
        raise AssertionError(f"the driver does not answer: {last}")

    def go(self, address: str) -> None:
        """Whatever the page still holds is let go of."""
        self.call("POST", f"{self.session}/url", {"url": address})

    def run(self, script: str, *given):
        return self.call("POST", f"{self.session}/execute/sync", {"script": GIVEN + FIND + script, "args": list(given)})

    def later(self, script: str, *given):
        """What a script answers by its last argument, when it is done."""
        return self.call("POST", f"{self.session}/execute/async", {"script": script, "args": list(given)})

    def wait(self, what: str, probe: str, *given):
        """`probe` is a function's body; its parameters are in `given`. Fails when the session's script limit is over."""
        script = FIND + WAIT % probe
        for left in (1, 0):  # a page that goes away takes the script that waits in it along: its successor is asked too
            try:
                return self.later(script, *given)
            except AssertionError as error:
                if not left:
                    raise AssertionError(f"waited in vain for {what}: {error}\nthe page says:\n{self.text()}") from None

    def find(self, role: str, words: str) -> str:
        found = self.wait(f"{role} «{words}»", "return find(given[0], given[1])[0]", role, words)
        return f"{self.session}/element/{found[ELEMENT]}"

    def click(self, role: str, words: str) -> None:
        self.stands(role, words)
        self.call("POST", f"{self.find(role, words)}/click", {})

    def stands(self, role: str, words: str) -> None:
        """What something that comes beside it still moves is gone from under the pointer before it is pressed."""
        self.find(role, words)
        self.later(FIND + STILL, role, words)

    def type(self, words: str, keys: str) -> None:
        self.find("textbox", words)
        self.run("find('textbox', given[0])[0].focus()", words)
        self.keys(keys)

    def keys(self, keys: str, pace: int = PERSON_MS, held: str = "") -> None:
        """Pressed one after the other wherever the focus is, at a person's pace, with `held` down all the while."""
        actions = [{"type": "keyDown", "value": key} for key in held]
        for key in keys:
            actions += [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
            actions += [{"type": "pause", "duration": pace}] if pace else []
        actions += [{"type": "keyUp", "value": key} for key in held]
        self.call("POST", f"{self.session}/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def scan(self, code: str) -> bool:
        """Answers whether this machine was quick enough to be a scanner."""
        self.run("window.keyed = []; window.addEventListener('keydown', (e) => window.keyed.push(e.timeStamp), true)")
        self.keys(code + ENTER, pace=0)
        gaps = self.run("return window.keyed.slice(1).map((at, i) => at - window.keyed[i])")
        return max(gaps) < SCANNER_MS

    def focused(self) -> str:
        return self.run("return name(document.activeElement)")

    def give(self, what: str, file: Path) -> None:
        """Puts a file into the field that wants `what`, which nobody sees."""
        field = self.wait(f"a field for {what}", "return document.querySelector(`input[type=file][accept*='${given[0]}']`)", what)
        self.call("POST", f"{self.session}/element/{field[ELEMENT]}/value", {"text": str(file)})

    def fits(self, width: int, height: int) -> None:
        self.wait(
            f"the page to be {width} wide",
            "return innerWidth <= given[0] && innerHeight <= given[1]",
            width,
            height,
        )

    def see(self, words: str) -> None:
        self.wait(f"the words «{words}»", "return text(document.body).includes(given[0])", words)

    def read(self, role: str, words: str) -> str:
        """What stands in it, line by line; browsers don't agree on the blank ones."""
        self.find(role, words)
        lines = self.run("return find(given[0], given[1])[0].innerText", role, words).replace("\xa0", " ").split("\n")
        return "\n".join(filter(None, lines))

    def text(self) -> str:
        return self.run("return document.body.innerText")

    def picture(self, file: Path) -> None:
        self.later(DRAWN)
        file.write_bytes(base64.b64decode(self.call("GET", f"{self.session}/screenshot")))


class Window(Page):
    """The program's own window."""

    def __init__(self, binary: str, *arguments: str, log: Path, seconds: int = 30):
        # The first lets itself be driven; the others keep desktop services, which a virtual display lacks, out of the log.
        environment = {**os.environ, "TAURI_WEBVIEW_AUTOMATION": "true", "NO_AT_BRIDGE": "1", "GTK_USE_PORTAL": "0"}
        for hangs_screenshots in ("WEBKIT_DISABLE_DMABUF_RENDERER", "WEBKIT_DISABLE_COMPOSITING_MODE"):
            environment.pop(hangs_screenshots, None)
        options = {"webkitgtk:browserOptions": {"binary": binary, "args": list(arguments)}}
        super().__init__(["WebKitWebDriver"], options, environment, log, seconds)

    def resize(self, width: int, height: int) -> None:
        self.call("POST", f"{self.session}/window/rect", {"width": width, "height": height})
        self.fits(width, height)

    def zoom(self, percent: int) -> None:
        """From 100 % to that, and from that back to 100 % by its negative."""
        for _ in range((abs(percent) - 100) // 20):
            self.keys("+" if percent > 0 else "-", held=CONTROL)

    def ask_to_close(self, title: str) -> None:
        """What a window manager does when the cross is pressed; WebDriver has no word for it."""
        x11 = ctypes.CDLL("libX11.so.6")
        x11.XOpenDisplay.restype = ctypes.c_void_p
        display = ctypes.c_void_p(x11.XOpenDisplay(None))
        try:
            found = titled(x11, display, x11.XDefaultRootWindow(display), title.encode())
            assert found, f"no window is called {title}"
            event = CloseEvent(33, 0, 1, display, found, atom(x11, display, b"WM_PROTOCOLS"), 32)
            event.data[0] = atom(x11, display, b"WM_DELETE_WINDOW")
            x11.XSendEvent(display, ctypes.c_ulong(found), 0, ctypes.c_long(0), ctypes.byref(event))
            x11.XFlush(display)
        finally:
            x11.XCloseDisplay(display)


class Restarted(Page):
    """The window of a process that a driven one began in its own place, as it ended: it can be driven where that was."""

    def __init__(self, process: int, *, log: Path, seconds: int = 30):
        said = Path(f"/proc/{process}/environ").read_bytes().decode().split("\0")
        address = next(pair.partition("=")[2] for pair in said if pair.startswith("WEBKIT_INSPECTOR_SERVER="))
        super().__init__(["WebKitWebDriver", f"--target={address}"], {}, dict(os.environ), log, seconds)


class Chromium(Page):
    """A page in a browser."""

    def __init__(self, address: str, *, log: Path, seconds: int = 30):
        self.size, self.scale = (1366, 768), 1.0
        # As root there is no sandbox, and a small /dev/shm must not end it.
        arguments = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars"]
        options = {"browserName": "chrome", "acceptInsecureCerts": True, "unhandledPromptBehavior": "accept", "goog:chromeOptions": {"args": arguments}}
        super().__init__(["chromedriver"], options, dict(os.environ), log, seconds)
        try:
            self.draw()
            self.go(address)
        except BaseException:
            self.close()
            raise

    def devtools(self, command: str, **given):
        """What only the browser's own tools can do."""
        return self.call("POST", f"{self.session}/goog/cdp/execute", {"cmd": command, "params": given})

    def draw(self) -> None:
        width, height = (round(side / self.scale) for side in self.size)
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=self.scale, mobile=False)

    def resize(self, width: int, height: int) -> None:
        self.size = (width, height)
        self.draw()
        self.fits(width, height)

    def zoom(self, percent: int) -> None:
        """As a browser does it: fewer, larger points."""
        self.scale = percent / 100 if percent > 0 else 1.0
        self.draw()


class CloseEvent(ctypes.Structure):
    """XClientMessageEvent, with the room that an XEvent takes."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
        ("rest", ctypes.c_long * 12),
    ]


def atom(x11, display, name: bytes) -> int:
    x11.XInternAtom.restype = ctypes.c_ulong
    return x11.XInternAtom(display, name, 0)


def titled(x11, display, window: int, title: bytes) -> int:
    """The window of that name, or one below it; 0 when there is none."""
    name = ctypes.c_char_p()
    if x11.XFetchName(display, ctypes.c_ulong(window), ctypes.byref(name)) and name.value == title:
        return window
    root, parent, count = ctypes.c_ulong(), ctypes.c_ulong(), ctypes.c_uint()
    children = ctypes.POINTER(ctypes.c_ulong)()
    x11.XQueryTree(
        display, ctypes.c_ulong(window), *map(ctypes.byref, (root, parent, children, count))
    )
    below = (titled(x11, display, children[i], title) for i in range(count.value))
    return next(filter(None, below), 0)
