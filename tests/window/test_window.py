"""The real window on the demo shop: a cashier's sale, from the code field to the SII's verdict.

TIMBRE_DESKTOP is the program, TIMBRE_DATA the shop's folder (new), TIMBRE_PICTURES where the pictures go.
"""

import json
import os
import urllib.request
from pathlib import Path

import pytest

from driver import ENTER, Window

PICTURES = Path(os.environ["TIMBRE_PICTURES"])
SHOP = Path(os.environ["TIMBRE_DATA"])
STATES = ["Por enviar", "Enviando", "En el SII", "Aceptado"]


@pytest.fixture(scope="module")
def window():
    with Window(os.environ["TIMBRE_DESKTOP"], "--demo", "--data", str(SHOP), log=PICTURES / "driver.log", seconds=60) as window:
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
    kind, folio, *rest = window.read("region", "Venta emitida").split("\n")
    assert kind == "Boleta" and "$ 700" in rest, rest
    document = f"T39F{folio.replace('.', '')}"
    window.picture(PICTURES / "issued.png")

    window.click("button", "Monitor")
    # Each state that its row shows is noted, until the verdict.
    states = window.wait(
        f"{document} to be «Aceptado»",
        """
        const row = document.querySelector(`[role=row][data-id="${given[0]}"]`);
        const state = row && given[1].find((word) => text(row).includes(word));
        window.seen ??= [];
        if (state && window.seen.at(-1) !== state) window.seen.push(state);
        return state === given[1].at(-1) && window.seen;
        """,
        document,
        STATES,
    )
    window.picture(PICTURES / "accepted.png")
    order = [STATES.index(state) for state in states]
    assert order == sorted(set(order)), states
    assert answer(f"/v1/documents/{document}")["state"] == "ACEPTADO"


def answer(path: str):
    """From the same agent's local API, by the owner's token in its folder: what the window shows is so."""
    agent = json.loads(next(SHOP.rglob("agent.json")).read_text())
    headers = {"Authorization": f"Bearer {agent['token']}"}
    request = urllib.request.Request(f"http://127.0.0.1:{agent['port']}{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as reply:
        found = json.load(reply)
    return found.get("row", found)  # a document's detail has its row inside
