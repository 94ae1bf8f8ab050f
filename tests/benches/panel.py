"""The panel in Chromium or in the program's own window (TIMBRE_SHOWN, as tests/window has it), for `speed --panel`: each
line of the standard input asks for one thing, in JSON, and one line answers with what was measured. The page's own clock
and observers measure; nothing is judged here.

TIMBRE_LOG is where the driver's words go, TIMBRE_DESKTOP the window's program; the drivers are tests/window/driver.py.
"""

import json
import os
import sys
from pathlib import Path

from driver import ALT, DRAWN, Chromium, Window

BACKSPACE = "\ue003"
# A word in every document's name, and taken away again: whatever comes has its place in the list all the while.
KEYS = "3" + BACKSPACE
PERSON_MS = 100
# WebKit's own, with nothing of ours; it comes with the library.
EMPTY_WINDOW = "webkit2gtk-4.1/MiniBrowser"

# How long the page was busy with one thing: a browser's own word, or how late a timer of a few milliseconds is, which
# counts what the machine did meanwhile too.
BUSY = """
const busy = (tell) => {
  if (PerformanceObserver.supportedEntryTypes.includes('longtask')) {
    new PerformanceObserver((list) => list.getEntries().forEach((e) => tell(e.duration))).observe({ type: 'longtask' });
    return;
  }
  let last = performance.now();
  const tick = () => {
    const now = performance.now();
    if (now - last > 50) tell(now - last);
    last = now;
    setTimeout(tick, 4);
  };
  tick();
};
"""

# From the beginning of the navigation until the list, or the words of an empty one, are in the page and on the screen.
# Nothing where they are there before anybody looked.
FIRST = """
window.first = new Promise((tell) => {
  const shown = () => document.querySelector('[role=row][data-id], .empty .title');
  if (shown()) return tell(null);
  const watch = new MutationObserver(() => {
    if (!shown()) return;
    watch.disconnect();
    const there = performance.now();
    requestAnimationFrame(() => setTimeout(() => tell([there, performance.now()])));
  });
  watch.observe(document, { subtree: true, childList: true });
});
"""

# A screen at a time, as fast as frames come; at the end of what was read, the next page is waited for.
SCROLL = BUSY + """
const done = arguments[1], screens = arguments[0], table = document.querySelector('[role=table]');
const frame = () => new Promise(requestAnimationFrame);
const tasks = [], drawn = [];
busy((time) => tasks.push(time));
performance.setResourceTimingBufferSize(10000);
performance.clearResourceTimings();
(async () => {
  for (let n = 0; n < screens; n++) {
    const wanted = (n + 1) * table.clientHeight;
    while (table.scrollTop < wanted) {
      table.scrollTop = wanted;
      await frame();
    }
    drawn.push(table.querySelectorAll('[data-id]').length);
  }
  await frame();
  const asked = performance.getEntriesByType('resource').filter((e) => new URL(e.name).pathname === '/v1/documents');
  done({
    requests: asked.map((e) => ({ limit: Number(new URL(e.name).searchParams.get('limit')), bytes: e.decodedBodySize })),
    rows: Math.ceil((table.scrollTop + table.clientHeight) / 44),
    drawn: Math.max(...drawn),
    longest: Math.max(0, ...tasks),
  });
})();
"""

# What is touched in the list: rows that enter, rows whose words or marks change, and those that only take another place,
# for the eye or for the Tab key.
WATCH = """
const places = ['style', 'aria-rowindex', 'tabindex'];
// The first row is where Tab enters, until somebody chooses another.
const but = (names) => (names ?? '').split(' ').filter((name) => name !== 'active').join(' ');
const isPlace = ({ target, attributeName, oldValue }) => places.includes(attributeName) || (attributeName === 'class' && but(oldValue) === but(target.getAttribute('class')));
window.touched = { entered: {}, changed: {}, moved: {} };
window.watching?.disconnect();
window.watching = new MutationObserver((records) => {
  const note = (which, row, what) => ((touched[which][row.dataset.id] ??= []).push(what));
  for (const record of records) {
    const { target, type, attributeName, addedNodes } = record;
    const row = (target.nodeType === 1 ? target : target.parentElement)?.closest('[data-id]');
    if (row) note(type === 'attributes' && isPlace(record) ? 'moved' : 'changed', row, attributeName ?? type);
    else for (const node of addedNodes) if (node.dataset?.id) note('entered', node, type);
  }
});
watching.observe(document.querySelector('[role=table]'), { subtree: true, childList: true, attributes: true, attributeOldValue: true, characterData: true });
"""

LISTEN = BUSY + """
window.keyed = []; window.tasks = [];
busy((time) => tasks.push(time));
window.press ??= (event) => {
  const heard = performance.now() - event.timeStamp;
  requestAnimationFrame(() => setTimeout(() => keyed.push([heard, performance.now() - event.timeStamp])));
};
addEventListener('keydown', press, true);
"""


class Browser(Chromium):
    """Chromium, which can be told to look before a page begins."""

    def first(self, address: str):
        self.devtools("Page.addScriptToEvaluateOnNewDocument", source=FIRST)
        self.go(address)
        return self.later("first.then(arguments[0])")

    def memory(self) -> dict:
        """Megabytes: what the page's scripts hold, and what its process has for itself."""
        self.devtools("HeapProfiler.collectGarbage")
        heap = self.devtools("Runtime.getHeapUsage")["usedSize"] / 2**20
        return {"heap": heap, "process": held(self, b"--type=renderer")}


class Own(Window):
    """The program's window, on the folder of an agent that runs: its page is WebKit's."""

    def first(self, address: str):
        self.go(address)
        return self.later(FIRST + "first.then(arguments[0])")

    def memory(self) -> dict:
        """Megabytes; what of it are the scripts' WebKit tells nobody."""
        return {"heap": None, "process": held(self, b"WebKitWebProcess")}


class Bench:
    def __init__(self):
        self.log = Path(os.environ["TIMBRE_LOG"])
        self.own = os.environ["TIMBRE_SHOWN"] == "window"
        self.page = None

    def open(self) -> dict:
        """The memory of an empty page; in Chromium it is the one that goes on."""
        self.close()
        if self.own:
            empty = next(Path("/usr").glob(f"lib*/**/{EMPTY_WINDOW}"))
            with Own(str(empty), "--automation", log=self.log) as page:
                page.later(DRAWN)  # its process begins with the first script
                return page.memory()
        self.page = Browser("about:blank", log=self.log, seconds=120)
        return self.page.memory()

    def close(self) -> dict:
        if self.page:
            self.page.close()
            self.page = None
        return {}

    def enter(self, address: str, folder: str) -> dict:
        """The Monitor of the agent that runs on a folder, by its link."""
        if self.page:
            self.page.go(address)
        else:
            self.page = Own(os.environ["TIMBRE_DESKTOP"], "--data", folder, log=self.log, seconds=120)
        self.page.see("ENTRENAMIENTO")
        self.page.keys("2", held=ALT)
        self.page.wait("the Monitor", "return document.querySelector('[role=row][data-id], .empty .title')")
        return {}

    def first(self, addresses: list, rounds: int) -> dict:
        """How soon each shows what it has, in turns, in a browser that has entered both."""
        seen = [[] for _ in addresses]
        for _ in range(rounds):
            for address, times in zip(addresses, seen):
                # Looked at again where the rows were there before us.
                times.append(next(filter(None, (self.page.first(address) for _ in range(5)))))
        return {"seen": seen}

    def scroll(self, screens: int) -> dict:
        return self.page.later(SCROLL, screens)

    def top(self) -> dict:
        self.page.run("document.querySelector('[role=table]').scrollTo(0, 0)")
        self.page.wait("the top of the list", "return document.querySelector('[role=row][aria-rowindex=\"2\"]')")
        return {}

    def watch(self) -> dict:
        self.page.run(WATCH)
        return {}

    def touched(self, document: str, word: str) -> dict:
        """Once a document's row says so."""
        probe = "const row = document.querySelector(`[data-id=${given[0]}]`); return row && text(row).includes(given[1])"
        self.page.wait(f"{document} to be «{word}»", probe, document, word)
        return self.page.run("return touched")

    def type(self, seconds: int) -> dict:
        """In the search field, at a person's pace."""
        self.page.run(LISTEN)
        self.page.type("Buscar", KEYS * (seconds * 1000 // (PERSON_MS * len(KEYS))))
        return self.page.run("return { keyed, tasks }")

    def seen(self, document: str) -> dict:
        self.page.wait(f"{document} in the list", "return document.querySelector(`[data-id=${given[0]}]`)", document)
        return {}

    def memory(self) -> dict:
        return self.page.memory()


def held(page, kind: bytes) -> float:
    """Megabytes of the processes of that kind below a page's driver; what is shared with others counts by its part."""
    below, found = [page.driver.pid], []
    while below:
        process = Path(f"/proc/{below.pop()}")
        for thread in process.glob("task/*/children"):
            below += map(int, thread.read_text().split())
        if kind in process.joinpath("cmdline").read_bytes():
            found.append(process)
    return sum(map(proportional, found)) / 2**10


def proportional(process: Path) -> int:
    """Kilobytes in memory."""
    lines = process.joinpath("smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


bench = Bench()
try:
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(getattr(bench, asked.pop("do"))(**asked)), flush=True)
finally:
    bench.close()
