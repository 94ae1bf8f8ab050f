"""Venta where there is little room: 1024×600, 200 % zoom, the largest letters. Whatever there is to say, nothing is cut off,
nothing lies over anything, and what scrolls comes into view with the focus.
"""

import contextlib

import pytest

from driver import ALT, ENTER, ESCAPE, F4, F6, F10, SHIFT
from shown import IN_BROWSER, PICTURES, SHOP, opened
from test_rooms import SHOWN

# Width, height, zoom, letters; with so much room nothing of it has to be scrolled to.
ROOMY = [(1024, 600, 100, ""), (1366, 768, 100, "")]
# In the window WebKit's own bars lie over the edge of what they scroll, and its driver clicks beside what is zoomed.
TIGHT = [(1024, 600, 100, "130%"), (1366, 768, 200, ""), (1024, 600, 200, "")] if IN_BROWSER else []
STAYS = [("textbox", "Código o descripción"), ("the total", ""), ("button", "Cobrar")]
# With what tells one from another, longer than the 80 characters that the SII takes.
NAME = "Torta de bizcocho con manjar, crema, lúcuma y nueces para veinticinco personas, con vela"


@pytest.fixture(scope="module")
def window():
    with opened("--demo", "--latency", "50ms", "--data", str(SHOP.with_name("low")), log="low.log", seconds=8) as window:
        window.see("ENTRENAMIENTO")
        yield window


@contextlib.contextmanager
def at(window, width: int, height: int, zoom: int, letters: str):
    window.resize(width, height)
    window.zoom(zoom)
    # As «Muy grande» does (ui/src/lib/theme.ts).
    window.run("document.documentElement.style.fontSize = given[0]", letters)
    window.keys("1", held=ALT)
    try:
        yield f"{width}-{zoom}-{letters.strip('%') or 100}"
    finally:
        window.run("document.documentElement.style.fontSize = ''")
        window.zoom(-zoom)


def shown(window, *whats, focus: bool = False) -> dict:
    """What is wrong with how they are seen; with `focus` once the keyboard has come to them."""
    found = {}
    for role, name in whats:
        if focus:
            window.run("find(given[0], given[1])[0]?.focus()", role, name)
            # WebKit scrolls to it a moment later.
            with contextlib.suppress(AssertionError):
                window.wait(f"{name} in view", f"return !(() => {{{SHOWN}}})()", role, name)
        if wrong := window.run(SHOWN, role, name):
            found[name or role] = wrong
    return found


@pytest.mark.parametrize("width, height, zoom, letters", ROOMY + TIGHT)
def test_what_a_refused_sale_is_told_hides_nothing_of_the_payment_at(window, width, height, zoom, letters):
    more = [("button", name) for name in ("Descuento F4", "Propina", "RUT y nombre del comprador")]
    with at(window, width, height, zoom, letters) as name:
        window.type("Código o descripción", f"{NAME} {name}{ENTER}1234{ENTER}{F10}")
        window.wait("the refusal", "return text(document.querySelector('[data-testid=sale-problem]')).includes('No se emitió')")
        window.picture(PICTURES / f"low-refused-{name}.png")
        roomy = [*more, ("textbox", "Recibido"), ("button", "Descartar esta venta")] if (width, height, zoom, letters) in ROOMY else []
        found = {
            "at once": shown(window, *STAYS, ("the refusal", ""), *roomy),
            "with the focus": shown(window, *more, ("textbox", "Recibido"), focus=True),
            "afterwards": shown(window, *STAYS[1:]),
        }
        window.click("button", "Descartar esta venta")
        window.click("button", "Descartar la venta")
        window.find("textbox", "Código o descripción")
        assert not any(found.values()), found


@pytest.mark.parametrize("width, height, zoom, letters", ROOMY + TIGHT)
def test_what_can_be_done_with_a_sale_is_at_hand_at(window, width, height, zoom, letters):
    acts = [("button", name) for name in ("Anular esta venta", "Ver en el Monitor")]
    paper = [("button", name) for name in ("Imprimir", "Ver el papel")]
    with at(window, width, height, zoom, letters) as name:
        window.type("Código o descripción", "+1234" + ENTER)
        window.find("item", "Varios")
        # Much to be told of it: tip, rounding, what was collected, change.
        window.keys(F4, held=SHIFT)
        window.wait("the tip's field", "return document.activeElement.id === 'sale-tip'")
        window.keys("100" + ENTER + "2000" + F10)
        window.find("region", "Venta emitida")
        window.picture(PICTURES / f"low-issued-{name}.png")
        roomy = (width, height, zoom, letters) in ROOMY
        found = {
            "at once": shown(window, *acts) if roomy else {},
            "with the focus": shown(window, *acts, *paper, *reversed(acts), focus=True),
        }
        window.keys(ESCAPE)
        assert not any(found.values()), found


@pytest.mark.parametrize("width, height, zoom, letters", ROOMY + TIGHT)
def test_however_much_the_total_says_the_field_that_is_written_in_is_seen_at(window, width, height, zoom, letters):
    with at(window, width, height, zoom, letters) as name:
        window.type("Código o descripción", "+123456" + ENTER)
        window.find("item", "Varios")
        window.keys(F4, held=SHIFT)
        window.wait("the tip's field", "return document.activeElement.id === 'sale-tip'")
        window.keys("1000" + ENTER)
        window.keys(F6, held=SHIFT)
        window.find("textbox", "Débito")
        window.picture(PICTURES / f"low-mixed-{name}.png")
        means = [("textbox", means) for means in ("Débito", "Crédito", "Transferencia", "Efectivo (el resto)", "Propina")]
        found = {"with the focus": shown(window, *means, focus=True), "afterwards": shown(window, *STAYS)}
        window.click("button", "Descartar esta venta")
        window.click("button", "Descartar la venta")
        window.find("textbox", "Código o descripción")
        assert not any(found.values()), found
