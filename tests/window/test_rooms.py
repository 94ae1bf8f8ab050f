"""Every room in light and in dark, as axe-core judges it where there is a layout and there are colours: contrast, names,
roles, the size of what is pressed. And every room at each size, where nothing goes out at the side. What has no layout is
judged with the components (`ui/src/screens/rooms.test.ts`).
"""

from pathlib import Path

import pytest

from driver import ALT, ENTER, ESCAPE, F10
from shown import PICTURES, SHOP, opened

AXE = Path(__file__).parents[2] / "ui/node_modules/axe-core/axe.min.js"
ROOMS = {"1": "Venta", "2": "Monitor", "3": "Documentos", "4": "Folios", "5": "El día", "6": "Ajustes"}
JUDGE = """
const done = arguments[arguments.length - 1];
const told = ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`;
// What still comes in has not its colours yet.
const still = Promise.all(document.getAnimations().map((motion) => motion.finished.catch(() => null)));
still
  .then(() => axe.run(document, { resultTypes: ['violations'] }))
  .then(({ violations }) => done(violations.map(told)));
"""

# What scrolls sideways, or would be cut off there. What is meant to is a row of buttons that each come into view when they
# have the focus.
SIDEWAYS = """
const meant = '.chips, .cut, .hidden, .mono, input, select';
return [...document.querySelectorAll('*')]
  .filter((e) => e.clientWidth && !e.matches(meant) && !e.closest('svg') && getComputedStyle(e).overflowX !== 'visible')
  .filter((e) => e.scrollWidth > e.clientWidth)
  .map((e) => `${e.tagName}.${e.className}: ${e.scrollWidth} in ${e.clientWidth}`);
"""

# What stands out of its row in a table, over a line or over what is beside it.
OUTSIDE = """
return [...document.querySelectorAll('tbody td *')].filter((e) => {
  const [own, row] = [e, e.closest('td')].map((one) => one.getBoundingClientRect());
  return own.width && (own.top < row.top || own.bottom > row.bottom || own.left < row.left - 1 || own.right > row.right + 1);
}).map((e) => e.outerHTML.slice(0, 120));
"""

# What is smaller to press than 44 points. A box to tick is pressed by its words.
SMALL = """
const press = 'button, a[href], select, summary, [role=option], input:not([type=checkbox]):not([type=radio]):not([type=file]), label:has([type=checkbox], [type=radio])';
return [...document.querySelectorAll(press)]
  .filter((e) => e.getClientRects().length && !e.closest('.hidden'))
  .map((e) => [e, e.getBoundingClientRect()])
  .filter(([, { width, height }]) => Math.min(width, height) < 43.5)
  .map(([e, { width, height }]) => `${e.outerHTML.slice(0, 100)}: ${Math.round(width)} by ${Math.round(height)}`);
"""

# Whether something is wholly in view and nothing lies over it; otherwise what is wrong.
SHOWN = """
const part = { 'the total': '.total', 'the refusal': '[data-testid=sale-problem]' }[given[0]];
const e = part ? document.querySelector(part) : find(given[0], given[1])[0];
if (!e) return 'not there';
const box = e.getBoundingClientRect();
const told = `${Math.round(box.top)} to ${Math.round(box.bottom)} of ${innerHeight}, ${Math.round(box.left)} to ${Math.round(box.right)} of ${innerWidth}`;
if (box.top < 0 || box.left < 0 || box.bottom > innerHeight || box.right > innerWidth) return told;
const over = [[0.02, 0.1], [0.98, 0.1], [0.5, 0.5], [0.02, 0.9], [0.98, 0.9]]
  .map(([x, y]) => document.elementFromPoint(box.left + x * box.width, box.top + y * box.height))
  .find((one) => !e.contains(one));
return over && `${told}, covered by ${over.outerHTML.slice(0, 80)}`;
"""


@pytest.fixture(scope="module")
def window():
    with opened("--demo", "--latency", "50ms", "--data", str(SHOP.with_name("rooms")), log="rooms.log") as window:
        window.see("ENTRENAMIENTO")
        window.run(f"{AXE.read_text()}; return 1")
        window.keys("1", held=ALT)
        window.type("Código o descripción", "Pan amasado" + ENTER)
        window.keys("350" + ENTER + F10)
        window.find("region", "Venta emitida")
        yield window


def violations(window) -> list[str]:
    return window.call("POST", f"{window.session}/execute/async", {"script": JUDGE, "args": []})


def test_the_judge_sees_a_fault(window):
    window.run("document.querySelector('main').insertAdjacentHTML('beforeend', '<p id=fault style=\"color: #ccc\"><input></p>')")
    assert any(found.startswith("label:") for found in violations(window))
    window.run("document.getElementById('fault').remove()")


def rooms(window):
    """Each of them as it is entered, with all that can be unfolded."""
    for key, room in ROOMS.items():
        window.keys(key, held=ALT)
        window.wait(f"{room}", "return text(document.querySelector('h1')) === given[0]", room)
        if room == "Ajustes":
            window.run("document.querySelectorAll('.settings details').forEach((e) => (e.open = true))")
            window.see("Documentos por envío")
        if room == "Documentos":
            window.wait("how many", "return text(document.querySelector('[data-testid=found]'))")
        yield key, room


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_room_has_a_barrier(window, theme):
    window.run("document.documentElement.dataset.theme = given[0]", theme)
    found = {}
    for key, room in rooms(window):
        found[room] = violations(window)
        window.picture(PICTURES / f"room-{key}-{theme}.png")
    window.keys("2", held=ALT)
    window.keys("j" + ENTER)
    window.see("Ver el papel")
    found["la ficha"] = violations(window)
    window.keys(ESCAPE)
    assert not any(found.values()), found


@pytest.mark.parametrize("width, height, zoom", [(1180, 760, 100), (1024, 600, 100), (1366, 768, 100), (1024, 600, 200)])
def test_no_room_scrolls_sideways_at(window, width, height, zoom):
    window.resize(width, height)
    window.zoom(zoom)
    try:
        found = {}
        for key, room in rooms(window):
            found[room] = window.run(SIDEWAYS)
            found[f"{room}, too small"] = window.run(SMALL)
            window.picture(PICTURES / f"room-{key}-{width}-{zoom}.png")
            if room == "Folios":
                found["Folios, en su fila"] = window.run(OUTSIDE)
            if room == "Venta":  # and with something to be paid
                window.type("Código o descripción", "+500" + ENTER)
                window.find("item", "Varios")
                found["Venta, con un producto"] = window.run(SIDEWAYS)
                found["Venta, con un producto, too small"] = window.run(SMALL)
                window.picture(PICTURES / f"room-{key}-pay-{width}-{zoom}.png")
                window.keys(F10)
                window.find("region", "Venta emitida")
        assert not any(found.values()), found
    finally:
        window.zoom(-zoom)


@pytest.mark.parametrize("width, height, zoom", [(1366, 768, 100), (1024, 600, 100), (1366, 768, 200), (1024, 600, 200)])
def test_however_much_is_sold_the_code_the_total_and_the_charge_stay_in_view_at(window, width, height, zoom):
    window.resize(width, height)
    window.zoom(zoom)
    found = {}

    def look(when: str) -> None:
        code = [("textbox", "Código o descripción")]
        for what in code if when.startswith("writing") else [*code, ("the total", ""), ("button", "Cobrar")]:
            if wrong := window.run(SHOWN, *what):
                found[f"{what}, {when}"] = wrong

    try:
        window.keys("1", held=ALT)
        window.type("Código o descripción", "")
        for n in range(1, 13):
            window.keys(f"+{100 + n}{ENTER}")
            window.find("item", f"Varios $ {100 + n} c/u")
            assert window.focused() == "Código o descripción"
            look(f"with {n}")
        window.keys("Pan am")
        look("writing the next")
        window.picture(PICTURES / f"many-{width}-{zoom}.png")
        assert not found, found
    finally:
        window.keys(ESCAPE + F10)
        window.find("region", "Venta emitida")
        window.zoom(-zoom)


# Where the first row stands on the page, and the list; what is low is scrolled as a whole.
PLACE = """
const row = document.querySelector('[role=row][data-id]'), down = document.querySelector('main').scrollTop;
return [row, row.closest('[role=table]')].map((e) => Math.round(e.getBoundingClientRect().top + down));
"""


def near(places: list[int], before: list[int]) -> bool:
    """The same, but for what is rounded: a zoomed page has halves of a point."""
    return all(abs(place - was) <= 1 for place, was in zip(places, before, strict=True))


# The middles of the letters of a row's first and next columns.
MIDDLES = """
const row = document.querySelector('[role=row][data-id]');
return ['.name', '.number'].map((part) => {
  const letters = document.createRange();
  letters.selectNodeContents(row.querySelector(part));
  const { top, bottom } = letters.getBoundingClientRect();
  return (top + bottom) / 2;
});
"""


def test_the_name_of_a_row_stands_as_high_as_what_is_beside_it(window):
    window.resize(1366, 768)
    window.keys("2", held=ALT)
    window.wait("a row", "return document.querySelector('[role=row][data-id]')")
    name, total = window.run(MIDDLES)
    assert abs(name - total) < 1.5, (name, total)  # each engine rounds a line in its own way


@pytest.mark.parametrize("width, height, zoom", [(1180, 760, 100), (1366, 768, 100), (1024, 600, 100), (1366, 768, 200), (1024, 600, 200)])
def test_no_row_moves_when_one_is_ticked_at(window, width, height, zoom):
    window.resize(width, height)
    window.zoom(zoom)
    try:
        for key in "23":
            window.keys(key, held=ALT)
            window.wait("a row", "return document.querySelector('[role=row][data-id]')")
            if key == "3":
                window.wait("how many", "return text(document.querySelector('[data-testid=found]'))")
            before = window.run(PLACE)
            window.run("document.querySelector('[role=row][data-id] input').click()")
            window.find("button", "Quitar la selección")
            assert near(window.run(PLACE), before)
            # Not by the driver: WebKit's clicks beside what is zoomed.
            window.run("find('button', 'Quitar la selección')[0].click()")
            window.wait("nothing to be chosen", "return !document.querySelector('[role=row] input:checked')")
            assert near(window.run(PLACE), before)
    finally:
        window.zoom(-zoom)


@pytest.mark.parametrize("width, height", [(1366, 768), (1024, 600)])
def test_at_twice_the_size_the_monitor_still_says_all_and_can_be_stopped(window, width, height):
    window.resize(width, height)
    window.zoom(200)
    try:
        window.keys("2", held=ALT)
        for what in ("Trabajadores", "Plazo más próximo", "Última respuesta del SII"):
            window.see(what)
            assert window.run("return [...document.querySelectorAll('dt')].some((e) => text(e) === given[0] && e.getClientRects().length)", what), what
        stop = window.find("button", "Detener el envío")
        window.run("find('button', 'Detener el envío')[0].scrollIntoView({ block: 'center' })")
        assert stop and not window.run(SHOWN, "button", "Detener el envío")
        assert window.run("return [...document.querySelectorAll('.counters svg')].every((e) => e.getClientRects().length)")
    finally:
        window.zoom(-200)
