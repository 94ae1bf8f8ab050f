"""A sale by a scanner, which is a fast keyboard: what it reads lands in the sale and does nothing else, wherever the focus is."""

import pytest

from driver import ALT, ENTER, ESCAPE, F4, F10, Page
from shown import PICTURES, SHOP, answer, opened
from test_window import issued, put_away

MILK, BREAD = "78012342", "78023456"
# Its first figure is a shortcut of the Monitor.
COUNTER = "12345670"
FOLDER = SHOP.with_name("scanner")

# What stands in the list: how many, of what, for how much.
LINES = """
return [...document.querySelectorAll('.goods li')].filter((e) => e.querySelector('.amount')).map((e) =>
  [e.querySelector('input').value, text(e.querySelector('.name .cut')), Number(text(e.querySelector('.amount')).replace(/\\D/g, ''))]);
"""
PRESSED = "return document.querySelectorAll('.counters [aria-pressed=true]').length"
# What came of the burst is on the screen.
RESTED = "const done = arguments[0], next = requestAnimationFrame; next(() => next(() => done(1)))"
TRIES = 30


@pytest.fixture(scope="module")
def window():
    """A till that knows two products by their codes."""
    with opened("--demo", "--latency", "50ms", "--data", str(FOLDER), log="scanner.log", seconds=20) as window:
        window.see("ENTRENAMIENTO")
        window.keys("1", held=ALT)
        window.find("textbox", "Código o descripción")
        for code, name, price in [(MILK, "Leche", 1190), (BREAD, "Pan de molde", 2350)]:
            window.scan(code)
            window.see(f"Código nuevo {code}")
            window.keys(f"{name}{ENTER}{price}{ENTER}")
            window.find("item", name)
        window.keys(F10)
        issued(window, "$ 3.540")
        try:
            yield window
        finally:
            window.picture(PICTURES / "scanner-last.png")


def test_a_sale_is_scanned_and_charged_by_one_key(window):
    before = answer("/v1/stats", FOLDER)["total"]
    for code in (MILK, MILK, BREAD):
        window.scan(code)
    window.wait("what was scanned", "return find('item', 'Pan de molde').length")
    assert window.run(LINES) == [["2", "Leche", 2380], ["1", "Pan de molde", 2350]]
    window.picture(PICTURES / "scanner.png")
    window.keys(ENTER)
    assert window.focused() == "Recibido"
    window.keys("5000" + F10)
    document = issued(window, "$ 4.730")
    assert "Vuelto\n$ 270" in window.read("region", "Venta emitida")
    assert answer("/v1/stats", FOLDER)["total"] == before + 1
    sold = answer(f"/v1/documents/{document}/sale", FOLDER)["Detalle"]
    assert [(line["QtyItem"], line["CdgItem"]["VlrCodigo"]) for line in sold] == [(2, MILK), (1, BREAD)]


def test_what_is_scanned_with_the_focus_elsewhere_lands_in_the_sale_and_charges_nothing(window):
    lands(window, "in the money field", lambda: window.type("Recibido", "50"))
    assert window.run("return document.querySelector('#sale-tendered').value") == "50"
    window.picture(PICTURES / "scanner-money.png")
    put_away(window)
    for where in ("document.activeElement.blur()", "find('button', 'Quitar Leche')[0].focus()", "document.querySelector('aside [type=radio]').focus()"):
        lands(window, where, lambda: window.run(where))
        put_away(window)


def test_what_is_scanned_while_a_question_is_open_lands_in_the_sale_and_answers_nothing(window):
    def discount():
        window.keys(F4)
        window.see("Descuento a toda la venta")
        window.keys("10%")

    lands(window, "behind the discount", discount)
    assert window.run("return find('dialog', 'Descuento')[0].querySelector('input').value") == "10%"
    window.picture(PICTURES / "scanner-discount.png")
    window.keys(ENTER)
    window.wait("the discount", "return !find('dialog', '').length && text(document.querySelector('.total')).includes('3.186')")
    put_away(window)

    lands(window, "behind the question", lambda: window.click("button", "Descartar esta venta"))
    assert window.run("return find('dialog', 'Descartar').length"), "no scan answers it"
    window.keys(ESCAPE)
    put_away(window)


def test_a_scan_in_the_monitor_is_looked_for_and_fires_no_shortcut(window):
    def blur():
        window.keys("2", held=ALT)
        window.find("textbox", "Buscar")
        window.run("document.activeElement.blur()")

    def clear():
        window.run("document.querySelectorAll('.counters [aria-pressed=true]').forEach((e) => e.click())")
        window.type("Buscar", ESCAPE)

    def looked_for():
        return window.run("return find('textbox', 'Buscar')[0].value") == COUNTER and not window.run(PRESSED)

    by_a_scanner(window, COUNTER, blur, clear, looked_for)
    clear()
    window.keys("1", held=ALT)


def lands(window: Page, where: str, put) -> None:
    """What is scanned in a sale that has something, after `put` has taken the focus elsewhere."""
    before = answer("/v1/stats", FOLDER)["total"]

    def begin():
        window.type("Código o descripción", MILK + ENTER)
        window.find("item", "Leche")
        put()

    def landed():
        return window.run(LINES) == [["1", "Leche", 1190], ["1", "Pan de molde", 2350]]

    by_a_scanner(window, BREAD, begin, lambda: put_away(window), landed, where)
    assert answer("/v1/stats", FOLDER)["total"] == before, where


def by_a_scanner(window: Page, code: str, put, mend, landed, where: str = "") -> None:
    """As quick as a scanner is, which a busy machine may be only at another try: what a person's pace left is mended first."""
    for _ in range(TRIES):
        put()
        quick = window.scan(code)
        window.later(RESTED)
        if landed():
            return
        assert not quick, f"what was scanned {where} went elsewhere:\n{window.text()}"
        mend()
    raise AssertionError(f"in {TRIES} tries this machine was never as quick as a scanner")
