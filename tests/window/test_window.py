"""The real window on the demo shop: a cashier's sale, from the code field to the SII's verdict.

TIMBRE_DESKTOP is the program, TIMBRE_DATA the shop's folder (new), TIMBRE_PICTURES where the pictures go.
"""

import json
import os
import re
import urllib.request
from pathlib import Path

import pytest

from driver import ENTER, Window

PICTURES = Path(os.environ["TIMBRE_PICTURES"])
SHOP = Path(os.environ["TIMBRE_DATA"])


@pytest.fixture(scope="module")
def window():
    with Window(os.environ["TIMBRE_DESKTOP"], "--demo", log=PICTURES / "driver.log", seconds=60) as window:
        try:
            yield window
        finally:
            window.picture(PICTURES / "last.png")
            (PICTURES / "last.txt").write_text(window.text())


def test_it_opens_on_the_demo_shop_and_says_so(window):
    window.see("ENTRENAMIENTO")
    window.find("button", "Venta")
    window.picture(PICTURES / "open.png")


def test_a_sale_goes_all_the_way_to_accepted(window):
    window.click("button", "Venta")
    window.type("Código o descripción", "2*Pan amasado" + ENTER)
    window.type("Precio", "350" + ENTER)
    window.find("item", "Pan amasado")
    window.picture(PICTURES / "sale.png")

    window.click("button", "Cobrar")
    window.see("Venta emitida")
    said = window.text()
    folio = int(re.search(r"Boleta\D{0,20}?([\d.]+)", said)[1].replace(".", ""))
    assert "$ 700" in said.replace("\u00a0", " ").replace("$700", "$ 700"), said
    window.picture(PICTURES / "issued.png")

    window.click("button", "Monitor")
    # Its row, found by kind and folio; each state it shows is noted until the verdict.
    states = window.wait(
        f"boleta {folio} to be «Aceptado»",
        r"""
        const row = [...document.querySelectorAll('[role=row], tr')].find((e) => text(e).match(given[0]));
        const state = row && ['Por enviar', 'Enviando', 'En el SII', 'Aceptado'].find((word) => text(row).includes(word));
        window.seen = window.seen || [];
        if (state && window.seen.at(-1) !== state) window.seen.push(state);
        return state === 'Aceptado' && window.seen;
        """,
        rf"Boleta\D{{0,20}}{grouped(folio)}(?!\d)",
    )
    window.picture(PICTURES / "accepted.png")
    order = ["Por enviar", "Enviando", "En el SII", "Aceptado"]
    assert [order.index(s) for s in states] == sorted(order.index(s) for s in states), states
    assert answer(f"/v1/documents/T39F{folio}")["state"] == "ACEPTADO"


def grouped(number: int) -> str:
    """1234 as 1234 or 1.234, for a pattern."""
    return f"{number:,}".replace(",", r"\.?")


def answer(path: str):
    """The same agent's local API, by the owner's token that it keeps in its folder: what the window shows is so."""
    agent = json.loads(next(SHOP.rglob("agent.json")).read_text())
    headers = {"Authorization": f"Bearer {agent['token']}"}
    request = urllib.request.Request(f"http://127.0.0.1:{agent['port']}{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as reply:
        found = json.load(reply)
    return found.get("row", found)  # a document's detail has its row inside
