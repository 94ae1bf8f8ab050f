"""The real window, and the panel in a browser, on the demo shop: a cashier's sale, from the code field to the SII's
verdict.
"""

import contextlib
import json
import os
import queue
import socket
import subprocess
import threading

import pytest

from driver import ALT, ENTER, ESCAPE, F4, F6, F10, SHIFT, Page
from shown import IN_BROWSER, PICTURES, SHOP, Program, answer, only_browser, only_window, opened

STATES = ["Por enviar", "Enviando", "En el SII", "Aceptado"]
# Slow enough that each state is on the screen for a while.
DEMO = ["--demo", "--latency", "500ms", "--data", str(SHOP)]


@pytest.fixture(scope="module")
def window():
    with opened(*DEMO, log="driver.log") as window:
        try:
            yield window
        finally:
            window.picture(PICTURES / "last.png")
            (PICTURES / "last.txt").write_text(window.text())


def test_it_opens_on_the_demo_shop_and_says_so(window):
    window.see("ENTRENAMIENTO")
    window.find("button", "Venta")
    window.picture(PICTURES / "open.png")


def test_a_sale_is_charged_by_keys_alone_and_goes_all_the_way_to_accepted(window):
    window.keys("1", held=ALT)
    window.find("textbox", "Código o descripción")
    window.keys("2*Pan amasado" + ENTER)
    window.keys("350" + ENTER)
    window.find("item", "Pan amasado")
    window.picture(PICTURES / "sale.png")
    window.keys(ENTER)
    assert window.focused() == "Recibido"
    window.keys("1000" + F10)

    document = issued(window, "$ 700")
    assert "$ 300" in window.read("region", "Venta emitida")
    window.picture(PICTURES / "issued.png")
    assert window.focused() == "Código o descripción"

    window.keys("2", held=ALT)
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
    assert len(states) > 1, f"it was seen on its way: {states}"
    told = answer(f"/v1/documents/{document}")
    assert told["state"] == "ACEPTADO"
    window.keys("1", held=ALT)
    day = "-".join(reversed(told["date"].split("-")))
    window.wait("its day on the stamp", "return [...document.querySelectorAll('textPath')].some((e) => e.textContent === given[0])", day)


def test_a_discount_and_several_means_of_payment_end_in_one_boleta(window):
    window.keys("1", held=ALT)
    window.type("Código o descripción", "Queso" + ENTER)
    window.keys("5490" + ENTER)
    window.keys("+506" + ENTER)
    window.find("item", "Varios")
    window.keys(F4)
    window.see("Descuento a toda la venta")
    window.keys("10%" + ENTER)
    window.keys(F6, held=SHIFT)
    assert window.focused() == "Débito"
    window.keys("3000")
    window.see("Redondeo (Ley 20.956)")
    window.picture(PICTURES / "mixed.png")
    window.keys(F10)
    document = issued(window, "$ 5.396")
    sale = answer(f"/v1/documents/{document}/sale")
    assert sale["Timbre"]["Pagos"] == [{"Medio": "efectivo", "Monto": 2400}, {"Medio": "debito", "Monto": 3000}]
    assert sale["Timbre"]["Redondeo"] == 4

    # What the day came to is told by the same figures.
    window.keys("5", held=ALT)
    window.see("Por documento")
    day = answer("/v1/stats/today")
    total = day["total"]
    window.see(f"$ {total:,}".replace(",", "."))
    window.picture(PICTURES / "day.png")


def test_a_boleta_above_135_uf_asks_for_its_buyer_and_is_sold_by_keys_alone(window):
    window.keys("1", held=ALT)
    window.find("textbox", "Código o descripción")
    window.keys(f"Piano{ENTER}6000000{ENTER}")
    window.see("indique el RUT y el nombre del comprador")
    window.find("region", "RUT y nombre del comprador")
    window.picture(PICTURES / "buyer.png")
    window.keys(ENTER)
    assert window.focused() == "RUT"
    window.keys(f"761920839{ENTER}Ana Soto{ENTER}")
    assert window.focused() == "Recibido"
    window.keys(ENTER)
    document = issued(window, "$ 6.000.000")
    assert answer(f"/v1/documents/{document}/sale")["Encabezado"]["Receptor"] == {"RUTRecep": "76192083-9", "RznSocRecep": "Ana Soto"}
    # The SII takes none that does not say how it was paid.
    window.see("Aceptado")
    assert answer(f"/v1/documents/{document}")["state"] == "ACEPTADO"
    # The next one is a boleta as any other, and the buyer is known by the RUT.
    window.keys(f"Piano{ENTER}")
    window.find("region", "RUT y nombre del comprador")
    window.keys(f"{ENTER}761920839{ENTER}{ENTER}")
    assert issued(window, "$ 6.000.000") != document


def test_annulling_asks_for_a_pin_and_a_wrong_one_does_nothing(window):
    window.keys("6", held=ALT)
    window.see("Timbre está listo para emitir")
    window.click("button", "Poner el primer PIN")
    window.type("Nombre", "Ana")
    window.type("PIN", "2580")
    window.type("Repita el PIN", "2580")
    window.picture(PICTURES / "pin-new.png")
    window.click("button", "Guardar")
    window.find("button", "Cambiar a Ana")

    # Who sells says so once, and each sale of this window is theirs.
    window.keys("1", held=ALT)
    window.click("button", "Sin cajero")
    window.see("¿Quién cobra?")
    window.type("PIN", "2580" + ENTER)
    window.find("button", "Cajero: Ana")
    window.type("Código o descripción", "Pan amasado" + ENTER + F10)
    issued(window, "$ 350")
    assert answer("/v1/documents?limit=1")["rows"][0]["sold_by"] == "Ana"
    # Until then the question warns of it, and what it says when it comes moves the button away from under the pointer.
    window.see("Aceptado")
    before = answer("/v1/stats")["total"]
    window.click("button", "Anular esta venta")
    window.click("button", "Emitir la nota de crédito")
    window.see("Lo autoriza un encargado")
    window.type("PIN", "1111" + ENTER)
    window.see("El PIN no es ése.")
    window.picture(PICTURES / "pin-wrong.png")
    assert answer("/v1/stats")["total"] == before
    window.type("PIN", "2580" + ENTER)
    window.see("Se emitió la Nota de crédito")
    assert answer("/v1/stats")["total"] == before + 1
    window.click("button", "Entendido")

    window.keys("6", held=ALT)
    window.click("button", "Quitar a Ana")
    window.click("button", "Quitar")
    window.see("Lo autoriza un encargado")
    window.type("PIN", "2580" + ENTER)
    window.see("Nadie tiene PIN")
    window.picture(PICTURES / "settings-room.png")


def test_what_waits_is_resent_when_the_question_is_answered(window):
    window.keys("2", held=ALT)
    window.click("button", "Detener el envío")
    window.wait("the question", "return find('dialog', 'Detener el envío')[0]")
    window.run("find('dialog', 'Detener el envío')[0].querySelector('.primary').click()")
    window.see("El envío está detenido")
    window.keys("1", held=ALT)
    window.type("Código o descripción", "Pan amasado" + ENTER + F10)
    document = issued(window, "$ 350")
    window.keys("2", held=ALT)
    window.wait(
        f"{document} to wait",
        "const row = document.querySelector(`[role=row][data-id=${given[0]}]`); return row && text(row).includes('Por enviar')",
        document,
    )
    window.picture(PICTURES / "stopped.png")

    if not IN_BROWSER:
        window.ask_to_close("Timbre")
        window.see("Queda 1 documento por enviar")
        window.picture(PICTURES / "closing.png")
        window.keys(ENTER)
        window.wait("the question to be gone", "return !document.querySelector('dialog')")

    window.keys("r", held=SHIFT)
    window.see("Reenviar 1 pendiente")
    window.see("El envío está detenido: con esto se inicia.")
    window.picture(PICTURES / "resend.png")
    window.keys(ENTER)
    window.see("1 documento vuelve a la cola.")
    window.wait(
        f"{document} to be «Aceptado»",
        "const row = document.querySelector(`[role=row][data-id=${given[0]}]`); return row && text(row).includes('Aceptado')",
        document,
    )


@only_window
def test_it_opens_as_it_was_left_also_where_nobody_closed_it(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    kept = tmp_path / "cl.timbre.agente" / "window.json"
    with opened("--demo", "--data", str(tmp_path / "shop"), log="place.log") as window:
        window.resize(1100, 640)
        with contextlib.suppress(AssertionError):  # the answer goes with the window
            window.later("window.__TAURI_INTERNALS__.invoke('quit')")
        window.session = ""
    left = json.loads(kept.read_text())
    assert (left["width"], left["height"]) == (1100, 640)


def test_the_counters_sum_to_all_documents(window):
    total = answer("/v1/stats")["total"]
    assert total > 1
    counted(window, total)


@pytest.mark.parametrize("width, height, zoom", [(1366, 768, 100), (1024, 600, 100), (1024, 600, 200)])
def test_it_is_usable_at(window, width, height, zoom):
    window.resize(width, height)
    window.zoom(zoom)
    window.wait(f"{zoom} % zoom", "return Math.abs(innerWidth * given[1] / 100 - given[0]) < 4", width, zoom)
    for room, field, last in (("1", "Código o descripción", ".charge, [data-testid=done]"), ("2", "Buscar", "[role=row]:last-child")):
        window.keys(room, held=ALT)
        window.find("textbox", field)
        picture = f"{field[:3]}-{width}x{height}-{zoom}"
        window.picture(PICTURES / f"{picture}.png")
        assert window.run("return document.documentElement.scrollWidth <= innerWidth"), "nothing is cut off at the side"
        # What matters can be brought before the eye, whole.
        seen = window.run(
            """
            const e = [...document.querySelectorAll(given[0])].at(-1);
            e.scrollIntoView({ block: 'center' });
            const { top, left, bottom, right } = e.getBoundingClientRect();
            const under = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
            return bottom > top && e.contains(under) && left >= 0 && right <= innerWidth + 1;
            """,
            last,
        )
        window.picture(PICTURES / f"{picture}-below.png")
        assert seen, f"{last} is out of reach"
    window.zoom(-zoom)


class Printer(threading.Thread):
    """On the network: takes what comes, tells how it is when asked, and keeps each paper."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.papers = queue.Queue()
        self.start()

    def run(self):
        while True:
            try:
                line = self.listener.accept()[0]
            except OSError:  # it was switched off
                return
            paper = b""
            # DLE EOT n and GS r n are answered, with everything in order.
            while piece := line.recv(65536):
                paper += piece
                if answer := {b"\x10\x04": b"\x12", b"\x1dr": b"\0"}.get(paper[-3:-1]):
                    line.sendall(answer)
            self.papers.put(paper)

    def off(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.join(30)


def test_the_paper_of_a_sale_is_seen_and_comes_out_of_a_printer_that_was_set_up(window):
    printer = Printer()
    window.keys("6", held=ALT)
    window.see("Todavía no hay una impresora")
    window.picture(PICTURES / "settings-none.png")
    window.click("button", "Agregar una impresora")
    window.type("Dirección de red", printer.address)
    window.picture(PICTURES / "settings-form.png")
    window.click("button", "Guardar")
    window.click("button", "Página de prueba")
    window.see("La impresora dice que la página de prueba salió.")
    assert b"PRUEBA" in printer.papers.get(timeout=30)
    window.picture(PICTURES / "settings.png")

    window.keys("1", held=ALT)
    window.type("Código o descripción", "Marraqueta" + ENTER)
    window.keys("450" + ENTER + F10)
    issued(window, "$ 450")
    window.see("Impreso")
    assert b"Marraqueta" in printer.papers.get(timeout=30)
    window.click("button", "Ver el papel")
    # Drawn, not only addressed: the page's policy lets it in.
    window.wait("the receipt's picture", "const e = document.querySelector('main img[alt^=\"El papel\"]'); return e && e.complete && e.naturalWidth > 0;")
    for width, height in [(1024, 600), (1366, 768)]:
        window.resize(width, height)
        window.picture(PICTURES / f"paper-{width}x{height}.png")
    window.click("button", "Reimprimir (copia)")
    window.see("Impreso (copia)")
    assert b"COPIA" in printer.papers.get(timeout=30)

    # A printer that is off: the sale stands, and the panel says what has no paper.
    printer.off()
    window.type("Código o descripción", "Marraqueta" + ENTER)
    window.keys(F10)
    window.see("No impreso")
    window.picture(PICTURES / "paper-failed.png")
    window.keys("2", held=ALT)
    window.click("button", "Sin imprimir: 1")
    window.picture(PICTURES / "unprinted.png")
    window.keys("j" + ENTER)
    window.see("Ya no hace falta")
    window.picture(PICTURES / "unprinted-sheet.png")
    window.click("button", "Ya no hace falta")
    window.see("Sin imprimir, ya no hace falta")
    window.keys(ESCAPE)
    window.click("button", "Sin imprimir: 0")
    window.keys("6", held=ALT)
    window.click("button", "Quitar principal")
    window.click("button", "Quitar la impresora")
    window.see("Todavía no hay una impresora")
    window.keys("2", held=ALT)


@only_window
def test_a_second_start_brings_the_first_window_forward_and_ends(window):
    window.run("window.__TAURI_INTERNALS__.invoke('hide')")
    unseen(window, True)
    second = subprocess.run([os.environ["TIMBRE_DESKTOP"], *DEMO], capture_output=True, text=True, timeout=60)
    assert second.returncode == 0, second.stderr
    assert "Timbre ya está abierto" in second.stdout
    unseen(window, False)


@only_window
def test_a_window_on_the_folder_of_an_agent_without_one_is_its_client():
    folder = SHOP.with_name("headless")
    with Program("demo", "--serve", "--documents", "0", "--data", str(folder), log=PICTURES / "headless.agent.log"):
        with opened("--data", str(folder), log="headless.log") as client:
            client.see("ENTRENAMIENTO")
            assert client.run("return location.hostname") == "127.0.0.1"
            client.keys("1", held=ALT)
            client.type("Código o descripción", "Sopaipilla" + ENTER)
            client.keys("200" + ENTER + F10)
            issued(client, "$ 200")
            client.picture(PICTURES / "second.png")
            assert answer("/v1/stats", folder)["total"] == 1


@only_browser
def test_a_second_page_sees_what_the_first_does(window):
    with opened(*DEMO, log="second.log") as second:
        second.see("ENTRENAMIENTO")
        before = answer("/v1/stats")["total"]
        second.keys("1", held=ALT)
        second.type("Código o descripción", "Sopaipilla" + ENTER)
        second.keys("200" + ENTER + F10)
        issued(second, "$ 200")
        second.picture(PICTURES / "second.png")
    window.keys("2", held=ALT)
    counted(window, before + 1)


@only_window
def test_why_it_does_not_start_is_said_in_a_window():
    file = PICTURES / "no-folder"
    file.write_text("a file, where a folder should be")
    with opened("--data", str(file), log="trouble.log") as trouble:
        trouble.see("Timbre no pudo partir")
        trouble.see("no-folder")
        trouble.picture(PICTURES / "trouble.png")


def unseen(window: Page, wanted: bool) -> None:
    """Whether the window is out of sight, as its page is told by the system."""
    script = f"const done = arguments[0], look = () => document.hidden === {json.dumps(wanted)} && done(true); document.addEventListener('visibilitychange', look); look()"
    window.call("POST", f"{window.session}/execute/async", {"script": script, "args": []})


def put_away(window: Page) -> None:
    """The sale that is on the screen, if it was not charged."""
    window.keys(ESCAPE)
    if window.run("return find('button', 'Descartar esta venta').length"):
        window.click("button", "Descartar esta venta")
        window.click("button", "Descartar la venta")
    window.see("Escanee o escriba el primer producto")


def counted(window: Page, total: int) -> None:
    """Every document is in one counter."""
    window.wait(
        f"the counters to sum to {total}",
        """
        const counts = [...document.querySelectorAll('.counters .count')].map((e) => Number(e.textContent.replaceAll('.', '')));
        return counts.length === 5 && counts.reduce((sum, n) => sum + n, 0) === given[0];
        """,
        total,
    )


def issued(window: Page, total: str) -> str:
    """The document of the sale just charged."""
    kind, folio, *rest = window.read("region", "Venta emitida").split("\n")
    assert kind == "Boleta" and total in rest, rest
    return f"T39F{folio.replace('.', '')}"
