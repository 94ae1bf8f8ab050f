"""What a document of the SII must be, by means that share nothing with Timbre.

libxml2 and the SII's XSDs for shape, xmlsec1 for signatures, Python's integers for the stamp, decimal for the sums.
Each check raises AssertionError; `faults` gathers them.
"""

import base64
import hashlib
import os
import re
import subprocess
import tempfile
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path

from lxml import etree

from documents import BOLETAS, DSIG, PROLOG, SII, Document, cut, cut_one, is_envelope, local, parse, value

SCHEMAS = Path(os.environ.get("TIMBRE_SCHEMAS", ""))

# Who signs CAFs (FRMA), by IDK: the SII's two environments, and the simulator. RSA-512, e = 65537.
AUTHORITIES = {
    100: int(
        "c8fbf00dcb21a55000a585522c5de528a73e0ce16cc03ab1e5ea7de4b2a28111"
        "e352faef8dcb7d51e349abd4b105dcd4f67cf9e13115058c9f0154291b8c7153",
        16,
    ),
    300: int(
        "9deebfc5eebd96df4c7cf53f1bfa15d85d73ef04c6718f8c07b3f785efee75e7"
        "b4ef5a3ae079c3265a900e45f602890af6fb4fafa2b8d6938f7f011c3585b335",
        16,
    ),
    999: int(
        "a4abb103d4a13505c8aa3358b8e3a4749a15e2a8e3da213bfda722b28dee952d"
        "77b88a0f843ce0553add7f1a6eb1412e018d8af3410ec88aadeb12406f116687",
        16,
    ),
}

# Taxes that a seller adds (Formato DTE 2.4.2, table 4); the others a buyer keeps back, and they lower the total.
ADDED = {14, 17, 18, 19, 23, 24, 25, 26, 27, 28, 35, 44, 45, 50, 51, 52, 53, 271}
MAX_DOCUMENTS = {"EnvioBOLETA": 500, "EnvioDTE": 2000}
MAX_LINE = 4096  # bytes; the upload answers CHR-00002 beyond it


# --- shape ---------------------------------------------------------------------------------------------------------


@cache
def schema(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(SCHEMAS / name)))


def check_file(content: bytes) -> None:
    assert content.startswith(b'<?xml version="1.0" encoding="ISO-8859-1"?>'), "the file does not declare ISO-8859-1"
    assert not re.search(rb"[\x80-\x9f]", content), "bytes 80-9F are not text in ISO-8859-1"
    assert b"\r" not in content, "a CR is in the file"
    longest = max(map(len, content.split(b"\n")))
    assert longest <= MAX_LINE, f"a line of {longest} bytes; the SII takes {MAX_LINE}"


def check_schema(content: bytes) -> None:
    root = parse(content)
    xsd = {"EnvioBOLETA": "EnvioBOLETA_v11.xsd", "EnvioDTE": "EnvioDTE_v10.xsd"}.get(local(root))
    if xsd is None:
        tipo = int(value(root, "TipoDTE"))
        content, xsd = (wrapped(content), "EnvioBOLETA_v11.xsd") if tipo in BOLETAS else (content, "DTE_v10.xsd")
        root = parse(content)
    assert schema(xsd).validate(root), f"{xsd}: {schema(xsd).error_log.last_error}"


def wrapped(alone: bytes) -> bytes:
    """A lone boleta inside a carátula, for its shape only: the XSD of boletas has no type for a DTE by itself.

    The envelope's signature is a copy of the document's: well formed, and never verified.
    """
    text = cut_one(alone, b"DTE")
    body = parse(PROLOG + text)
    signature = cut_one(text, b"Signature").decode("iso-8859-1")
    head = (
        f'<EnvioBOLETA xmlns="{SII}" version="1.0"><SetDTE ID="Envoltorio"><Caratula version="1.0">'
        f"<RutEmisor>{value(body, 'RUTEmisor')}</RutEmisor><RutEnvia>{value(body, 'RUTEmisor')}</RutEnvia>"
        "<RutReceptor>60803000-K</RutReceptor><FchResol>2014-08-22</FchResol><NroResol>0</NroResol>"
        f"<TmstFirmaEnv>{value(body, 'TmstFirma')}</TmstFirmaEnv>"
        f"<SubTotDTE><TpoDTE>{value(body, 'TipoDTE')}</TpoDTE><NroDTE>1</NroDTE></SubTotDTE></Caratula>"
    )
    return PROLOG + head.encode("iso-8859-1") + text + f"</SetDTE>{signature}</EnvioBOLETA>".encode("iso-8859-1")


def check_caratula(content: bytes) -> None:
    root = parse(content)
    kind = local(root)
    location = root.get("{http://www.w3.org/2001/XMLSchema-instance}schemaLocation", "")
    wanted = {"EnvioBOLETA": "EnvioBOLETA_v11.xsd", "EnvioDTE": "EnvioDTE_v10.xsd"}[kind]
    assert location == f"{SII} {wanted}", f"schemaLocation is {location!r}"  # the upload picks the schema from it
    documents = [Document("", text) for text in cut(content, b"DTE")]
    assert 1 <= len(documents) <= MAX_DOCUMENTS[kind], f"{len(documents)} documents in one {kind}"
    told = {int(value(s, "TpoDTE")): int(value(s, "NroDTE")) for s in root.iter("{*}SubTotDTE")}
    counted: dict[int, int] = {}
    for document in documents:
        counted[document.tipo] = counted.get(document.tipo, 0) + 1
        assert value(document.body, "RUTEmisor") == value(root, "RutEmisor"), "a document of another issuer"
    assert told == counted, f"SubTotDTE says {told}, there are {counted}"
    assert value(root, "RutReceptor") == "60803000-K", "the envelope is not addressed to the SII"
    ids = [e.get("ID") for e in root.iter() if e.get("ID")]
    assert len(ids) == len(set(ids)), "an ID stands twice"


# --- signatures ----------------------------------------------------------------------------------------------------


@cache
def xmlsec1() -> list[str]:
    version = subprocess.run(["xmlsec1", "--version"], capture_output=True, text=True, check=True).stdout
    major, minor = map(int, re.search(r"xmlsec1 (\d+)\.(\d+)", version).groups())
    return ["xmlsec1", "--verify"] + (["--lax-key-search"] if (major, minor) >= (1, 3) else [])


def check_document_signature(document: Document) -> None:
    """Alone, as the SII takes it out of its envelope. Once by the certificate, once by KeyValue: one key, or it fails."""
    root = document.tree
    check_reference(root, document.body)
    where = "/*/*[local-name()='Signature']"
    verify(document.alone, where, ["--enabled-key-data", "x509", "--insecure"])
    with tempfile.NamedTemporaryFile(suffix=".der") as key:
        key.write(public_key(root))
        key.flush()
        verify(document.alone, where, ["--enabled-key-data", "key-name", "--pubkey-der", key.name])


def check_document_signature_by_hand(document: Document) -> None:
    """The same without xmlsec1, so that thousands are checked in a breath: libxml2's C14N, and Python's integers."""
    root = document.tree
    check_reference(root, document.body)
    signature = root.find(f"{{{DSIG}}}Signature")
    digest = base64.b64encode(hashlib.sha1(canonical(document, document.body)).digest()).decode()
    assert digest == value(signature, "DigestValue"), "the digest is of something else"
    number = lambda name: int.from_bytes(base64.b64decode(value(signature, name)), "big")
    signed = canonical(document, signature.find(f"{{{DSIG}}}SignedInfo"))
    check_rsa_sha1("the signature", signed, value(signature, "SignatureValue"), number("Modulus"), number("Exponent"))
    # DER has the key as it stands in KeyValue.
    key = base64.b64decode(value(signature, "Modulus"))
    assert key in base64.b64decode(value(signature, "X509Certificate")), "the certificate is of another key"


def canonical(document: Document, element) -> bytes:
    """Of one element, cut out by its characters and given what is in force: of a part of a tree lxml makes what no one signs."""
    text = cut_one(document.text, local(element).encode())
    start = text[: text.index(b">")]
    names = {f"xmlns:{prefix}" if prefix else "xmlns": uri for prefix, uri in element.nsmap.items()}
    spaces = "".join(f' {name}="{uri}"' for name, uri in names.items() if f" {name}=".encode() not in start).encode()
    at = len(local(element)) + 1
    return etree.tostring(parse(PROLOG + text[:at] + spaces + text[at:]), method="c14n", with_comments=False)


def check_envelope_signatures(content: bytes) -> None:
    """The set's signature, and every document's where it stands: third parties verify it there."""
    root = parse(content)
    check_reference(root, root.find(f"{{{SII}}}SetDTE"))
    verify(content, "/*/*[local-name()='Signature']", ["--enabled-key-data", "x509", "--insecure"])
    for k in range(1, len(cut(content, b"DTE")) + 1):
        where = f"/*/*[local-name()='SetDTE']/*[local-name()='DTE'][{k}]/*[local-name()='Signature']"
        verify(content, where, ["--enabled-key-data", "x509", "--insecure"])


def check_reference(parent, signed) -> None:
    """The signature is of its sibling, and of nothing else: a valid signature over another element is worth nothing."""
    signatures = parent.findall(f"{{{DSIG}}}Signature")
    assert len(signatures) == 1, f"{len(signatures)} signatures where one belongs"
    references = list(signatures[0].iter(f"{{{DSIG}}}Reference"))
    assert [r.get("URI") for r in references] == [f"#{signed.get('ID')}"], "the signature is of another element"


def verify(content: bytes, where: str, key: list[str]) -> None:
    ids = [f"{ns}{name}" for ns in (f"{SII}:", "") for name in ("SetDTE", "Documento", "Liquidacion", "Exportaciones")]
    options = [word for name in ids for word in ("--id-attr:ID", name)]
    with tempfile.NamedTemporaryFile(suffix=".xml") as file:
        file.write(content)
        file.flush()
        command = [*xmlsec1(), *key, *options, "--node-xpath", where, file.name]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    said = done.stdout + done.stderr
    assert done.returncode == 0 and "SignedInfo References (ok/all): 1/1" in said, f"xmlsec1 at {where}: {said.strip()[-300:]}"


def public_key(dte) -> bytes:
    """RSAKeyValue as DER, so that xmlsec1 uses exactly that key."""

    def tlv(tag: int, body: bytes) -> bytes:
        n = len(body)
        size = n.to_bytes((n.bit_length() + 7) // 8, "big")
        return bytes([tag]) + (bytes([n]) if n < 128 else bytes([0x80 | len(size)]) + size) + body

    def integer(text: str) -> bytes:
        raw = base64.b64decode(text).lstrip(b"\0")
        return tlv(2, b"\0" + raw if raw[0] & 0x80 else raw)

    key = dte.find(f"{{{DSIG}}}Signature/{{{DSIG}}}KeyInfo/{{{DSIG}}}KeyValue/{{{DSIG}}}RSAKeyValue")
    rsa = tlv(0x30, integer(value(key, "Modulus")) + integer(value(key, "Exponent")))
    return tlv(0x30, tlv(0x30, bytes.fromhex("06092a864886f70d0101010500")) + tlv(3, b"\0" + rsa))


# --- the stamp -----------------------------------------------------------------------------------------------------


def flat(text: bytes) -> bytes:
    """Instructivo de Emisión, annex 2: nothing between tags, everything else as it stands."""
    return re.sub(rb">\s+<", b"><", text)


def check_rsa_sha1(what: str, message: bytes, signature: str, n: int, e: int) -> None:
    """PKCS#1 v1.5, by hand: OpenSSL refuses keys of 512 bits at its usual level."""
    size = (n.bit_length() + 7) // 8
    block = pow(int.from_bytes(base64.b64decode(signature), "big"), e, n).to_bytes(size, "big")
    digest = bytes.fromhex("3021300906052b0e03021a05000414") + hashlib.sha1(message).digest()
    assert block == b"\0\1" + b"\xff" * (size - 3 - len(digest)) + b"\0" + digest, f"{what} does not verify"


def check_stamp(document: Document) -> None:
    ted = document.ted
    assert b"xmlns" not in ted, "a namespace stands inside the TED"
    dd = parse(PROLOG + flat(cut_one(ted, b"DD")))
    caf = dd.find("CAF")
    number = lambda path: int.from_bytes(base64.b64decode(caf.findtext(path)), "big")
    frmt = parse(PROLOG + ted).findtext("FRMT")
    check_rsa_sha1("FRMT", flat(cut_one(ted, b"DD")), frmt, number("DA/RSAPK/M"), number("DA/RSAPK/E"))

    idk = int(caf.findtext("DA/IDK"))
    assert idk in AUTHORITIES, f"nobody knows IDK {idk}"
    check_rsa_sha1("FRMA", flat(cut_one(ted, b"DA")), caf.findtext("FRMA"), AUTHORITIES[idk], 65537)

    body = document.body
    item = value(next(body.iter("{*}Detalle")), "NmbItem")
    same = {
        "RE": value(body, "RUTEmisor"),
        "TD": value(body, "TipoDTE"),
        "F": value(body, "Folio"),
        "FE": value(body, "FchEmis"),
        "RR": value(body, "RUTRecep"),
        "RSR": value(body, "RznSocRecep", "")[:40],
        "MNT": value(body, "MntTotal"),
        "IT1": item[:40],
    }
    stamped = {name: dd.findtext(name) or "" for name in same}
    assert stamped == same, f"the stamp says {stamped}, the document {same}"
    assert caf.findtext("DA/RE") == same["RE"] and caf.findtext("DA/TD") == same["TD"], "the CAF is another's"
    assert int(caf.findtext("DA/RNG/D")) <= int(same["F"]) <= int(caf.findtext("DA/RNG/H")), "folio outside its CAF"
    assert date.fromisoformat(caf.findtext("DA/FA")) <= date.fromisoformat(same["FE"]), "issued before its CAF"
    stamp, signed = dd.findtext("TSTED"), value(body, "TmstFirma")
    assert datetime.fromisoformat(stamp) <= datetime.fromisoformat(signed), f"stamped {stamp}, signed {signed}"


# --- the sums ------------------------------------------------------------------------------------------------------


def pesos(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def check_totals(document: Document) -> None:
    body, tipo = document.body, document.tipo
    totals = next(body.iter("{*}Totales"))
    get = lambda name: int(totals.findtext("{*}" + name) or 0)
    neto, exento, iva, total = map(get, ("MntNeto", "MntExe", "IVA", "MntTotal"))

    taxes = kept = 0
    for tax in totals.iterfind("{*}ImptoReten"):
        amount = int(value(tax, "MontoImp"))
        taxes, kept = (taxes + amount, kept) if int(value(tax, "TipoImp")) in ADDED else (taxes, kept + amount)
    adds_up = neto + exento + iva + taxes - kept + get("GrntDep") - get("CredEC")
    assert total == adds_up, f"MntTotal {total}, its parts make {adds_up}"

    rate = totals.findtext("{*}TasaIVA")
    assert rate is None if tipo in BOLETAS or not neto else Decimal(rate or 0) == 19, f"TasaIVA is {rate}"
    check_taxes(body, totals)
    affected, exempt, other = line_sums(body, all_exempt=tipo in (34, 41))
    affected, exempt, other = with_globals(body, affected, exempt, Decimal(other), all_exempt=tipo in (34, 41))
    if tipo == 52 and value(body, "IndTraslado") not in ("1", "2") and not neto:
        return  # a guía that sells nothing may carry values and no total
    assert exento == pesos(exempt), f"MntExe {exento}, the lines make {exempt}"
    gross = value(body, "IndMntNeto") != "2" if tipo in BOLETAS else value(body, "MntBruto") == "1"
    if gross:
        assert neto == pesos(affected / Decimal("1.19")), f"MntNeto {neto} of {affected} gross"
        assert neto + iva == pesos(affected), f"MntNeto {neto} + IVA {iva}, the shelf says {affected}"
    else:
        assert neto == pesos(affected), f"MntNeto {neto}, the lines make {affected}"
        assert iva == pesos(neto * Decimal("0.19")), f"IVA {iva} of {neto}"
    if tipo in (34, 41):
        assert not neto and not iva, "an exempt document with IVA"
    if totals.findtext("{*}MontoNF") is not None:
        assert get("MontoNF") == other, f"MontoNF {get('MontoNF')}, the lines make {other}"


# What a tax is a part of, in percent (Formato DTE 2.4.2, table 4 and field 117).
OF_LINES = {18: "5", 19: "12", 23: "15", 24: "31.5", 25: "20.5", 26: "20.5", 27: "10", 44: "15", 45: "50", 53: "0.5", 271: "18"}
OF_ANOTHER_BASE = {14: ("19", "MntMargComer"), 50: ("19", "MntMargComer"), 17: ("5", "MntBaseFaena")}


def check_taxes(body, totals) -> None:
    told = {int(value(t, "TipoImp")): (value(t, "TasaImp"), int(value(t, "MontoImp"))) for t in totals.iterfind("{*}ImptoReten")}
    lines = [line for line in body if local(line) == "Detalle"]
    codes = {int(code.text) for line in lines for code in line.iterfind("{*}CodImpAdic")}
    assert set(told) == codes, f"ImptoReten of {sorted(told)}, the lines bear {sorted(codes)}"
    for code, (rate, amount) in told.items():
        bearing = [line for line in lines if str(code) in [c.text for c in line.iterfind("{*}CodImpAdic")]]
        if code in OF_LINES:
            due, all_bear = OF_LINES[code], all(line in bearing for line in lines if value(line, "IndExe") is None)
            base = Decimal(sum(int(value(line, "MontoItem")) for line in bearing))
            base, _, _ = with_globals(body, base, Decimal(0), Decimal(0), False)
            fixed = any(value(g, "TpoValor") == "$" and value(g, "IndExeDR") is None for g in body.iterfind("{*}DscRcgGlobal"))
            assert all_bear or not fixed, f"of which tax is an amount off the whole taken? ({code})"
        else:
            due, where = OF_ANOTHER_BASE[code]
            base = Decimal(sum(int(value(line, where)) for line in bearing))
        assert Decimal(rate) == Decimal(due), f"TasaImp {rate} of tax {code}"
        assert amount == pesos(base * Decimal(due) / 100), f"tax {code} is {amount}, {due} % of {base}"


def line_sums(body, all_exempt: bool) -> tuple[Decimal, Decimal, int]:
    affected, exempt, other = Decimal(0), Decimal(0), 0
    lines = [e for e in body if local(e) == "Detalle"]
    assert [int(value(line, "NroLinDet")) for line in lines] == list(range(1, len(lines) + 1)), "line numbers"
    for line in lines:
        amount, kind = int(value(line, "MontoItem")), value(line, "IndExe", "0")
        quantity, price = value(line, "QtyItem"), value(line, "PrcItem")
        if quantity and price and amount:
            told = pesos(Decimal(quantity) * Decimal(price))
            told += int(value(line, "RecargoMonto", 0)) - int(value(line, "DescuentoMonto", 0))
            assert amount == told, f"line {value(line, 'NroLinDet')}: MontoItem {amount}, it makes {told}"
        if kind in ("2", "6"):
            other += amount if kind == "2" else -amount
        elif kind == "1" or all_exempt:
            exempt += amount
        elif kind == "0":
            affected += amount
    return affected, exempt, other


def with_globals(body, affected: Decimal, exempt: Decimal, other: Decimal, all_exempt: bool) -> tuple[Decimal, ...]:
    """In their order, each percentage of what the ones before it left, as a whole number of pesos.

    Where several percentages stand, programs differ (differences.txt); Timbre warns of it.
    """
    result = {"0": affected, "1": exempt, "2": other}
    for change in (e for e in body if local(e) == "DscRcgGlobal"):
        which = value(change, "IndExeDR", "1" if all_exempt else "0")
        size = Decimal(value(change, "ValorDR"))
        amount = pesos(result[which] * size / 100 if value(change, "TpoValor") == "%" else size)
        result[which] += amount if value(change, "TpoMov") == "R" else -amount
    return result["0"], result["1"], result["2"]


# --- all of it -----------------------------------------------------------------------------------------------------

FILE_CHECKS = (check_file, check_schema)
ENVELOPE_CHECKS = (check_caratula, check_envelope_signatures)
DOCUMENT_CHECKS = (check_document_signature, check_stamp, check_totals)


def faults(content: bytes) -> dict[str, str]:
    """Every check that a file fails, by name. An empty answer is a file the SII's own rules have nothing against."""
    documents = [Document("", text) for text in cut(content, b"DTE")]
    todo = [(check, content) for check in FILE_CHECKS]
    todo += [(check, content) for check in ENVELOPE_CHECKS if is_envelope(content)]
    todo += [(check, document) for document in documents for check in DOCUMENT_CHECKS]
    found: dict[str, str] = {}
    for check, subject in todo:
        try:
            check(subject)
        except AssertionError as error:
            found.setdefault(check.__name__, str(error))
    return found
