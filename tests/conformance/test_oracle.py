"""The oracle itself: it has nothing against good envelopes, and finds each single fault put into them."""

import re

import pytest

from documents import PROLOG, VECTORS, Document, cut, documents_of
from oracle import AUTHORITIES, check_document_signature_by_hand, faults

BOLETA = (VECTORS / "EnvioBOLETA-F7-variantB.xml").read_bytes()
FACTURAS = (VECTORS / "EnvioDTE-33-61-52-variantB.xml").read_bytes()

IN_BOTH = {"check_document_signature", "check_envelope_signatures"}


# Who signed the CAFs of tests/vectors: a throw-away key, which nothing that Timbre makes may bear.
THROW_AWAY = int(
    "bfdd62e1a2a0e722b17d8a3b1ac575dab98adc5654895e2303dca9b9cfc6a597"
    "75797bc398495613c98a4ef5bf459c467d5b46657a0ca80e68c98c0b36fed321",
    16,
)


@pytest.fixture(autouse=True)
def the_vectors_own_authority(monkeypatch):
    monkeypatch.setitem(AUTHORITIES, 999, THROW_AWAY)


@pytest.mark.parametrize("content", [BOLETA, FACTURAS], ids=["boleta", "facturas"])
def test_a_good_envelope_has_no_fault(content):
    assert faults(content) == {}


@pytest.mark.parametrize("content", [BOLETA, *cut(FACTURAS, b"DTE")], ids=["39", "33", "61", "52"])
def test_a_good_document_alone_has_no_fault(content):
    assert faults(PROLOG + cut(content, b"DTE")[0]) == {}


def test_the_siis_own_sample_fails_only_where_it_is_known_to():
    """It has CRLF, and its certificate is not that of its key (the SII put another in); shape, stamp and sums hold."""
    sample = VECTORS / "F60T33-ejemplo-oficial-SII.xml"
    assert set(faults(sample.read_bytes())) == IN_BOTH | {"check_file"}


def once(old: bytes, new: bytes, at: int = 0):
    """Replaces the occurrence number `at`, and nothing else."""

    def change(content: bytes) -> bytes:
        places = [m.start() for m in re.finditer(re.escape(old), content)]
        assert places, f"{old!r} is not in the sample"
        return content[: places[at]] + new + content[places[at] + len(old) :]

    return change


def other_character(pattern: bytes, at: int = 0):
    """One character of a base64 value becomes another."""

    def change(content: bytes) -> bytes:
        place = [m.end() for m in re.finditer(pattern, content)][at] + 10
        return content[:place] + (b"B" if content[place : place + 1] == b"A" else b"A") + content[place + 1 :]

    return change


def wrong_key(content: bytes) -> bytes:
    """KeyValue holds another key than the certificate; the document's digest does not cover it."""
    modulus = re.search(rb"<Modulus>(.)", content).start(1)
    return content[:modulus] + b"1" + content[modulus + 1 :]


FAULTS = {
    "document signature": (BOLETA, other_character(rb"<SignatureValue>"), IN_BOTH),
    "set signature": (BOLETA, other_character(rb"<SignatureValue>", -1), {"check_envelope_signatures"}),
    "digest": (BOLETA, other_character(rb"<DigestValue>"), IN_BOTH),
    "signed text": (BOLETA, once(b"Irarr", b"Irrar"), IN_BOTH),
    "another key beside the certificate": (BOLETA, wrong_key, IN_BOTH),
    "reference to another element": (BOLETA, once(b'URI="#F7T39"', b'URI="#SetDoc"'), IN_BOTH),
    "xsi taken off the DTE": (
        BOLETA,
        once(b'<DTE xmlns="http://www.sii.cl/SiiDte" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"', b'<DTE xmlns="http://www.sii.cl/SiiDte"'),
        {"check_document_signature"},
    ),
    "total": (BOLETA, once(b"<MntTotal>10784", b"<MntTotal>10785"), IN_BOTH | {"check_totals", "check_stamp"}),
    "neto a peso high": (BOLETA, once(b"<MntNeto>4861", b"<MntNeto>4862"), IN_BOTH | {"check_totals"}),
    "neto and iva a peso off": (
        BOLETA,
        lambda c: once(b"<IVA>923", b"<IVA>922")(once(b"<MntNeto>4861", b"<MntNeto>4862")(c)),
        IN_BOTH | {"check_totals"},
    ),
    "a line": (BOLETA, once(b"<MontoItem>1804", b"<MontoItem>1805"), IN_BOTH | {"check_totals"}),
    "iva of a factura": (FACTURAS, once(b"<IVA>6671", b"<IVA>6670"), IN_BOTH | {"check_totals"}),
    "rate of iva": (FACTURAS, once(b"<TasaIVA>19", b"<TasaIVA>18"), IN_BOTH | {"check_totals"}),
    "no rate of iva": (FACTURAS, once(b"<TasaIVA>19</TasaIVA>\n", b""), IN_BOTH | {"check_totals"}),
    "order of elements": (
        BOLETA,
        lambda c: re.sub(rb"(<Folio>7</Folio>\n)(<FchEmis>2026-01-15</FchEmis>\n)", rb"\2\1", c),
        IN_BOTH | {"check_schema"},
    ),
    "an element the SII does not know": (BOLETA, once(b"<IndServicio>", b"<FmaPago>1</FmaPago><IndServicio>"), IN_BOTH | {"check_schema"}),
    "stamp signature": (BOLETA, other_character(rb"<FRMT[^>]*>"), IN_BOTH | {"check_stamp"}),
    "stamped text": (BOLETA, once(b"<F>7</F>", b"<F>8</F>"), IN_BOTH | {"check_stamp"}),
    "CAF signature": (BOLETA, other_character(rb"<FRMA[^>]*>"), IN_BOTH | {"check_stamp"}),
    "CAF of an unknown authority": (BOLETA, once(b"<IDK>999", b"<IDK>998"), IN_BOTH | {"check_stamp"}),
    "stamp of another document": (
        FACTURAS,
        lambda c: c.replace(cut(c, b"TED")[0], cut(c, b"TED")[1], 1),
        IN_BOTH | {"check_stamp"},
    ),
    "count in the carátula": (BOLETA, once(b"<NroDTE>1", b"<NroDTE>2"), {"check_caratula", "check_envelope_signatures"}),
    "no schemaLocation": (
        BOLETA,
        once(b' xsi:schemaLocation="http://www.sii.cl/SiiDte EnvioBOLETA_v11.xsd"', b""),
        {"check_caratula"},
    ),
    "CRLF": (BOLETA, lambda c: c.replace(b"\n", b"\r\n", 3), {"check_file"}),
    "windows-1252": (BOLETA, once(b"Caf\xe9", b"Caf\x80"), IN_BOTH | {"check_file", "check_stamp"}),
    "a long line": (BOLETA, once(b"<SetDTE", b" " * 5000 + b"<SetDTE"), {"check_file"}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_oracle_finds(name):
    """Exactly the checks that the fault concerns: one that fails too much hides the next."""
    good, spoil, wanted = FAULTS[name]
    spoilt = spoil(good)
    assert spoilt != good
    assert set(faults(spoilt)) == wanted, faults(spoilt)


SIGNATURES = [name for name, (_, _, wanted) in FAULTS.items() if "check_document_signature" in wanted]


@pytest.mark.parametrize("name", SIGNATURES)
def test_the_signature_by_hand_finds_what_xmlsec1_finds(name):
    good, spoil, _ = FAULTS[name]
    for content, fault in ((good, False), (spoil(good), True)):
        found = False
        for document in (Document("", text) for text in cut(content, b"DTE")):
            try:
                check_document_signature_by_hand(document)
            except AssertionError:
                found = True
        assert found is fault


def test_documents_are_cut_out_to_the_byte():
    documents = documents_of(VECTORS / "EnvioDTE-33-61-52-variantB.xml")
    assert [d.tipo for d in documents] == [33, 61, 52]
    assert all(d.text.startswith(b"<DTE ") and d.text.endswith(b"</DTE>") and d.text in FACTURAS for d in documents)
