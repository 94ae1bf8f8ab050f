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


def read(picture: Image.Image) -> list[bytes]:
    """What is read at the first look, else from nearer: the finder looks along some lines of a picture, and now and
    then overlooks a code among much else, which is no fault of the code's."""
    for nearer in (1, 2, 4):
        size = (picture.width * nearer, picture.height * nearer)
        codes = zxingcpp.read_barcodes(picture.resize(size, Image.Resampling.NEAREST), formats=zxingcpp.BarcodeFormat.PDF417)
        if codes:
            return [code.bytes for code in codes]
    return []


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
    """The lower left of a sheet, where its stamp stands: to draw and to search the whole takes twice the time."""
    x, y, width, height = (str(int(inches * dpi)) for inches in (0.3, 8, 4.2, 2.6))
    crop = ["-r", str(dpi), "-l", "1", "-x", x, "-y", y, "-W", width, "-H", height]
    made = subprocess.run(["pdftoppm", "-gray", *crop, PAPER / f"{name}.pdf"], check=True, capture_output=True)
    return Image.open(io.BytesIO(made.stdout))


def worn(picture: Image.Image, seed: int) -> Image.Image:
    """Dirty paper seen askew: one dot in twenty (13 of 256) has the other colour, then a turn by 3 degrees, then out of focus."""
    noise = Image.frombytes("L", picture.size, random.Random(seed).randbytes(picture.width * picture.height))
    picture = ImageChops.difference(picture, noise.point(lambda value: WHITE if value < 13 else BLACK))
    return turned(picture, 3).filter(ImageFilter.GaussianBlur(0.8))


def turned(picture: Image.Image, degrees: int) -> Image.Image:
    return picture.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=WHITE)


def read_in_hand(picture: Image.Image) -> list[bytes]:
    """As a phone is held: zxing-cpp alone finds no PDF417 of 12 columns beyond about 1.5 degrees, whoever drew it."""
    looks = (read(turned(picture, degrees)) for degrees in (0, -1, 1, -2, 2, -3, 3, -4, 4))
    return next((found for found in looks if found), [])


@pytest.mark.parametrize("medium", ["ticket", "sheet"])
def test_a_worn_stamp_reads_too(medium):
    names = NAMES[::10] if medium == "ticket" else WHOLE[::4]
    good = 0
    for seed, name in enumerate(names):
        picture = ticket(name, "80mm").picture() if medium == "ticket" else pages(name, 300)[-1]
        good += read_in_hand(worn(picture, seed)) == [ted_of(name)]
    print(f"{medium}: {good} of {len(names)} worn stamps were read")
    # With the reader's help (see above). Sheets: all of them; tickets, whose modules are two dots wide: 38 of 56. Much less is
    # a fault.
    floor = 0.95 if medium == "sheet" else 0.6
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
TRANSFERS = {
    "1": "constituye venta",
    "2": "Venta por efectuar",
    "3": "Consignación",
    "4": "Entrega gratuita",
    "5": "Traslado interno",
    "6": "no venta",
    "7": "devolución",
    "8": "exportación (no venta)",
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
    tags = [*(f"Emisor/{tag}" for tag in issuer), "Receptor/DirRecep"]
    if not boleta:
        # A boleta's receptor is nobody's business but where it is somebody (formato boletas 4.2).
        tags += ["Receptor/RznSocRecep", "Receptor/GiroRecep", "Receptor/CmnaRecep"]
        tags += ["Transporte/Patente", "Transporte/DirDest", "Transporte/Chofer/NombreChofer"]
    texts = [at(head + tag) for tag in tags]
    if form := at(head + "IdDoc/FmaPago"):
        texts.append("Forma de pago" + {"1": "Contado", "2": "Crédito", "3": "Sin costo"}[form])
    for tag in ("FchEmis", "FchVenc", "PeriodoDesde", "PeriodoHasta"):
        if day := at(head + "IdDoc/" + tag):
            texts.append("-".join(reversed(day.split("-"))))
    if transfer := at(head + "IdDoc/IndTraslado"):
        texts.append(TRANSFERS[transfer])
    totals = doc.find("{*}Encabezado/{*}Totales")
    # Each beside its name (manual de muestras impresas 4.0, 1.4).
    names = {"MntNeto": "Monto neto", "MntExe": "Monto exento", "IVA": "IVA (19%)", "MntTotal": "Total", "VlrPagar": "Valor a pagar"}
    for tag, called in names.items():
        texts += [called + figure(at(tag, totals))] if at(tag, totals) else []
    for tag in ("MontoNF", "SaldoAnterior", "GrntDep", "CredEC", "IVAProp", "IVATerc"):
        texts += [figure(at(tag, totals))] if at(tag, totals) else []
    for tax in totals.iter("{*}ImptoReten"):
        texts += [figure(at("MontoImp", tax)), *([figure(at("TasaImp", tax)) + "%"] if at("TasaImp", tax) else [])]
    for line in doc.iter("{*}Detalle"):
        texts += [at("NmbItem", line), at("DscItem", line), at("UnmdItem", line)]
        figures = (at(tag, line) for tag in ("QtyItem", "PrcItem", "MontoItem", "DescuentoMonto", "RecargoMonto"))
        texts += [figure(one) for one in figures if one.strip("0.")]
    texts += [at("GlosaDR", one) for one in doc.iter("{*}DscRcgGlobal")]
    for one in doc.iter("{*}Referencia"):
        texts += [at("RazonRef", one), at("CodVndor", one), at("CodCaja", one), NAMED.get(at("TpoDocRef", one), "")]
        texts += [f"N° {at('FolioRef', one)}"] if at("FolioRef", one) not in ("", "0") else []
        texts += ["-".join(reversed(at("FchRef", one).split("-")))] if at("FchRef", one) else []
    return [" ".join(text.split()) for text in texts if text]


def check_all(wishes: list[str], text: str) -> None:
    """Words may be broken over lines and pages, and letters be capitals: nothing else may differ."""
    said = "".join(text.replace("Forma de pago:", "Forma de pago").split()).lower()
    for wish in wishes:
        assert "".join(wish.split()).lower() in said, f"«{wish}» is not on it: {text}"


@pytest.mark.parametrize("name", WHOLE)
def test_all_of_a_document_that_the_law_wants_on_paper_is_on_its_sheet_and_its_ticket(name):
    wishes = lawful(name)
    assert len(wishes) > 8
    check_all(wishes, " ".join(layout(name)))
    check_all(wishes, " ".join(ticket(name, "80mm").lines))
    if kind_of(name) in ("39", "41"):
        check_all(wishes, " ".join(ticket(name, "58mm").lines))


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


@pytest.mark.parametrize("name", ["factura-010-sesenta-lineas", "boleta-013-muchas-lineas", "vector-52"])
def test_the_stamp_on_a_sheet_has_lawful_measures(name):
    page = pages(name, 300)[-1]
    [code] = zxingcpp.read_barcodes(page, formats=zxingcpp.BarcodeFormat.PDF417)
    dot = 25.4 / 300
    corners = [code.position.top_left, code.position.top_right, code.position.bottom_right, code.position.bottom_left]
    left, right = min(c.x for c in corners) * dot, max(c.x for c in corners) * dot
    top, bottom = min(c.y for c in corners) * dot, max(c.y for c in corners) * dot
    # At least 2 by 5 cm, at the most 4 by 9, 2 cm from the left edge (manual de muestras impresas 4.0, 1.5).
    assert 50 <= right - left <= 90 and 20 <= bottom - top <= 40, (right - left, bottom - top)
    assert left >= 20
    around = [(left - 6, top - 6, right + 6, top - 1), (left - 6, bottom + 1, right + 6, bottom + 6)]
    around += [(left - 6, top - 6, left - 1, bottom + 6), (right + 1, top - 6, right + 6, bottom + 6)]
    for edge in around:
        assert page.crop(tuple(int(at / dot) for at in edge)).getextrema()[0] == WHITE, "white around the stamp"


@pytest.mark.parametrize("name", ["factura-001-descuento-global", "boleta-001-pan", "vector-61"])
def test_the_box_on_a_sheet_has_lawful_measures(name):
    page = pages(name, 300)[0]
    dot = 25.4 / 300
    # Its left side: the first column right of the middle that is dark for more than a centimetre.
    half = page.width // 2
    part = page.crop((half, 0, page.width, int(60 / dot))).point(lambda value: 255 if value < 160 else 0)
    across = [sum(run[1] - run[0] for run in spans([part.getpixel((x, y)) > 0 for y in range(part.height)]) if run[1] - run[0] > 10 / dot) > 0 for x in range(part.width)]
    sides = spans(across)
    assert len(sides) == 2, sides
    line = [(side[1] - side[0] + 1) * dot for side in sides]
    width = (sides[1][1] - sides[0][0]) * dot
    x = sides[0][0] + 1
    [upright] = [run for run in spans([part.getpixel((x, y)) > 0 for y in range(part.height)]) if run[1] - run[0] > 10 / dot]
    height = (upright[1] - upright[0]) * dot
    # 1.5 by 5.5 cm at least, 4 by 8 at the most, the line 0.5 to 1 mm (manual de muestras impresas 4.0, 1.3).
    assert 55 <= width <= 80 and 15 <= height <= 40, (width, height)
    assert all(0.5 <= thick <= 1.0 for thick in line), line


@pytest.mark.parametrize(("name", "paper"), [("boleta-001-pan", "80mm"), ("boleta-001-pan", "58mm"), ("vector-33", "80mm")])
def test_the_box_on_a_ticket_has_lawful_measures(name, paper):
    picture = ticket(name, paper).picture()
    dot = 25.4 / 203.2

    def longest(dark: list[bool]) -> tuple[int, int]:
        return max(spans(dark), key=lambda run: run[1] - run[0], default=(0, -1))

    across = [longest([picture.getpixel((x, y)) == BLACK for x in range(picture.width)]) for y in range(400)]
    # The upper and the lower line of the box; what comes below are the rules between the parts of the ticket.
    sides = spans([right - left > 300 for left, right in across])[:2]
    assert len(sides) == 2
    left, right = across[sides[0][0]]
    width, height = (right - left + 1) * dot, (sides[1][1] - sides[0][0] + 1) * dot
    upright = spans([picture.getpixel((x, (sides[0][0] + sides[1][1]) // 2)) == BLACK for x in range(left, left + 10)])[0]
    lines = [(side[1] - side[0] + 1) * dot for side in [*sides, upright]]
    # As on a sheet where the paper is that wide (manual de muestras impresas 4.0, 1.3); one of 58 mm has 4.8 cm for letters.
    assert (55 if paper == "80mm" else 45) <= width <= 80 and 15 <= height <= 40, (width, height)
    assert all(0.5 <= line <= 1.0 for line in lines), lines


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
