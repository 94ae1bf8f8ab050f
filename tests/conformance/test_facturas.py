"""Facturas, guías and notes read by cl-sii, a library that others run in production. It has no boletas.

Runs in an environment of its own (clsii.txt): the other one wants a different `cryptography`.
"""

import base64
from datetime import date

import pytest

cl_sii = pytest.importorskip("cl_sii", reason="this is for the environment of clsii.txt")

from cl_sii.dte import parse as dte  # noqa: E402
from cl_sii.libs import crypto_utils, xml_utils  # noqa: E402

from documents import BOLETAS, VECTORS, documents_of, given_files, value  # noqa: E402

FILES = [VECTORS / "EnvioDTE-33-61-52-variantB.xml", *given_files()]
NOTES = {56, 61}


def is_read(document) -> bool:
    """cl-sii wants CodRef in every reference of a note, also where it names an order or a test case (SET); the format
    (2.4.2, CodRef) asks it of those that are corrected. oracle.py judges such a note all the same."""
    references = document.body.iter("{*}Referencia")
    return document.tipo not in BOLETAS and (document.tipo not in NOTES or all(value(r, "CodRef") for r in references))


FACTURAS = [d for f in FILES for d in documents_of(f) if is_read(d)]


@pytest.mark.parametrize("document", FACTURAS, ids=lambda d: d.label)
def test_cl_sii_reads_what_stands_there(document):
    # Not its validate_dte_xml: its XSD is older than the transport data of Res. Ex. 154/2025; oracle.py has the current one.
    read, body = dte.parse_dte_xml(xml_utils.parse_untrusted_xml(document.alone)), document.body

    assert (read.emisor_rut.canonical, read.receptor_rut.canonical) == (value(body, "RUTEmisor"), value(body, "RUTRecep"))
    assert (read.tipo_dte.value, read.folio) == (document.tipo, int(value(body, "Folio")))
    assert (read.fecha_emision_date.isoformat(), read.monto_total) == (value(body, "FchEmis"), int(value(body, "MntTotal")))
    assert (read.emisor_razon_social, read.receptor_razon_social) == (value(body, "RznSoc"), value(body, "RznSocRecep"))
    due = value(body, "FchVenc")
    assert read.fecha_vencimiento_date == (date.fromisoformat(due) if due else None)
    assert read.firma_documento_dt.strftime("%Y-%m-%dT%H:%M:%S") == value(body, "TmstFirma")
    assert read.signature_value == base64.b64decode(value(document.tree, "SignatureValue"))
    told = [(value(r, "TpoDocRef"), value(r, "FolioRef")) for r in body.iter("{*}Referencia")]
    assert [(r.tipo_documento_ref, r.folio_ref) for r in read.referencias or []] == told


@pytest.mark.parametrize("document", FACTURAS, ids=lambda d: d.label)
def test_cl_sii_verifies_the_signature(document):
    xml = xml_utils.parse_untrusted_xml(document.alone)
    certificate = crypto_utils.load_der_x509_cert(dte.parse_dte_xml(xml).signature_x509_cert_der)
    signed, _, _ = xml_utils.verify_xml_signature(xml, trusted_x509_cert=certificate)
    assert signed.startswith(b"<Documento ")


def test_cl_sii_refuses_a_changed_document():
    good = documents_of(FILES[0])[0]
    spoilt = xml_utils.parse_untrusted_xml(good.alone.replace(b"<Folio>5<", b"<Folio>6<"))
    certificate = crypto_utils.load_der_x509_cert(dte.parse_dte_xml(spoilt).signature_x509_cert_der)
    with pytest.raises(xml_utils.XmlSignatureUnverified):
        xml_utils.verify_xml_signature(spoilt, trusted_x509_cert=certificate)
