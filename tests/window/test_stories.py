"""A shop's days that take more than a sale, in the real window and in a browser: a new folder, a line that is cut,
documents that the SII rejects, a program that is closed and opened again. The simulated SII stands apart, so that its
weather can be made by hand.
"""

import contextlib
import json
import os
import subprocess
import urllib.request
from pathlib import Path

import pytest

from driver import ALT, ENTER, ESCAPE, F10, SHIFT, Page, Restarted
from shown import PICTURES, SHOP, Program, answer, has_ended, only_window, opened, successor, told
from test_window import counted, issued

TOWN = SHOP.with_name("town")
REGISTER = '[rejections]\nevery = 1\ncode = "HED-3-861"\ntext = "Actividad no registrada"\n'
# Where an absence is believed at once, one is a licence to use the folio again.
TOML = '[training]\nsimulator = "{}"\n[wire]\nabsence_after_seconds = 0\nabsence_gap_seconds = 0\n'


class Sii(Program):
    """The simulated SII by itself."""

    def __init__(self):
        super().__init__("simulator", "--processing", "100ms", log=PICTURES / "simulator.log")
        self.told = json.loads(self.first)

    def say(self, path: str, body: str = "") -> None:
        request = urllib.request.Request(f"{self.told['control']}/_sim{path}", body.encode(), method="POST")
        urllib.request.urlopen(request, timeout=30).close()


@pytest.fixture(scope="module")
def sii():
    with Sii() as sii:
        # A shop that sells: company, certificate and folios of training.
        made = [os.environ["TIMBRE_BIN"], "demo", "--documents", "0", "--data", str(TOWN), "--json"]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, timeout=120)
        (TOWN / "timbre.toml").write_text(TOML.format(sii.told["dte"]))
        yield sii


@pytest.fixture(scope="module")
def window(sii):
    with opened("--data", str(TOWN), log="stories.log") as window:
        window.see("ENTRENAMIENTO")
        yield window


def certificate(file: Path) -> Path:
    """A person's, as an authority gives it out: its RUT is in the subject's serial number, and a password is on it."""
    key = file.with_suffix(".pem")
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "365", "-subj", "/CN=JUANA PEREZ/serialNumber=11111111-1"]
    subprocess.run([*made, "-keyout", key, "-out", key], check=True, capture_output=True)
    subprocess.run(["openssl", "pkcs12", "-export", "-in", key, "-passout", "pass:clave", "-out", file], check=True)
    return file


def test_a_new_folder_opens_on_what_is_missing_and_says_what_is_wrong(sii):
    with opened("--data", str(SHOP.with_name("new")), log="new.log") as window:
        window.see("Qué tener a mano")
        for field, text in [
            ("RUT de la empresa", "76.192.083-1"),
            ("Razón social", "Panadería Ñuñoa Ltda."),
            ("Giro", "Elaboración de pan"),
            ("Código de actividad", "107100"),
            ("Dirección", "Irarrázaval 2450"),
            ("Comuna", "Ñuñoa"),
            ("Fecha de la resolución", "22-08-2014"),
            ("Número de la resolución", "0"),
        ]:
            window.type(field, text)
        window.click("button", "Revisar y guardar")
        window.see("Corrija los datos marcados.")
        window.picture(PICTURES / "first-wrong.png")
        window.run("const field = find('textbox', 'RUT de la empresa')[0]; field.focus(); field.select()")
        window.keys("76.192.083-9")
        window.click("button", "Revisar y guardar")
        window.see("Clave del certificado")
        window.see("CERTIFICACIÓN")
        window.picture(PICTURES / "first-company.png")
        window.click("button", "Probar y cargar")
        window.see("Elija primero el archivo del certificado.")
        window.give(".pfx", certificate(SHOP.with_name("juana.pfx")))
        window.type("Clave del certificado", "otra")
        window.click("button", "Probar y cargar")
        window.see("a clave del certificado no es esa")
        window.run("const field = find('textbox', 'Clave del certificado')[0]; field.focus(); field.select()")
        window.keys("clave" + ENTER)
        window.see("Certificado de 11.111.111-1, vence el")
        window.picture(PICTURES / "first-certificate.png")

        # Without a CAF nothing is sold, and what is none is not taken for one.
        window.keys("1", held=ALT)
        window.see("Un archivo de folios (CAF)")
        window.resize(1024, 600)
        window.picture(PICTURES / "no-folios.png")
        window.keys("4", held=ALT)
        other = SHOP.with_name("otro.xml")
        other.write_text("<DTE/>")
        window.give(".xml", other)
        window.see("Este archivo no es un CAF.")
        window.picture(PICTURES / "no-caf.png")


def test_the_first_boleta_of_a_shop_is_accepted(window):
    sell(window, 1, "Pan amasado")
    accepted(window, 1)
    window.keys("2", held=ALT)
    counted(window, 1)


def test_twenty_sales_without_a_line_are_accepted_by_themselves_when_it_is_back(window, sii):
    sii.say("/outage/on")
    for n in range(2, 22):
        sell(window, n)
    standing = answer("/v1/stats", TOWN)
    assert (standing["total"], standing["accepted"]) == (21, 1)
    window.keys("2", held=ALT)
    window.see("eguir vendiendo")
    window.picture(PICTURES / "line-cut.png")
    sii.say("/outage/off")
    accepted(window, 21)
    window.see("Todo al día")
    window.picture(PICTURES / "line-back.png")
    counted(window, 21)


def test_a_rejected_boleta_is_put_right_on_its_folio_and_another_on_a_new_one(window, sii):
    sii.say("/scenario", REGISTER)
    sell(window, 22)
    sell(window, 23)
    window.keys("2", held=ALT)
    for folio in (22, 23):
        shows(window, folio, "Rechazado")
    window.see("2 documentos necesitan su atención")
    window.picture(PICTURES / "rejected.png")
    sii.say("/scenario", "")

    again(window, 22, new=False)
    window.see("con su mismo folio (versión 2)")
    window.picture(PICTURES / "again-same.png")
    window.click("button", "Entendido")
    shows(window, 22, "Aceptado")

    again(window, 23, new=True)
    window.see("En su lugar quedó Boleta")
    window.see(" 24, que va al SII")
    window.picture(PICTURES / "again-new.png")
    window.click("button", "Entendido")
    shows(window, 24, "Aceptado")
    shows(window, 23, "Necesita atención")  # until its folio is annulled at the SII
    old = answer("/v1/documents/T39F23", TOWN)
    assert (old["state"], old["replaced_by"]) == ("REEMPLAZADO", "T39F24")
    assert answer("/v1/documents/T39F22", TOWN)["version"] == 2


def test_all_that_waits_is_sent_again_by_one_question(window, sii):
    window.keys("2", held=ALT)
    sii.say("/outage/on")
    for n in (25, 26):
        sell(window, n)
    window.keys("2", held=ALT)
    window.wait("both to wait", "return find('button', '2 Por enviar').length")
    window.keys("r", held=SHIFT)
    window.see("Reenviar 2 pendientes")
    # Before it they'd leave by themselves, and there would be nothing to ask for.
    sii.say("/outage/off")
    window.keys(ENTER)
    for folio in (25, 26):
        shows(window, folio, "Aceptado")


def test_what_is_closed_is_there_again_when_it_is_opened(window):
    before = answer("/v1/stats", TOWN)
    window.close()
    assert has_ended(window)
    with opened("--data", str(TOWN), log="again.log") as anew:
        anew.see("ENTRENAMIENTO")
        anew.keys("2", held=ALT)
        counted(anew, before["total"])
        after = answer("/v1/stats", TOWN)
        assert {name: after[name] for name in ("total", "accepted", "rejected")} == {
            name: before[name] for name in ("total", "accepted", "rejected")
        }
        sell(anew, 27)
        anew.picture(PICTURES / "again.png")
    assert has_ended(anew)


@only_window
def test_a_restart_for_new_settings_brings_the_window_back_and_sends_what_waited(sii):
    sii.say("/outage/on")
    window = opened("--data", str(TOWN), log="before-restart.log")
    try:
        window.see("ENTRENAMIENTO")
        sell(window, 28)
        settings(window)
        window.type("Documentos por envío", "40")
        window.type("Quién lo decide", "Ana")
        window.run("find('region', 'Envío, límites y carpetas')[0].querySelector('.primary').click()")
        window.click("button", "Reiniciar ahora")
        window.see("Queda 1 documento por enviar")
        window.picture(PICTURES / "restart.png")
        before = told(TOWN)
        with contextlib.suppress(AssertionError):  # the answer may go with the window
            window.run("find('dialog', 'Reiniciar ahora')[0].querySelector('.primary').click()")
        after = successor(TOWN, before)
        with Restarted(after["pid"], log=PICTURES / "restarted.log") as again:
            again.see("1 por enviar")
            again.picture(PICTURES / "restarted.png")
            settings(again)
            assert again.run("return find('textbox', 'Documentos por envío')[0].value") == "40"
            assert not again.run("return find('button', 'Reiniciar ahora').length"), "it holds by now"
            sii.say("/outage/off")
            again.keys("2", held=ALT)
            shows(again, 28, "Aceptado")
            second = subprocess.run([os.environ["TIMBRE_DESKTOP"], "--data", str(TOWN)], capture_output=True, text=True, timeout=60)
            assert "Timbre ya está abierto" in second.stdout
    finally:
        window.close()
    assert has_ended(window), "and its successor with it"


def settings(window: Page) -> None:
    """Those that few shops touch."""
    window.keys("6", held=ALT)
    window.find("region", "Envío, límites y carpetas")
    window.run("find('region', 'Envío, límites y carpetas')[0].querySelector('details').open = true")
    window.see("Documentos por envío")


def sell(window: Page, folio: int, what: str = "") -> None:
    """A boleta of 350 pesos, which is of that folio."""
    window.keys("1", held=ALT)
    window.find("textbox", "Código o descripción")
    window.keys(f"{what}{ENTER}350{ENTER}{F10}" if what else f"+350{ENTER}{F10}")
    window.wait(f"boleta {folio}", "const e = find('region', 'Venta emitida')[0]; return e && text(e).startsWith(`Boleta ${given[0]} `)", folio)
    assert issued(window, "$ 350") == f"T39F{folio}"


def shows(window: Page, folio: int, state: str) -> None:
    window.wait(
        f"T39F{folio} to be «{state}»",
        "const row = document.querySelector(`[role=row][data-id=T39F${given[0]}]`); return row && text(row).includes(given[1])",
        folio,
        state,
    )


def accepted(window: Page, count: int) -> None:
    """In the counter, which is a button and begins with its number."""
    window.keys("2", held=ALT)
    window.wait(f"{count} accepted", "return find('button', `${given[0]} Aceptado`).length", count)


def again(window: Page, folio: int, new: bool) -> None:
    """A rejected document is made again from its sheet."""
    window.run("document.querySelector(`[role=row][data-id=T39F${given[0]}]`).click()", folio)
    window.click("button", "Emitir de nuevo")
    window.see(f"Emitir de nuevo Boleta {folio}")
    window.picture(PICTURES / f"again-{folio}.png")
    if new:
        window.run("[...document.querySelectorAll('dialog input[type=checkbox]')][0].click()")
    if window.run("return !find('textbox', 'Quién lo decide')[0].value"):
        window.type("Quién lo decide", "Ana")
    window.click("button", "Preguntar al SII y emitir")
