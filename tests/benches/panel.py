"""The panel in Chromium, for `speed --panel`: each line of the standard input asks for one thing, in JSON, and one line
answers with what was measured. The page's own clock and observers measure; nothing is judged here.

TIMBRE_CHROMIUM_LOG is where the driver's words go; the driver itself is tests/window/driver.py.
"""

import json
import os
import sys
from pathlib import Path

from driver import ALT, Chromium

BACKSPACE = "\ue003"
# A word in every document's name, and taken away again: whatever comes has its place in the list all the while.
KEYS = "3" + BACKSPACE
PERSON_MS = 60

# From the beginning of the navigation until the list, or the words of an empty one, are in the page and on the screen.
FIRST = """
window.first = new Promise((tell) => {
  const watch = new MutationObserver(() => {
    if (!document.querySelector('[role=row][data-id], .empty .title')) return;
    watch.disconnect();
    const there = performance.now();
    requestAnimationFrame(() => setTimeout(() => tell([there, performance.now()])));
  });
  watch.observe(document, { subtree: true, childList: true });
});
"""

# A screen at a time, as fast as frames come; at the end of what was read, the next page is waited for.
SCROLL = """
const done = arguments[1], screens = arguments[0], table = document.querySelector('[role=table]');
const frame = () => new Promise(requestAnimationFrame);
const tasks = [], drawn = [];
const watch = new PerformanceObserver((list) => tasks.push(...list.getEntries().map((e) => e.duration)));
watch.observe({ type: 'longtask' });
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

LISTEN = """
window.keyed = []; window.tasks = [];
window.long ??= new PerformanceObserver((list) => tasks.push(...list.getEntries().map((e) => e.duration)));
long.observe({ type: 'longtask' });
window.press ??= (event) => {
  const heard = performance.now() - event.timeStamp;
  requestAnimationFrame(() => setTimeout(() => keyed.push([heard, performance.now() - event.timeStamp])));
};
addEventListener('keydown', press, true);
"""


class Bench:
    def __init__(self):
        self.log = Path(os.environ["TIMBRE_CHROMIUM_LOG"])
        self.page = None

    def open(self) -> dict:
        """A new browser with nothing in it."""
        self.close()
        self.page = Chromium("about:blank", log=self.log, seconds=120)
        return self.memory()

    def close(self) -> dict:
        if self.page:
            self.page.close()
            self.page = None
        return {}

    def enter(self, address: str) -> dict:
        """The Monitor of an agent, by its link."""
        self.page.go(address)
        self.page.see("ENTRENAMIENTO")
        self.page.keys("2", held=ALT)
        self.page.wait("the Monitor", "return document.querySelector('[role=row][data-id], .empty .title')")
        return {}

    def first(self, addresses: list, rounds: int) -> dict:
        """How soon each shows what it has, in turns, in a browser that has entered both."""
        self.page.devtools("Page.addScriptToEvaluateOnNewDocument", source=FIRST)
        seen = [[] for _ in addresses]
        for _ in range(rounds):
            for address, times in zip(addresses, seen):
                self.page.go(address)
                times.append(self.page.later("first.then(arguments[0])"))
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
        """Megabytes: what the page's scripts hold, and what its process has for itself."""
        self.page.devtools("HeapProfiler.collectGarbage")
        heap = self.page.devtools("Runtime.getHeapUsage")["usedSize"] / 2**20
        return {"heap": heap, "process": sum(map(proportional, renderers(self.page.driver.pid))) / 2**10}


def renderers(driver: int) -> list:
    """The processes below the driver in which pages are."""
    below, found = [driver], []
    while below:
        process = Path(f"/proc/{below.pop()}")
        for thread in process.glob("task/*/children"):
            below += map(int, thread.read_text().split())
        if b"--type=renderer" in process.joinpath("cmdline").read_bytes():
            found.append(process)
    return found


def proportional(process: Path) -> int:
    """Kilobytes in memory; what is shared with others counts by its part."""
    lines = process.joinpath("smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


bench = Bench()
try:
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(getattr(bench, asked.pop("do"))(**asked)), flush=True)
finally:
    bench.close()
