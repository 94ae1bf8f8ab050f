"""By Tab alone through each room and each question: all that can have the focus gets it, once, in the order in which it is
seen, and shows that it has it.
"""

import pytest

from driver import ALT, ENTER, ESCAPE, F4, F10, SHIFT
from shown import PICTURES, SHOP, only_browser, opened
from test_window import issued, put_away

pytestmark = only_browser  # where the focus goes is the page's own doing; a browser tells of each step

TAB = "\ue004"
STEPS = 300

# All that Tab should come to: where it is, and how it looks without the focus. A group of radios is one stop.
BEGIN = """
const within = document.querySelector('dialog[open]') || document;
const looks = (e) => [e, e.parentElement, e.nextElementSibling].filter(Boolean).map((one) => {
  const { outline, boxShadow, borderColor, backgroundColor, top } = getComputedStyle(one);
  return [outline, boxShadow, borderColor, backgroundColor, top].join();
}).join(' ');
const key = (e) => (e.type === 'radio' ? document.querySelector(`[type=radio][name="${e.name}"]`) : e);
const told = (e) => `${e.tagName.toLowerCase()} «${name(e).slice(0, 40)}»`;
const box = (e) => { const { left, top, right, bottom } = e.getBoundingClientRect(); return { left, top, right, bottom }; };
const stops = [];
for (const e of within.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex], [contenteditable]')) {
  if (e.tabIndex < 0 || e.disabled || !e.checkVisibility({ visibilityProperty: true })) continue;
  if (!stops.some((stop) => stop.key === key(e))) stops.push({ key: key(e), told: told(e), box: box(e), plain: new Map() });
  stops.find((stop) => stop.key === key(e)).plain.set(e, looks(e));
}
window.walked = [];
window.walker?.abort();
window.walker = new AbortController();
document.addEventListener('focusin', ({ target: e }) => {
  const stop = stops.find((one) => one.key === key(e));
  const scrolls = e.scrollHeight > e.clientHeight || e.scrollWidth > e.clientWidth;
  window.walked.push({
    at: stop ? stops.indexOf(stop) : -1, told: told(e), box: stop ? stop.box : box(e), scrolls,
    inside: within.contains(e), seen: stop ? stop.plain.get(e) !== looks(e) : getComputedStyle(e).outlineStyle !== 'none',
  });
}, { signal: window.walker.signal });
return stops.map((stop) => stop.told);
"""
# Before the first of all: the next Tab comes to that.
TOP = "const e = document.querySelector('.skip'); e.focus(); getSelection().removeAllRanges(); e.blur(); scrollTo(0, 0)"
ROOMS = {"1": "Venta", "2": "Monitor", "3": "Documentos", "4": "Folios", "5": "El día", "6": "Ajustes"}


@pytest.fixture(scope="module")
def window():
    with opened("--demo", "--latency", "50ms", "--data", str(SHOP.with_name("focus")), log="focus.log", seconds=20) as window:
        window.see("ENTRENAMIENTO")
        window.keys("1", held=ALT)
        for name in ("Pan", "Leche"):
            window.type("Código o descripción", f"{name}{ENTER}350{ENTER}")
            window.find("item", name)
        window.keys(F10)
        issued(window, "$ 700")
        window.see("Aceptado")
        yield window


def test_explore(window):
    for k, room in ROOMS.items():
        window.keys(k, held=ALT)
        window.wait(f"{room}", "return text(document.querySelector('h1')) === given[0]", room)
        window.run("document.activeElement.blur()")
        stops = window.run(BEGIN)
        window.run(TOP)
        window.run("window.walked.length = 0")
        window.keys(TAB * (len(stops) + 4), pace=0)
        walked = window.run("return window.walked")
        print("=====", room, len(stops), len(walked))
        for i, s in enumerate(stops):
            print(i, s)
        for w in walked:
            print(w["at"], w["told"], {k: round(v) for k, v in w["box"].items()}, "" if w["seen"] else "UNSEEN", w["scrolls"])
        window.run("window.walked.length = 0")
        window.keys(TAB * 5, pace=0, held=SHIFT)
        print([w["told"] for w in window.run("return window.walked")])
