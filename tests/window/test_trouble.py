"""What goes wrong with the machine and not with a sale, as whoever sells meets it: the sentence that says so, and the way
out. Each is had for real: a disk that is full or gone, a journal with a byte that changed, an agent that was killed, an
authority whose clock says something else.
"""

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from driver import ALT, ENTER, F10, Chromium
from shown import PICTURES, SHOP, Program, answer, only_browser, told
from test_rooms import SHOWN
from test_stories import Sii

pytestmark = only_browser  # the sentences are the panel's own, in a window as in a browser

# Linux: _IOR('X', 125, __u32), as ext4 and XFS know it: from then on nothing gets to the disk any more.
SHUTDOWN, WITHOUT_A_WORD = 0x8004587D, 2
FULL_OR_READY = """
  if (text(document.body).includes('el disco está lleno')) return 'full';
  return find('textbox', 'Código o descripción').length ? 'ready' : null;"""
ROOM = "48M"
AHEAD_S = 20 * 60


class Shop:
    """A shop of training at `folder`, its agent, and its panel."""

    def __init__(self, folder, sii: str):
        self.folder = folder
        made = [os.environ["TIMBRE_BIN"], "demo", "--documents", "0", "--data", str(folder), "--json"]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, timeout=120)
        with socket.socket() as free:  # the same at each start, as in a shop: what a page remembers is by its address
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        (folder / "timbre.toml").write_text(f'[training]\nsimulator = "{sii}"\n')

    def __enter__(self):
        self.start()
        try:
            self.page = Chromium(self.address(), log=PICTURES / f"{self.folder.name}.log", seconds=60)
        except BaseException:
            self.agent.stop()
            raise
        return self

    def __exit__(self, *_):
        try:
            self.page.close()
        finally:
            self.agent.stop()

    def start(self):
        log = PICTURES / f"{self.folder.name}.agent.log"
        self.agent = Program("serve", "--port", str(self.port), "--data", str(self.folder), log=log)

    def address(self) -> str:
        running = told(self.folder)
        return f"http://127.0.0.1:{running['port']}/#token={running['token']}"

    def post(self, path: str, body: str = "", key: str = "") -> int:
        running = told(self.folder)
        headers = {"Authorization": f"Bearer {running['token']}", "Timbre-Client": "historias", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        request = urllib.request.Request(f"http://127.0.0.1:{running['port']}/v1{path}", body.encode(), headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return reply.status
        except urllib.error.HTTPError as error:
            return error.code

    def sell_until_refused(self) -> None:
        """By the API, as many as it takes: what the journal has put aside for itself holds some thousands."""
        sale = '{"Encabezado": {"IdDoc": {"TipoDTE": 39}}, "Detalle": [{"NmbItem": "%s", "PrcItem": 500}]}' % ("Pan " * 18).strip()
        for n in range(20_000):
            if self.post("/documents", sale, f"lleno-{n}") not in (200, 201):
                return
        raise AssertionError("a full disk took twenty thousand sales")

    def charge(self) -> None:
        self.page.keys("1", held=ALT)
        self.page.type("Código o descripción", "+500" + ENTER + F10)

    def charge_until_it_is_full(self) -> None:
        """A folder that is opened again writes nothing by that, so it may be ready on a full disk until the next sale, and a
        small one may still fit."""
        for _ in range(500):
            self.page.keys("1", held=ALT)
            where = self.page.wait("a sale or its refusal", FULL_OR_READY)
            if where == "full":
                return
            self.page.run("find('textbox', 'Código o descripción')[0]?.focus()")
            self.page.keys("+500" + ENTER + F10)
        raise AssertionError("a full disk took five hundred sales")

    def see(self, words: str, picture: str) -> None:
        self.page.see(words)
        self.page.picture(PICTURES / f"trouble-{picture}.png")


@pytest.fixture
def sii():
    """Each shop has its own: they all are the same company, and issue the same folios."""
    with Sii() as sii:
        yield sii.told["dte"]


@pytest.fixture
def disk():
    """A small disk of its own, where one can be had."""
    if os.geteuid() != 0 or not os.path.exists("/dev/loop-control") or not shutil.which("mkfs.ext4"):
        pytest.skip("a disk to fill or to pull out takes root, loop devices and mkfs.ext4")
    image, at = SHOP.with_name("disk.img"), SHOP.with_name("disk")
    at.mkdir()
    try:
        subprocess.run(["truncate", "-s", ROOM, image], check=True)
        subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
        if subprocess.run(["mount", "-o", "loop", image, at]).returncode:
            pytest.skip("no loop device can be had here")
        try:
            yield at
        finally:
            subprocess.run(["umount", at], check=True)
    finally:
        image.unlink()
        at.rmdir()


def test_a_full_disk_stops_the_sale_says_so_and_is_over_when_there_is_room(sii, disk):
    with Shop(disk / "full", sii) as shop:
        page = shop.page
        shop.see("Queda poco disco", "full-soon")
        with (disk / "fotos").open("wb") as fill:
            try:
                while True:
                    fill.write(bytes(65536))
            except OSError:
                pass
        shop.sell_until_refused()
        shop.charge_until_it_is_full()
        shop.see("el disco está lleno", "full-sale")
        (disk / "fotos").unlink()
        # It opens its folder again by itself.
        page.wait("it to be ready", "return !text(document.querySelector('[role=status]')).includes('Detenido')")
        shop.charge()
        # The page may learn a moment later that it is over: whoever stands there presses again.
        page.wait("the sale to be charged", "const go = find('button', 'Cobrar')[0]; if (go && !go.disabled) go.click(); return find('region', 'Venta emitida')[0]")
        page.picture(PICTURES / "trouble-full-over.png")


def test_an_index_that_finds_no_room_to_be_made_anew_is_told_in_words_and_with_the_way_out(disk):
    folder = disk / "anew"
    made = [os.environ["TIMBRE_BIN"], "demo", "--documents", "400", "--data", str(folder), "--json"]
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL, timeout=300)
    shutil.rmtree(folder / "db")
    with (disk / "fotos").open("wb") as fill:
        try:
            while True:
                fill.write(bytes(4096))
                fill.flush()
        except OSError:
            pass
    # Where it is met depends on the room that is left: as the index is made, or as it is written.
    for left in (0, 128 << 10, 640 << 10):
        os.truncate(disk / "fotos", (disk / "fotos").stat().st_size - left)
        served = [os.environ["TIMBRE_BIN"], "serve", "--port", "0", "--data", str(folder)]
        ended = subprocess.run(served, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        told = ended.stdout + ended.stderr
        assert "el disco está lleno" in told and "Libere espacio y vuelva a abrir Timbre: nada se perdió" in told, (left, told)
        assert not re.search("os error|Os {|IO error", told), (left, told)


def test_a_folder_that_this_machine_does_not_know_says_that_nothing_leaves_and_leads_to_where_that_is_lifted(sii):
    shop = Shop(SHOP.with_name("brought"), sii)
    with shop:
        shop.page.see("Todo al día")
        shop.charge()
        shop.page.find("region", "Venta emitida")
    name = json.loads((shop.folder / "vault.json").read_text())["vault"]["folder"]
    for file in (Path(os.environ["XDG_STATE_HOME"]) / "timbre/anchors").glob(f"{name}.*"):
        file.unlink()
    with shop:
        page = shop.page
        page.resize(1024, 600)
        page.see("Detenido: no se emite ni se envía nada")
        page.keys("1", held=ALT)
        shop.see("tampoco se envía al SII", "locked-sale")
        assert not page.run(SHOWN, "button", "Ir a Ajustes")
        page.click("button", "Ir a Ajustes")
        page.click("button", "Desbloquear la emisión")
        page.type("Quién lo decide", "Ana")
        page.picture(PICTURES / "trouble-locked-lift.png")
        page.click("button", "Lo decido yo")
        page.wait("it to be ready", "return !text(document.querySelector('[role=status]')).includes('Detenido')")
        shop.charge()
        page.find("region", "Venta emitida")


def test_a_disk_that_was_pulled_out_stops_the_sale_and_says_so(sii, disk):
    with Shop(disk / "gone", sii) as shop:
        shop.page.see("Queda poco disco")
        shop.page.keys("1", held=ALT)
        shop.page.type("Código o descripción", "+500" + ENTER)
        shop.page.find("item", "Varios")
        at = os.open(disk, os.O_RDONLY)
        try:
            fcntl.ioctl(at, SHUTDOWN, WITHOUT_A_WORD.to_bytes(4, "little"))
        finally:
            os.close(at)
        shop.page.keys(F10)
        # Who meets it first, the sale or something of the agent's own, decides whether the sale is in doubt or not begun.
        told = "/No se puede guardar|No se sabe si la venta quedó emitida/"
        shop.page.wait("what came of it", f"const all = text(document.body); return {told}.test(all) && !all.includes('Emitiendo')")
        shop.see("revise que esté conectado o cambie de disco", "gone")
        assert not shop.page.run("return find('region', 'Venta emitida')[0]")
        shop.agent.program.send_signal(signal.SIGKILL)


def test_a_byte_that_changed_in_the_journal_is_found_by_a_look_at_all_data(sii):
    folder = SHOP.with_name("damaged")
    shop = Shop(folder, sii)
    with shop:
        for n in range(3):
            assert shop.post("/documents", '{"Encabezado": {"IdDoc": {"TipoDTE": 39}}, "Detalle": [{"NmbItem": "Pan", "PrcItem": 500}]}', f"a{n}") == 201
    segment = sorted((folder / "journal").iterdir())[0]
    written = bytearray(segment.read_bytes())
    at = [found.start() for found in re.finditer(b"<Folio>", bytes(written))][1]
    written[at + 2] ^= 1
    segment.write_bytes(written)
    with shop:
        shop.page.find("button", "Venta")
        shop.page.keys("6", held=ALT)
        shop.page.click("button", "Revisar todos los datos")
        shop.page.see("encontró algo malo")
        shop.page.run("const room = document.querySelector('.settings'); room.scrollTop = room.scrollHeight")
        shop.page.picture(PICTURES / "trouble-damaged.png")


def test_an_agent_that_was_killed_is_missed_and_its_successor_wants_the_new_link(sii):
    with Shop(SHOP.with_name("killed"), sii) as shop:
        shop.page.see("Todo al día")
        shop.agent.program.send_signal(signal.SIGKILL)
        shop.see("Sin noticias de Timbre", "killed")
        assert "Todo al día" not in shop.page.text()
        shop.page.keys("1", held=ALT)
        shop.page.type("Código o descripción", "+500" + ENTER + F10)
        shop.see("la venta no se emite dos veces", "killed-sale")
        shop.agent.stop()
        shop.start()
        shop.page.go("about:blank")
        shop.page.go(shop.address())
        # The sale that had no answer is asked about by its key, and is there once.
        shop.page.find("region", "Venta emitida")
        shop.page.picture(PICTURES / "trouble-killed-back.png")
        assert answer("/v1/stats", shop.folder)["total"] == 1


class Late(BaseHTTPRequestHandler):
    """Hands on what the simulated SII answers, dated by another clock."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "content-length", "connection")}
        request = urllib.request.Request(self.server.base + self.path, body or None, headers, method=self.command)
        try:
            answer = urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            told = answer.read()
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in ("date", "content-length", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.send_header("Date", self.date_time_string(time.time() + AHEAD_S))
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

    do_POST = do_GET

    def log_message(self, *_):
        pass


def late(sii: str) -> list[ThreadingHTTPServer]:
    """One for each of its three doors, which lie side by side."""
    host, first = sii.rsplit(":", 1)
    for _ in range(50):
        proxies = []
        try:
            proxies.append(ThreadingHTTPServer(("127.0.0.1", 0), Late))
            proxies += [ThreadingHTTPServer(("127.0.0.1", proxies[0].server_port + n), Late) for n in (1, 2)]
        except OSError:  # somebody has the next one
            for proxy in proxies:
                proxy.server_close()
            continue
        for n, proxy in enumerate(proxies):
            proxy.base = f"{host}:{int(first) + n}"
            threading.Thread(target=proxy.serve_forever, daemon=True).start()
        return proxies
    raise AssertionError("no three ports side by side")


def test_a_clock_that_is_off_stops_the_sale_until_somebody_accepts_it(sii):
    proxies = late(sii)
    try:
        with Shop(SHOP.with_name("late"), f"http://127.0.0.1:{proxies[0].server_port}") as shop:
            shop.page.see("Todo al día")
            shop.charge()
            shop.page.find("region", "Venta emitida")
            shop.see("el reloj de este equipo está atrasado 20 minutos", "clock-sale")
            shop.page.keys("6", held=ALT)
            shop.page.click("button", "Emitir con este reloj")
            shop.page.type("Quién lo decide", "Ana")
            shop.page.picture(PICTURES / "trouble-clock-accept.png")
            shop.page.click("button", "Lo decido yo")
            shop.page.wait("the question to be gone", "return !document.querySelector('dialog')")
            shop.charge()
            shop.page.find("region", "Venta emitida")
            shop.page.picture(PICTURES / "trouble-clock-over.png")
    finally:
        for proxy in proxies:
            proxy.shutdown()
            proxy.server_close()
