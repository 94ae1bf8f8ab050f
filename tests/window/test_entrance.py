"""The panel in the browser of another machine: over TLS, by its password, until who entered leaves or is asked anew."""

import os
import socket
import subprocess

import pytest

from driver import ALT, ENTER, F10, Chromium
from shown import IN_BROWSER, PICTURES, SHOP, Program, answer
from test_window import issued

pytestmark = pytest.mark.skipif(not IN_BROWSER, reason="a window of the program's own needs no entrance")

FOLDER = SHOP.with_name("network")
PHRASE = "pan amasado con pebre"
TOML = '[network]\nlisten = "127.0.0.1:{port}"\nnames = ["localhost"]\ncertificate = "red.pem"\nkey = "red.key"\npanel = true\n'


def password(phrase: str) -> None:
    environment = {**os.environ, "TIMBRE_PANEL_PASSWORD": phrase}
    command = [os.environ["TIMBRE_BIN"], "panel", "password", "--data", str(FOLDER), "--json"]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, timeout=60)


@pytest.fixture(scope="module")
def port():
    FOLDER.mkdir()
    made = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout red.key -out red.pem"
    subprocess.run(["openssl", *made.split()], cwd=FOLDER, check=True, stderr=subprocess.DEVNULL, timeout=60)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (FOLDER / "timbre.toml").write_text(TOML.format(port=port))
    log = PICTURES / "entrance.agent.log"
    with Program("demo", "--serve", "--documents", "0", "--data", str(FOLDER), log=log):
        yield port


@pytest.fixture(scope="module")
def page(port):
    with Chromium(f"https://localhost:{port}/", log=PICTURES / "entrance.log", seconds=60) as page:
        yield page


def test_without_a_password_nobody_enters_and_it_is_said(page, port):
    page.see("falta su contraseña")
    password(PHRASE)
    page.go(f"https://localhost:{port}/")
    page.find("textbox", "Contraseña del panel")
    page.picture(PICTURES / "entrance.png")


def test_a_wrong_password_is_refused_and_the_right_one_opens_the_panel(page):
    assert page.focused() == "Contraseña del panel"
    page.keys("una frase cualquiera" + ENTER)
    page.see("La contraseña no es ésa.")
    page.picture(PICTURES / "entrance-wrong.png")
    page.keys(PHRASE + ENTER)
    page.see("ENTRENAMIENTO")
    assert page.run("return document.cookie") == "", "no script sees it"


def test_who_entered_sells_and_sees_it_live(page):
    page.keys("1", held=ALT)
    page.find("textbox", "Código o descripción")
    page.keys("+350" + ENTER + F10)
    document = issued(page, "$ 350")
    page.keys("2", held=ALT)
    page.wait(
        "it to be «Aceptado»",
        "const row = document.querySelector(`[role=row][data-id=${given[0]}]`); return row && text(row).includes('Aceptado')",
        document,
    )
    assert answer(f"/v1/documents/{document}", FOLDER)["state"] == "ACEPTADO"
    assert page.run("return find('button', 'Salir').length") == 1
    page.picture(PICTURES / "entrance-panel.png")


def test_another_password_asks_everybody_anew_and_who_leaves_is_out(page, port):
    password("otra frase que nadie adivina")
    # The next event ends what it listens to; without one it asks after a while by itself.
    page.keys("1", held=ALT)
    page.keys("+100" + ENTER + F10)
    page.see("La sesión terminó")
    page.picture(PICTURES / "entrance-ended.png")
    page.go(f"https://localhost:{port}/entrar")
    page.find("textbox", "Contraseña del panel")
    page.keys("otra frase que nadie adivina" + ENTER)
    page.see("ENTRENAMIENTO")
    page.click("button", "Salir")
    page.find("textbox", "Contraseña del panel")
    page.go(f"https://localhost:{port}/")
    page.find("textbox", "Contraseña del panel")
