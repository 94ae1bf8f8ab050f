"""Paper, read back by others: zxing-cpp reads the stamps, poppler the sheets, and a printer of our own the tickets.

TIMBRE_PAPER is the folder that `cargo test -p timbre-printer --test paper` has left. Golden pictures are in `tickets/`;
UPDATE=1 draws them anew: look at them before they are committed.
"""

import base64
import io
import os
import random
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image, ImageChops, ImageFilter

from escpos import BLACK, WHITE, NotUnderstood, printed
from oracle import AUTHORITIES, check_rsa_sha1, cut_one, flat, parse

PAPER = Path(os.environ.get("TIMBRE_PAPER", "."))
GOLDEN = Path(__file__).parent / "tickets"
HEADS = {"80mm": 576, "58mm": 384}
NAMES = sorted(path.name.removesuffix(".ted") for path in PAPER.glob("*.ted"))
WHOLE = [name for name in NAMES if not name.startswith("drawn")]
MM = 72 / 25.4


def ted_of(name: str) -> bytes:
    return (PAPER / f"{name}.ted").read_bytes()


def ticket(name: str, paper: str, copy: str = ""):
    return printed((PAPER / f"{name}{copy}.{paper}.bin").read_bytes(), HEADS[paper])


def kind_of(name: str) -> str:
    return re.search(rb"<TD>(\d+)</TD>", ted_of(name))[1].decode()


NEARER = (1, 2, 4)


def read(picture: Image.Image) -> list[bytes]:
    """What is read at the first look, else from nearer: the finder looks along some lines of a picture, and now and
    then overlooks a code among much else, which is no fault of the code's."""
    return next((found for nearer in NEARER if (found := look(picture, nearer))), [])


def look(picture: Image.Image, nearer: int) -> list[bytes]:
    size = (picture.width * nearer, picture.height * nearer)
    picture = picture if nearer == 1 else picture.resize(size, Image.Resampling.NEAREST)
    return [code.bytes for code in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.PDF417)]


@lru_cache(maxsize=4)
def pages(name: str, dpi: int) -> list[Image.Image]:
    made = subprocess.run(["pdftoppm", "-gray", "-r", str(dpi), PAPER / f"{name}.pdf"], check=True, capture_output=True)
    # One PGM after the other.
    found, rest = [], made.stdout
    while rest:
        width, height = map(int, rest.split(b"\n", 2)[1].split())
        head = len(b"\n".join(rest.split(b"\n", 3)[:3])) + 1
        found.append(Image.frombytes("L", (width, height), rest[head : head + width * height]))
        rest = rest[head + width * height :]
    return found


def words(name: str) -> str:
    """The text of all sheets, with single blanks."""
    raw = subprocess.run(["pdftotext", PAPER / f"{name}.pdf", "-"], check=True, capture_output=True)
    return " ".join(raw.stdout.decode().split())


def check_signatures(ted: bytes, by_authority: bool) -> None:
    """FRMA by the CAF's authority and FRMT by the CAF's key, on what was read off the paper."""
    caf = parse(b'<?xml version="1.0" encoding="ISO-8859-1"?>' + ted).find("DD/CAF")
    number = lambda path: int.from_bytes(base64.b64decode(caf.findtext(path)), "big")
    frmt = re.search(rb'<FRMT algoritmo="SHA1withRSA">([^<]+)</FRMT>', ted)[1].decode()
    check_rsa_sha1("FRMT", flat(cut_one(ted, b"DD")), frmt, number("DA/RSAPK/M"), number("DA/RSAPK/E"))
    frma, idk = caf.findtext("FRMA"), int(caf.findtext("DA/IDK"))
    if by_authority:
        check_rsa_sha1("FRMA", flat(cut_one(ted, b"DA")), frma, AUTHORITIES[idk], 65537)


# --- the stamp -----------------------------------------------------------------------------------------------------


def test_there_is_paper_to_judge():
    assert len(NAMES) >= 500, "TIMBRE_PAPER names no folder of paper"


def test_every_stamp_of_a_ticket_reads_to_the_very_bytes_and_verifies():
    for name in NAMES:
        [stamp] = read(ticket(name, "80mm").picture())
        assert stamp == ted_of(name), name
        # The vectors' CAFs were signed by nobody.
        check_signatures(stamp, by_authority=not name.startswith("vector"))


@pytest.mark.parametrize("dpi", [200, 300])
def test_every_stamp_of_a_sheet_reads_to_the_very_bytes(dpi):
    for name in WHOLE:
        stamps = [stamp for page in pages(name, dpi) for stamp in read(page)]
        # The original, and where there is one the copy to be ceded.
        assert stamps == [ted_of(name)] * (2 if "CEDIBLE" in words(name) else 1), name


@pytest.mark.parametrize("dpi", [200, 300])
def test_every_stamp_of_the_sheets_of_drawn_documents_reads_to_the_very_bytes(dpi):
    drawn = [name for name in NAMES if name.startswith("drawn")]
    assert len(drawn) >= 500
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, stamps in zip(drawn, pool.map(lambda name: read(stamp_of(name, dpi)), drawn)):
            assert stamps == [ted_of(name)], name


def stamp_of(name: str, dpi: int) -> Image.Image:
    """The lower left of a sheet, where its stamp stands."""
    return cut(name, 1, (0.3, 8, 4.2, 2.6), dpi)


def worn(picture: Image.Image, seed: int) -> Image.Image:
    """Dirty paper seen askew: one dot in twenty (13 of 256) has the other colour, then a turn by 3 degrees, then out of focus."""
    noise = Image.frombytes("L", picture.size, random.Random(seed).randbytes(picture.width * picture.height))
    picture = ImageChops.difference(picture, noise.point(lambda value: WHITE if value < 13 else BLACK))
    return turned(picture, 3).filter(ImageFilter.GaussianBlur(0.8))


def turned(picture: Image.Image, degrees: int) -> Image.Image:
    return picture.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=WHITE)


def read_in_hand(picture: Image.Image) -> list[bytes]:
    """As a phone is held: zxing-cpp alone finds no PDF417 of 12 columns beyond about 1.5 degrees, whoever drew it. All
    turns before the next nearer look, which costs four times as much."""
    turns = [turned(picture, degrees) for degrees in (0, -1, 1, -2, 2, -3, 3, -4, 4)]
    return next((found for nearer in NEARER for turn in turns if (found := look(turn, nearer))), [])


@pytest.mark.parametrize("medium", ["ticket", "sheet"])
def test_a_worn_stamp_reads_too(medium):
    names = NAMES[::10] if medium == "ticket" else WHOLE[::4]
    picture = {"ticket": lambda name: ticket(name, "80mm").picture(), "sheet": lambda name: pages(name, 300)[-1]}[medium]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        good = sum(pool.map(lambda seed, name: read_in_hand(worn(picture(name), seed)) == [ted_of(name)], *zip(*enumerate(names))))
    print(f"{medium}: {good} of {len(names)} worn stamps were read")
    # With the reader's help (see above). Sheets: all of them; tickets, whose modules are two dots wide: 49 of 57. Much less is
    # a fault.
    floor = 0.95 if medium == "sheet" else 0.75
    assert good >= floor * len(names), f"{good} of {len(names)}"


# --- what stands on it ---------------------------------------------------------------------------------------------

TITLES = {
    "33": "FACTURA ELECTRÓNICA",
    "34": "FACTURA NO AFECTA O EXENTA ELECTRÓNICA",
    "39": "BOLETA ELECTRÓNICA",
    "41": "BOLETA NO AFECTA O EXENTA ELECTRÓNICA",
    "43": "LIQUIDACIÓN FACTURA ELECTRÓNICA",
    "46": "FACTURA DE COMPRA ELECTRÓNICA",
    "52": "GUÍA DE DESPACHO ELECTRÓNICA",
    "56": "NOTA DE DÉBITO ELECTRÓNICA",
    "61": "NOTA DE CRÉDITO ELECTRÓNICA",
    "110": "FACTURA DE EXPORTACIÓN ELECTRÓNICA",
    "111": "NOTA DE DÉBITO DE EXPORTACIÓN ELECTRÓNICA",
    "112": "NOTA DE CRÉDITO DE EXPORTACIÓN ELECTRÓNICA",
}


def dotted(number: str) -> str:
    return f"{int(number):,}".replace(",", ".")


def wanted(name: str) -> list[str]:
    """What the law wants below the box (Res. Ex. 74/2020 G; manual de muestras impresas 4.0), from the stamp's own data."""
    dd = parse(b'<?xml version="1.0" encoding="ISO-8859-1"?>' + ted_of(name)).find("DD")
    year, month, day = dd.findtext("FE").split("-")
    texts = [f"{day}-{month}-{year}", "Timbre Electrónico SII", "Res. 80 de 2014", "Verifique documento: www.sii.cl"]
    texts += ["S.I.I. - ÑUÑOA", dd.findtext("IT1").split()[0], dd.findtext("CAF/DA/RS").split()[0]]
    if kind_of(name) not in ("110", "111", "112"):
        texts.append(dotted(dd.findtext("MNT")))
    if kind_of(name) in ("33", "39", "52", "56", "61") and dd.findtext("MNT") != "0" and "exenta" not in name:
        texts.append("IVA (19%)")
    if kind_of(name) not in ("39", "41"):
        number, check = dd.findtext("RR").split("-")
        texts += [f"{dotted(number)}-{check}", dd.findtext("RSR").split()[0]]
    if kind_of(name) == "52":
        texts.append("Traslado")
    return texts


@pytest.mark.parametrize("name", WHOLE)
def test_a_sheet_says_what_the_law_wants(name):
    text = words(name)
    number = re.search(rb"<F>(\d+)</F>", ted_of(name))[1].decode()
    for wish in [*wanted(name), "R.U.T.: 99.999.999-9", TITLES[kind_of(name)], f"N° {number}"]:
        assert wish in text, f"{wish} is not on the sheet: {text}"


@pytest.mark.parametrize("name", WHOLE)
def test_a_ticket_says_what_the_law_wants(name):
    text = " ".join(" ".join(ticket(name, "80mm").lines).split())
    for wish in wanted(name):
        assert wish in text, f"{wish} is not on the ticket: {text}"


@pytest.mark.parametrize("name", [name for name in WHOLE if (PAPER / f"{name}.cedible.80mm.bin").exists()])
def test_the_cedible_copy_has_the_words_of_the_law_and_the_other_has_not(name):
    # Ley 19.983; the manual adds that it is never headed «Recibí conforme».
    law = (
        "El acuse de recibo que se declara en este acto, de acuerdo a lo dispuesto en la letra b) del Art. 4°, y la letra c) "
        "del Art. 5° de la Ley 19.983, acredita que la entrega de mercaderías o servicio (s) prestado (s) ha (n) sido "
        "recibido (s)."
    )
    legend = "CEDIBLE CON SU FACTURA" if kind_of(name) == "52" else "CEDIBLE"
    plain, ceded = ticket(name, "80mm"), ticket(name, "80mm", ".cedible")
    assert legend in " ".join(ceded.lines) and legend not in " ".join(plain.lines)
    assert framed(ceded.picture()) and not framed(plain.picture()), "words in a frame: drawn, as the golden pictures show"
    sheets = words(name)
    assert sheets.count(law) == 1 and legend in sheets
    assert sheets.count("Timbre Electrónico SII") == 2, "the copy has a stamp of its own"


def framed(picture: Image.Image) -> bool:
    """Both edges of the head draw a line of more than 3 cm without a gap: the sides of the acknowledgement's box."""
    sides = (32, 32 + HEADS["80mm"] - 1)
    runs = (spans([picture.getpixel((x, y)) == BLACK for y in range(picture.height)]) for x in sides)
    return all(any(end - start > 240 for start, end in found) for found in runs)


# --- what stands on it, beside the document itself -------------------------------------------------------------------

ROOT = Path(__file__).parents[2]
# The types that Timbre issues, each of which has samples; the others are known by name, since documents refer to them.
ISSUED = {"33", "34", "39", "41", "52", "56", "61"}
# A guía says its transfer in words (manual de muestras impresas 4.0, 1.4), which are those of formato DTE 2.4.2, IndTraslado.
TRANSFERS = {
    "1": "Operación constituye venta",
    "2": "Venta por efectuar",
    "3": "Consignación",
    "4": "Entrega gratuita",
    "5": "Traslado interno",
    "6": "Otro traslado, no venta",
    "7": "Guía de devolución",
    "8": "Traslado para exportación (no venta)",
    "9": "Venta para exportación",
}
# What is referred to is named in words (manual de muestras impresas 4.0, 1.2).
NAMED = {**TITLES, "801": "orden de compra", "HES": "hoja de entrada de servicio", "SET": "set de pruebas"}


@lru_cache(maxsize=None)
def document(name: str):
    """The Documento whose paper this is, out of its golden file, without the names' space."""
    golden = (ROOT / "crates/chile/tests/golden").glob("*/*.xml")
    vectors = ROOT / "tests/vectors/EnvioDTE-33-61-52-variantB.xml"
    [file] = [vectors] if name.startswith("vector") else [one for one in golden if f"{one.parent.name}-{one.stem}" == name]
    every = parse(file.read_bytes()).iter("{*}Documento")
    return next(one for one in every if one.findtext(".//{*}TipoDTE") == kind_of(name))


# Codes that stand on paper in words (formato DTE 2.4.2: IdDoc, 4; formato boletas 4.2: MedioPago).
MEANS = {
    **{"1": "Efectivo", "2": "Medio electrónico", "3": "Transferencia", "4": "Cheque", "5": "Otro"},
    **{"EF": "Efectivo", "CH": "Cheque", "CF": "Cheque a fecha", "LT": "Letra", "PE": "Pago a cuenta corriente"},
    **{"TC": "Tarjeta de crédito", "OT": "Otro"},
}
DISPATCHES = {
    "1": "Por cuenta del receptor",
    "2": "Por cuenta del emisor a instalaciones del cliente",
    "3": "Por cuenta del emisor a otras instalaciones",
}
TAXES = {
    **{"14": "IVA margen de comercialización", "17": "IVA anticipado faenamiento", "18": "IVA anticipado carne"},
    **{"19": "IVA anticipado harina", "23": "Impuesto adicional art. 37 a), b), c)"},
    **{"24": "Impuesto licores, piscos y destilados", "25": "Impuesto vinos", "26": "Impuesto cervezas"},
    **{"27": "Impuesto bebidas analcohólicas", "271": "Impuesto bebidas azucaradas"},
    **{"44": "Impuesto adicional art. 37 e), h), i), l)", "45": "Impuesto adicional pirotecnia"},
    **{"50": "IVA margen prepago", "53": "Impuesto suplementeros"},
}
# What the till of every sample said (crates/printer/tests/samples): it stands apart, and was never signed.
TILL = ["Efectivo 20.000", "Redondeo -3", "Propina 500", "Vuelto 1.300"]
HEAD_OFFICE = "Casa matriz: Calle Matriz 1, Providencia"


def day(iso: str) -> str:
    return "-".join(reversed(iso.split("-")))


def rut(text: str) -> str:
    number, check = text.split("-")
    return f"{dotted(number)}-{check}"


def figure(text: str) -> str:
    whole, _, rest = text.partition(".")
    rest = rest.rstrip("0")
    return f"{int(whole):,}".replace(",", ".") + (f",{rest}" if rest else "")


def lawful(name: str) -> list[str]:
    """What the document says and the law wants on its paper: who, when, what, to whom, how much, about what."""
    doc = document(name)
    at = lambda path, whose=doc: (whose.findtext("/".join(f"{{*}}{step}" for step in path.split("/"))) or "").strip()
    boleta = kind_of(name) in ("39", "41")
    head = "Encabezado/"
    issuer = ["RznSoc", "RznSocEmisor", "GiroEmis", "GiroEmisor", "DirOrigen", "CmnaOrigen"]
    tags = [*(f"Emisor/{tag}" for tag in [*issuer, "CiudadOrigen", "Sucursal"]), "Receptor/DirRecep"]
    if not boleta:
        # A boleta's receptor is nobody's business but where it is somebody (formato boletas 4.2).
        tags += ["Receptor/RznSocRecep", "Receptor/GiroRecep", "Receptor/CmnaRecep"]
        carrying = ["Patente", "PatenteCarro", "Chofer/NombreChofer", "DirDest", "CmnaDest", "CiudadDest", "HraSalida"]
        tags += [f"Transporte/{tag}" for tag in carrying] + ["Receptor/Extranjero/NumId"]
    texts = [at(head + tag) for tag in tags]
    # The issuer's stands in the box, which is drawn on a ticket.
    for path in ("RUTMandante", "RUTSolicita", "Transporte/RUTTrans", "Transporte/Chofer/RUTChofer"):
        texts += [rut(at(head + path))] if at(head + path) else []
    if (who := at(head + "Receptor/RUTRecep")) not in ("66666666-6", "0-0"):
        texts.append(rut(who))
    if number := at(head + "Emisor/CdgSIISucur"):
        texts += [HEAD_OFFICE, *([] if at(head + "Emisor/Sucursal") else [f"Sucursal SII N° {number}"])]
    for tag, called in (("FchSalida", "Salida"), ("FchLlegada", "Llegada")):
        texts += [f"{called}: {day(date)}"] if (date := at(f"{head}Transporte/{tag}")) else []
    if means := at(head + "IdDoc/MedioPago"):
        texts.append(f"Medio de pago: {MEANS[means]}")
    if dispatch := at(head + "IdDoc/TipoDespacho"):
        texts.append(DISPATCHES[dispatch])
    for tag, called in (("MntCancel", "Pagado antes"), ("SaldoInsol", "Saldo")):
        texts += [f"{called}: {figure(sum)}"] if (sum := at(f"{head}IdDoc/{tag}")) else []
    for one in doc.iter("{*}MntPagos"):
        texts += [f"Cuota: {day(at('FchPago', one))}: {figure(at('MntPago', one))}", at("GlosaPagos", one)]
    if form := at(head + "IdDoc/FmaPago"):
        texts.append("Forma de pago" + {"1": "Contado", "2": "Crédito", "3": "Sin costo"}[form])
    for tag in ("FchEmis", "FchVenc", "PeriodoDesde", "PeriodoHasta"):
        if date := at(head + "IdDoc/" + tag):
            texts.append(day(date))
    if transfer := at(head + "IdDoc/IndTraslado"):
        texts.append(f"Traslado: {TRANSFERS[transfer]}")
    totals = doc.find("{*}Encabezado/{*}Totales")
    # Each beside its name (manual de muestras impresas 4.0, 1.4).
    names = {"MntNeto": "Monto neto", "MntExe": "Monto exento", "IVA": "IVA (19%)", "MntTotal": "Total", "VlrPagar": "Valor a pagar"}
    for tag, called in names.items():
        texts += [called + figure(at(tag, totals))] if at(tag, totals) else []
    for tag in ("MontoNF", "SaldoAnterior", "GrntDep", "CredEC", "IVAProp", "IVATerc"):
        texts += [figure(at(tag, totals))] if at(tag, totals) else []
    for tax in totals.iter("{*}ImptoReten"):
        rate = f"({figure(at('TasaImp', tax))}%)" if at("TasaImp", tax) else ""
        texts.append(TAXES[at("TipoImp", tax)] + rate + figure(at("MontoImp", tax)))
    for line in doc.iter("{*}Detalle"):
        texts += [at("NmbItem", line), at("DscItem", line), at("UnmdItem", line)]
        texts += [f"Por cuenta de {rut(at('RUTMandante', line))}"] if at("RUTMandante", line) else []
        for tag, called in (("DescuentoPct", "Descuento"), ("RecargoPct", "Recargo")):
            texts += [f"{called} {figure(at(tag, line))}%:"] if at(tag, line) else []
        figures = (at(tag, line) for tag in ("QtyItem", "PrcItem", "MontoItem", "DescuentoMonto", "RecargoMonto"))
        texts += [figure(one) for one in figures if one.strip("0.")]
    texts += [at("GlosaDR", one) for one in doc.iter("{*}DscRcgGlobal")]
    for one in doc.iter("{*}Referencia"):
        texts += [at("RazonRef", one), at("CodVndor", one), at("CodCaja", one), NAMED.get(at("TpoDocRef", one), "")]
        texts += [f"N° {at('FolioRef', one)}"] if at("FolioRef", one) not in ("", "0") else []
        texts += [day(at("FchRef", one))] if at("FchRef", one) else []
        code = at("CodRef", one)
        texts += [code if boleta else {"1": "anula", "2": "corrige texto", "3": "corrige montos"}[code]] if code else []
    return [" ".join(text.split()) for text in [*texts, *TILL] if text]


def check_all(wishes: list[str], text: str) -> None:
    """Words may be broken over lines and pages, and letters be capitals: nothing else may differ."""
    plain = lambda words: "".join(words.split()).lower().replace(":", "")
    for wish in wishes:
        assert plain(wish) in plain(text), f"«{wish}» is not on it: {text}"


@pytest.mark.parametrize("name", WHOLE)
def test_all_of_a_document_that_the_law_wants_on_paper_is_on_its_sheet_and_its_ticket(name):
    wishes = lawful(name)
    assert len(wishes) > 8
    check_all(wishes, " ".join(layout(name)))
    check_all(wishes, " ".join(ticket(name, "80mm").lines))
    if kind_of(name) in ("39", "41"):
        check_all(wishes, " ".join(ticket(name, "58mm").lines))


# Each is asked for by a document at least; a list that nothing fills would say nothing.
ASKED = [
    *("Medio de pago: Efectivo", "Por cuenta del receptor", "emisor a otras instalaciones", "EF3456", "76.192.083-9", "8.414.240-9"),
    *("Jorge González", "Puerto San Antonio", "Buin", "Casa Matriz", HEAD_OFFICE, "Sucursal SII N° 81234567", "Crédito", "Contado"),
    *("Cuota: 15-02-2026: 50.000", "Cuota 1", "Por cuenta de 96.670.340-7", "96.670.340-7", "Impuesto vinos", "corrige texto"),
    *("anula", "corrige montos", "Salida: 15-01-2026", "Llegada: 16-01-2026", "FR-123456", "Pagado antes: 20.000"),
    *(f"Traslado: {words}" for words in TRANSFERS.values()),
]


def test_every_type_that_is_issued_has_samples_and_no_other_has():
    """43, 46, 110, 111 and 112 are not issued: there is no paper of theirs to judge."""
    assert ISSUED | {"43", "46", "110", "111", "112"} == set(TITLES)
    assert {kind_of(name) for name in WHOLE if not name.startswith("vector")} == ISSUED
    ceded = {kind_of(name) for name in WHOLE if (PAPER / f"{name}.cedible.80mm.bin").exists()}
    assert ceded == {"33", "34", "52"}, "Ley 19.983; of guías those of a sale alone"
    assert {code for name in WHOLE if kind_of(name) == "52" and "CEDIBLE" in words(name) for code in transfers(name)} == {"1"}


def transfers(name: str) -> list[str]:
    return [one.text for one in document(name).iter("{*}IndTraslado")]


def test_every_text_that_the_law_knows_is_asked_for_by_a_document():
    every = "\n".join(wish for name in WHOLE for wish in lawful(name)).lower()
    missing = [text for text in ASKED if text.lower() not in every]
    assert not missing


# --- training ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WHOLE)
def test_training_paper_never_says_what_it_imitates(name):
    """Whatever a till or a shop wrote on it; and it has no stamp."""
    sheet = subprocess.run(["pdftotext", PAPER / f"{name}.imitacion.pdf.practice", "-"], check=True, capture_output=True)
    made = ticket(name, "80mm", ".imitacion")
    for said in (sheet.stdout.decode(), " ".join(made.lines)):
        assert "SIN VALOR TRIBUTARIO" in said and "B·O·L·E·T·A" in said
        # Words may be broken over lines.
        solid = "".join(said.lower().split())
        for word in ("boleta", "factura", "guíadedespacho", "notadecrédito", "notadedébito"):
            assert word not in solid, f"{word}: {said}"
    picture = made.picture()
    # One of a thousand lines is more than a reader takes; a stamp would stand at its end.
    assert not read(picture.crop((0, max(0, picture.height - 5000), picture.width, picture.height)))


def layout(name: str) -> list[str]:
    """The lines of all sheets in the order in which they are drawn."""
    raw = subprocess.run(["pdftotext", "-raw", PAPER / f"{name}.pdf", "-"], check=True, capture_output=True)
    return raw.stdout.decode().splitlines()


# --- measures ------------------------------------------------------------------------------------------------------


def spans(dark: list[bool]) -> list[tuple[int, int]]:
    """Runs of true: first and last index."""
    runs, start = [], None
    for at, is_dark in enumerate([*dark, False]):
        if is_dark and start is None:
            start = at
        elif not is_dark and start is not None:
            runs.append((start, at - 1))
            start = None
    return runs


def cut(name: str, page: int, inches: tuple[float, float, float, float], dpi: int = 300) -> Image.Image:
    """A part of a sheet: from the left, from the top, its width and height. To draw and to look at the whole takes long."""
    x, y, width, height = (str(int(at * dpi)) for at in inches)
    crop = ["-f", str(page), "-l", str(page), "-r", str(dpi), "-x", x, "-y", y, "-W", width, "-H", height]
    made = subprocess.run(["pdftoppm", "-gray", *crop, PAPER / f"{name}.pdf"], check=True, capture_output=True)
    return Image.open(io.BytesIO(made.stdout))


@lru_cache(maxsize=None)
def copies(name: str) -> list[range]:
    """The sheets of each copy, counted from 1: each of them says which of how many it is."""
    found, first = [], 1
    for count in (int(count) for at, count in re.findall(r"Página (\d+) de (\d+)", "\n".join(layout(name))) if at == "1"):
        found.append(range(first, first + count))
        first += count
    return found


def longest(dark: bytes) -> tuple[int, int]:
    """The longest run of bytes that are not zero: where it begins and ends."""
    run = max(dark.split(b"\0"), key=len)
    start = dark.find(run) if run else 0
    return start, start + len(run)


def on_each_sheet(look, names=WHOLE) -> None:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(look, names))


def test_the_stamp_on_every_sheet_has_lawful_measures():
    """Of all types, in both copies, with a logo and without, below one line and below as many as there may be."""
    on_each_sheet(measure_stamps)


def measure_stamps(name: str) -> None:
    for sheets in copies(name):
        top, dot = 6.4, 25.4 / 300
        page = cut(name, sheets[-1], (0, top, 5.5, 11 - top))
        [code] = zxingcpp.read_barcodes(page, formats=zxingcpp.BarcodeFormat.PDF417)
        place = code.position
        corners = [place.top_left, place.top_right, place.bottom_right, place.bottom_left]
        left, right = min(c.x for c in corners) * dot, max(c.x for c in corners) * dot
        upper, lower = min(c.y for c in corners) * dot, max(c.y for c in corners) * dot
        # At least 2 by 5 cm, at the most 4 by 9, 2 cm from the left edge (manual de muestras impresas 4.0, 1.5).
        assert 50 <= right - left <= 90 and 20 <= lower - upper <= 40, (name, right - left, lower - upper)
        assert left >= 20, name
        around = [(left - 6, upper - 6, right + 6, upper - 1), (left - 6, lower + 1, right + 6, lower + 6)]
        around += [(left - 6, upper - 6, left - 1, lower + 6), (right + 1, upper - 6, right + 6, lower + 6)]
        for edge in around:
            assert page.crop(tuple(int(at / dot) for at in edge)).getextrema()[0] == WHITE, f"{name}: white around the stamp"


def test_the_box_on_every_sheet_has_lawful_measures():
    on_each_sheet(measure_boxes)


def measure_boxes(name: str) -> None:
    dot = 25.4 / 300
    for sheets in copies(name):
        part = cut(name, sheets[0], (4.25, 0, 4.25, 60 / 25.4)).point(lambda value: 1 if value < 160 else 0)
        # Its upright sides: columns that are dark for more than a centimetre.
        columns = part.transpose(Image.Transpose.TRANSPOSE).tobytes()
        runs = [longest(columns[at : at + part.height]) for at in range(0, len(columns), part.height)]
        sides = spans([end - start > 10 / dot for start, end in runs])
        assert len(sides) == 2, (name, sides)
        lines = [(side[1] - side[0] + 1) * dot for side in sides]
        rows = part.tobytes()
        across = [longest(rows[at : at + part.width]) for at in range(0, len(rows), part.width)]
        lines += [(side[1] - side[0] + 1) * dot for side in spans([end - start > 50 / dot for start, end in across])[:2]]
        assert len(lines) == 4, (name, lines)
        width, (start, end) = (sides[1][1] - sides[0][0]) * dot, runs[sides[0][0] + 1]
        height = (end - start) * dot
        # 1.5 by 5.5 cm at least, 4 by 8 at the most, the line 0.5 to 1 mm (manual de muestras impresas 4.0, 1.3).
        assert 55 <= width <= 80 and 15 <= height <= 40, (name, width, height)
        assert all(0.5 <= thick <= 1.0 for thick in lines), (name, lines)


def tickets() -> list[tuple[str, str, str]]:
    """Every ticket of a whole document that has a box: on both papers, with a logo, the copy to be ceded, drawn by us."""
    copies = [("80mm", ""), ("58mm", ""), ("80mm", ".logo"), ("80mm", ".cedible"), ("80mm", ".dibujada"), ("80mm", ".copia")]
    return [(name, *copy) for name in WHOLE for copy in copies if (PAPER / f"{name}{copy[1]}.{copy[0]}.bin").exists()]


def test_the_box_on_every_ticket_has_lawful_measures():
    dot = 25.4 / 203.2
    assert len(tickets()) > 3 * len(WHOLE)
    for name, paper, copy in tickets():
        picture = ticket(name, paper, copy).picture().crop((0, 0, HEADS[paper] + 64, 700))
        dark = picture.point(lambda value: 1 if value == BLACK else 0)
        rows = dark.tobytes()
        across = [longest(rows[at : at + dark.width]) for at in range(0, len(rows), dark.width)]
        # The upper and the lower line of the box; what comes below are the rules between the parts of the ticket.
        sides = spans([end - start > 300 for start, end in across])[:2]
        assert len(sides) == 2, name
        left, right = across[sides[0][0]]
        width, height = (right - left) * dot, (sides[1][1] - sides[0][0] + 1) * dot
        middle = (sides[0][0] + sides[1][1]) // 2
        upright = spans([dark.getpixel((x, middle)) > 0 for x in range(left, left + 10)])[0]
        lines = [(side[1] - side[0] + 1) * dot for side in [*sides, upright]]
        # As on a sheet where the paper is that wide (manual de muestras impresas 4.0, 1.3); one of 58 mm has 4.8 cm for letters.
        assert (55 if paper == "80mm" else 45) <= width <= 80 and 15 <= height <= 40, (name, paper, copy, width, height)
        assert all(0.5 <= line <= 1.0 for line in lines), (name, paper, copy, lines)


def test_the_stamp_on_every_ticket_has_lawful_measures():
    """2 by 4.5 cm at least, 4 by 9 at the most, a module of 6.7 mils and more (Res. Ex. SII 74/2020, G; instructivo técnico,
    A.2.5); and white above and below it."""
    dot = 25.4 / 203.2
    for name in [*WHOLE, "drawn-longest", *(name for name in NAMES[::25] if name.startswith("drawn"))]:
        picture = ticket(name, "80mm").picture()
        [code] = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.PDF417)
        place = code.position
        corners = [place.top_left, place.top_right, place.bottom_right, place.bottom_left]
        left, right, upper, lower = (
            pick(axis) for axis in ([c.x for c in corners], [c.y for c in corners]) for pick in (min, max)
        )
        width, height = (right - left) * dot, (lower - upper) * dot
        assert 45 <= width <= 90 and 20 <= height <= 40, (name, width, height)
        # The start of every row is a bar of eight modules.
        row = [picture.getpixel((x, (upper + lower) // 2)) == BLACK for x in range(picture.width)]
        first = next(end - start + 1 for start, end in spans(row) if start >= left - 4)
        assert first / 8 * dot >= 0.170, (name, first)
        quiet = int(5 / dot)
        for edge in ((0, upper - quiet, picture.width, upper - 2), (0, lower + 3, picture.width, lower + quiet)):
            assert picture.crop(edge).getextrema()[0] == WHITE, f"{name}: white around the stamp"


def test_no_sheet_prints_into_its_border():
    for name in WHOLE:
        for page in pages(name, 200):
            inside = ImageChops.invert(page).getbbox()
            border = 5 / 25.4 * 200
            assert inside[0] >= border and inside[1] >= border, name
            assert inside[2] <= page.width - border and inside[3] <= page.height - border, name


def test_letters_are_no_smaller_than_the_law_allows():
    """6 points under the stamp, 10 in the box, bold (manual de muestras impresas 4.0, 1.3 and 1.5)."""
    for name in WHOLE:
        raw = subprocess.run(["pdftotext", "-bbox", PAPER / f"{name}.pdf", "-"], check=True, capture_output=True).stdout.decode()
        heights: dict[str, float] = {}
        for top, bottom, word in re.findall(r'yMin="([\d.]+)" xMax="[\d.]+" yMax="([\d.]+)">([^<]+)<', raw):
            heights[word] = max(heights.get(word, 0), float(bottom) - float(top))
        # A line of this face is 1.3 ems high.
        assert heights["ELECTRÓNICA"] / 1.3 >= 10 and heights["Timbre"] / 1.3 >= 6, name
        assert min(heights.values()) / 1.3 >= 6, name
        fonts = subprocess.run(["pdffonts", PAPER / f"{name}.pdf"], check=True, capture_output=True).stdout.decode()
        assert len(re.findall(r"IBMPlexSans.*yes yes yes", fonts)) == 2, f"two faces, embedded as subsets: {fonts}"
        assert (PAPER / f"{name}.pdf").stat().st_size <= 500_000


# --- tickets -------------------------------------------------------------------------------------------------------

PICTURES = [
    ("boleta-017-todo", "80mm", ""),
    ("boleta-017-todo", "58mm", ""),
    ("boleta-001-pan", "58mm", ""),
    ("factura-012-todo", "80mm", ""),
    ("factura-005-referencias", "80mm", ".cedible"),
    ("vector-52", "80mm", ".cedible"),
    ("vector-61", "80mm", ""),
    ("factura-exenta-101-capacitacion", "80mm", ""),
    ("boleta-exenta-001-clase", "80mm", ""),
    ("boleta-exenta-001-clase", "58mm", ""),
    ("nota-debito-452-intereses", "80mm", ""),
    ("boleta-001-pan", "80mm", ".copia"),
    ("boleta-001-pan", "80mm", ".logo"),
    ("boleta-001-pan", "80mm", ".entrenamiento"),
    ("boleta-007-textos", "80mm", ".dibujada"),
]


@pytest.mark.parametrize(("name", "paper", "copy"), PICTURES, ids=lambda part: part)
def test_a_ticket_looks_as_it_was_looked_at(name, paper, copy):
    picture = ticket(name, paper, copy).picture().convert("1", dither=Image.Dither.NONE)
    golden = GOLDEN / f"{name}{copy}.{paper}.png"
    if os.environ.get("UPDATE"):
        GOLDEN.mkdir(exist_ok=True)
        picture.save(golden, optimize=True)
    known = Image.open(golden)
    same = known.size == picture.size and not ImageChops.logical_xor(known.convert("1"), picture).getbbox()
    if not same:
        picture.save(PAPER / f"{golden.stem}.now.png")
    assert same, f"it looks otherwise: {PAPER / golden.stem}.now.png beside {golden}"


def test_a_ticket_is_cut_once_and_opens_no_drawer_unless_told():
    for name in WHOLE:
        made = ticket(name, "80mm")
        assert (made.cuts, made.drawer) == (1, 0), name
        assert ticket(name, "80mm", ".cajon").drawer == 1, name
        assert ticket(name, "80mm", ".cajon-copia").drawer == 0, name


def test_the_printer_is_strict():
    for rubbish in [b"\x1b@\xd1\n", b"\x1b@\x1c.\x1bZ", b"\x1b@\x1c.a", b"\x1b@\x1c.\x1dv0\0\x48\0\x05\0"]:
        with pytest.raises((NotUnderstood, AssertionError)):
            printed(rubbish, 576)
