"""Who asks the system for reduced motion sees none: nothing in any room moves or fades for longer than a millisecond."""

import pytest

from driver import ALT, ENTER, ESCAPE, F4, F10
from shown import SHOP, only_browser, opened
from test_rooms import rooms
from test_window import issued, put_away

pytestmark = only_browser  # only a browser's own tools say what a person asked the system for

# All that moves from now on, however it was set off, with how long it takes; scripts may move things, too.
BEGIN = """
window.moved = new Map();
window.noted = (motions) => motions.forEach((motion) => {
  const { target, pseudoElement } = motion.effect;
  const { duration } = motion.effect.getComputedTiming();
  if (duration > 1) window.moved.set(motion, `${target?.tagName}.${target?.getAttribute('class')}${pseudoElement ?? ''}: ${motion.animationName ?? motion.transitionProperty ?? 'script'} ${duration} ms`);
});
for (const what of ['animationstart', 'transitionrun']) document.addEventListener(what, () => window.noted(document.getAnimations()), true);
const by = Element.prototype.animate;
Element.prototype.animate = function (...given) { const motion = by.apply(this, given); window.noted([motion]); return motion; };
"""
# What stands there and would move for longer than that.
LASTING = """
const ms = (times) => Math.max(...times.split(',').map((time) => parseFloat(time) * (time.trim().endsWith('ms') ? 1 : 1000)));
const found = new Set();
for (const e of document.querySelectorAll('*')) for (const part of ['', '::before', '::after', '::backdrop']) {
  const { transitionDuration, animationName, animationDuration, scrollBehavior } = getComputedStyle(e, part);
  const one = `${e.tagName}.${e.getAttribute('class') ?? ''}${part}`;
  if (ms(transitionDuration) > 1) found.add(`${one}: transition ${transitionDuration}`);
  if (animationName !== 'none' && ms(animationDuration) > 1) found.add(`${one}: ${animationName} ${animationDuration}`);
  if (scrollBehavior === 'smooth') found.add(`${one}: scrolls smoothly`);
}
window.noted(document.getAnimations());
const moved = [...window.moved.values()];
window.moved.clear();
return [...found, ...moved];
"""


@pytest.fixture(scope="module")
def window():
    with opened("--demo", "--latency", "50ms", "--data", str(SHOP.with_name("motion")), log="motion.log", seconds=20) as window:
        window.see("ENTRENAMIENTO")
        window.run(BEGIN)
        yield window


def motion(window, wanted: str) -> dict:
    """A sale to its stamp, a question, a sheet, and each room; what moved, or would."""
    window.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": wanted}])
    window.run(LASTING)  # what was before
    found = {}
    window.keys("1", held=ALT)
    window.type("Código o descripción", f"+350{ENTER}")
    window.find("item", "Varios")
    window.keys(F4)
    window.find("dialog", "Descuento")
    found["una pregunta"] = window.run(LASTING)
    window.keys(ESCAPE + F10)
    issued(window, "$ 350")
    window.see("Aceptado")
    found["una venta"] = window.run(LASTING)
    for _, room in rooms(window):
        found[room] = window.run(LASTING)
    window.keys("2", held=ALT)
    window.keys("j" + ENTER)
    window.see("Ver el papel")
    found["una ficha"] = window.run(LASTING)
    window.keys(ESCAPE)
    return {where: what for where, what in found.items() if what}


def test_who_asks_for_nothing_sees_where_a_thing_went(window):
    found = str(motion(window, "no-preference"))
    assert "press" in found and "slide" in found, found


def test_with_reduced_motion_nothing_moves(window):
    found = motion(window, "reduce")
    assert not found, found
