"""By Tab alone through each room and each question: all that can have the focus gets it, once, in the order in which it is
seen, and shows that it has it.
"""

import pytest

from driver import ALT, ENTER, ESCAPE, F3, F10, SHIFT, Page
from shown import SHOP, only_browser, opened
from test_rooms import rooms
from test_window import issued, put_away

pytestmark = only_browser  # where Tab goes is the page's own order, which one browser tells of step by step

TAB = "\ue004"
# The parts of a date are each a stop of its own, without a word to the page.
MORE = 24
# What overlaps by no more than this is beside the other, or below it.
OVERLAP = 6

# All that Tab should come to, and how it looks without the focus: itself, its row, what stands beside it, and what is drawn
# on it. A group of radios is one stop. From then on each step is noted.
BEGIN = """
document.activeElement.blur();
const within = document.querySelector('dialog[open]') || document;
const sides = (e) => [e, e.parentElement, e.nextElementSibling, e.closest('[role=row], label, summary')].filter(Boolean);
const looks = (e) => sides(e).flatMap((one) => ['', '::before', '::after'].map((part) => {
  const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(one, part);
  return [outlineStyle === 'none' ? '' : outlineWidth + outlineColor, boxShadow].join();
})).join(' ');
const key = (e) => (e.type === 'radio' ? document.querySelector(`[type=radio][name="${e.name}"]`) : e);
const told = (e) => `${e.tagName.toLowerCase()} «${name(e).slice(0, 40)}»`;
// Of what lies beyond the edge of what scrolls only the edge is seen: it stands before what comes after that.
const clipped = (e) => {
  let { left, top, right, bottom } = e.getBoundingClientRect();
  for (let over = e.parentElement; over; over = over.parentElement) {
    if (over.scrollWidth <= over.clientWidth || !/auto|scroll/.test(getComputedStyle(over).overflowX)) continue;
    const edge = over.getBoundingClientRect();
    [left, right] = [left, right].map((at) => Math.min(Math.max(at, edge.left), edge.right));
  }
  return { left, top, right, bottom };
};
const stops = [];
for (const e of within.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex], [contenteditable]')) {
  if (e.tabIndex < 0 || e.disabled || !e.checkVisibility({ visibilityProperty: true })) continue;
  let stop = stops.find((one) => one.key === key(e));
  if (!stop) stops.push((stop = { key: key(e), told: told(e), boxes: [], plain: new Map() }));
  stop.plain.set(e, looks(e));
  // What nobody sees is its label, or what it stands in.
  const seen = e.getBoundingClientRect().width > 4 ? e : e.closest('label') || e.parentElement;
  stop.boxes.push(clipped(seen));
}
const box = (all) => ['left', 'top', 'right', 'bottom'].map((side, i) => Math[i < 2 ? 'min' : 'max'](...all.map((one) => one[side])));
window.walked = [];
window.went = [];
window.walker?.abort();
window.walker = new AbortController();
document.addEventListener('focusin', ({ target: e }) => {
  const at = stops.findIndex((one) => one.key === key(e));
  // What scrolls is a stop only where it has none in it.
  const scrolls = e.scrollHeight > e.clientHeight || e.scrollWidth > e.clientWidth;
  window.went.push(e);
  window.walked.push({
    at, told: told(e), box: box(at < 0 ? [e.getBoundingClientRect()] : stops[at].boxes), inside: within.contains(e),
    meant: at >= 0 || scrolls, seen: at < 0 ? getComputedStyle(e).outlineStyle !== 'none' : stops[at].plain.get(e) !== looks(e),
  });
}, { signal: window.walker.signal });
return stops.map((stop) => stop.told);
"""


SKIP = "document.querySelector('.skip')"


@pytest.fixture(scope="module")
def window():
    with opened("--demo", "--latency", "50ms", "--data", str(SHOP.with_name("focus")), log="focus.log", seconds=20) as window:
        window.see("ENTRENAMIENTO")
        window.keys("1", held=ALT)
        basket(window)
        window.keys(F10)
        issued(window, "$ 800")
        window.see("Aceptado")
        yield window


def basket(window: Page) -> None:
    window.type("Código o descripción", f"+350{ENTER}+450{ENTER}")
    window.find("item", "Varios $ 450 c/u")


def out_of_order(one: dict, next_: dict) -> bool:
    """The next is neither below nor, in the same row or in a column of its own, at the right."""
    _, _, right, bottom = one["box"]
    below = next_["box"][1] >= bottom - OVERLAP
    beside = next_["box"][0] >= right - OVERLAP
    return not below and not beside


def walk(window: Page, first: str) -> list[str]:
    """Once round and back, from what `first` finds; what is wrong."""
    stops = window.run(BEGIN)
    faults = []

    def steps(first: str, held: str) -> list[dict]:
        window.run(f"const first = {first}; document.activeElement.blur(); window.walked = []; window.went = []; first.focus()")
        window.keys(TAB * (len(stops) + MORE), pace=0, held=held)
        return window.run("return window.walked")

    # Beyond the last the browser takes the focus, and puts it at the first when it comes to it: what is after that is no walk.
    there = steps(first, "")
    faults += [f"out to {step['told']}" for step in there if not step["inside"]]
    if round_ := next((n for n, step in enumerate(there) if n and step["at"] == there[0]["at"]), None):
        there = there[:round_]
    else:
        faults.append(f"a trap: after {there[-1]['told']} it goes no further")
    came = [step["at"] for step in there if step["at"] >= 0]
    faults += [f"never at {told}" for n, told in enumerate(stops) if n not in came]
    faults += [f"{came.count(n)} times at {told}" for n, told in enumerate(stops) if came.count(n) > 1]
    faults += [f"at {step['told']}, which is no stop" for step in there if not step["meant"]]
    faults += [f"nothing shows the focus of {step['told']}" for step in there if not step["seen"]]
    faults += [f"{next_['told']} after {one['told']}" for one, next_ in zip(there, there[1:]) if out_of_order(one, next_)]
    forth = [step["told"] for step in there]
    back = [step["told"] for step in steps(f"window.went[{len(there) - 1}]", SHIFT)][: len(there)]
    if back != forth[::-1]:
        faults.append(f"back by another way: {back} and not {forth[::-1]}")
    return faults


# What is put into a room so that its walk goes wrong (the page's policy lets none in by attributes), and what is said of it.
FAULTS = {
    "f.tabIndex = 3": "button «f» after button «Ver en el Monitor»",
    "f.style.outline = 'none'": "nothing shows the focus of button «f»",
    "at(f, 700, 500); at(g, 600, 500)": "button «g» after button «f»",
    "at(f, 600, 700); at(g, 600, 500)": "button «g» after button «f»",
    "f.onkeydown = (e) => e.preventDefault()": "a trap: after button «f» it goes no further",
    "g.onfocus = () => skip.focus()": "never at button «Ver en el Monitor»",
    "f.onfocus = () => g.focus()": "back by another way",
}
PUT = """
const skip = document.querySelector('.skip'), put = document.createElement('p'), [f, g] = ['f', 'g'].map((word) => {
  const button = document.createElement('button');
  button.textContent = word;
  put.append(button);
  return button;
});
const at = (e, top, left) => Object.assign(e.style, { position: 'fixed', minWidth: '60px', top: `${top}px`, left: `${left}px` });
put.id = 'fault';
document.querySelector('main').prepend(put);
"""


def test_the_walk_sees_each_fault(window):
    window.keys("5", held=ALT)
    window.find("button", "Ver en el Monitor")
    for fault, sign in FAULTS.items():
        window.run(PUT + fault)
        faults = walk(window, SKIP)
        window.run("document.getElementById('fault').remove()")
        assert any(one.startswith(sign) for one in faults), (fault, faults)


def test_each_room_is_walked_through_by_tab(window):
    faults = {}
    for _, room in rooms(window):
        if room == "Ajustes":
            window.find("button", "Revisar todos los datos")
        faults[room] = walk(window, SKIP)
    assert not any(faults.values()), faults


def test_a_sale_and_a_sheet_are_walked_through_by_tab(window):
    faults = {}
    window.keys("1", held=ALT)
    basket(window)
    faults["una venta"] = walk(window, SKIP)
    window.keys(F3)
    window.find("textbox", "RUT")
    faults["una factura"] = walk(window, SKIP)
    put_away(window)
    window.keys("2", held=ALT)
    window.keys("j" + ENTER)
    window.see("Ver el papel")
    faults["una ficha"] = walk(window, SKIP)
    window.keys(ESCAPE)
    assert not any(faults.values()), faults


# In which room a button asks what.
QUESTIONS = [
    ("1", "Descuento a Varios", "Descuento a Varios"),
    ("1", "Descartar esta venta", "Descartar la venta"),
    ("2", "Ver los atajos de teclado", "Atajos de teclado"),
    ("2", "Detener el envío", "Detener el envío"),
    ("2", "Reenviar pendientes", "Nada que reenviar"),
    ("4", "Detener", "Dejar de usar los folios"),
    ("6", "Poner el primer PIN", "Repita el PIN"),
]


def test_a_question_keeps_the_focus_inside_and_gives_it_back(window):
    faults = {}
    for key, button, title in QUESTIONS:
        window.keys(key, held=ALT)
        if key == "1":
            basket(window)
        window.find("button", button)
        window.run("window.asker = find('button', given[0])[0]; window.asker.focus()", button)
        window.keys(ENTER)
        window.wait(f"the question of «{button}»", "return document.querySelector('dialog[open]')")
        window.see(title)
        assert window.run("return document.querySelector('dialog[open]').contains(document.activeElement)"), button
        faults[button] = walk(window, "document.querySelector('dialog[open]').querySelector('a[href], button, input, select, summary, [tabindex]')")
        window.keys(ESCAPE)
        window.wait("it to be gone", "return !document.querySelector('dialog')")
        # In Venta the code field is where all begins.
        if not window.run("return document.activeElement === window.asker") and (key, window.focused()) != ("1", "Código o descripción"):
            faults[button].append(f"afterwards the focus is at «{window.focused()}»")
        if key == "1":
            put_away(window)
    assert not any(faults.values()), faults
