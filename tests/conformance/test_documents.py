"""Every envelope and document that Timbre made, before the oracles. Which files: TIMBRE_DOCUMENTS."""

import os

import pytest

from documents import documents_of, given_files, is_envelope, value
from oracle import DOCUMENT_CHECKS, ENVELOPE_CHECKS, FILE_CHECKS

FILES = given_files()
ENVELOPES = [f for f in FILES if is_envelope(f.read_bytes())]
DOCUMENTS = [d for f in FILES for d in documents_of(f)]


def named(checks):
    return [pytest.param(check, id=check.__name__.removeprefix("check_")) for check in checks]


def test_there_is_something_to_judge():
    assert DOCUMENTS, "TIMBRE_DOCUMENTS names no document"


def test_no_folio_was_sent_with_two_contents():
    """What one shop (TIMBRE_SHOP) sent again was sent again to the byte; and all that was asked for (TIMBRE_SENT) is there."""
    sent: dict[tuple, bytes] = {}
    shop = os.environ.get("TIMBRE_SHOP", "/")
    for document in (d for f in ENVELOPES if f.is_relative_to(shop) for d in documents_of(f)):
        which = (value(document.body, "RUTEmisor"), document.tipo, int(value(document.body, "Folio")))
        assert sent.setdefault(which, document.text) == document.text, f"{which} has two contents"
    assert len(sent) >= int(os.environ.get("TIMBRE_SENT", 0))


@pytest.mark.parametrize("check", named(FILE_CHECKS))
@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_every_file(file, check):
    check(file.read_bytes())


@pytest.mark.parametrize("check", named(ENVELOPE_CHECKS))
@pytest.mark.parametrize("file", ENVELOPES, ids=lambda f: f.name)
def test_every_envelope(file, check):
    check(file.read_bytes())


@pytest.mark.parametrize("check", named(DOCUMENT_CHECKS))
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.label)
def test_every_document(document, check):
    check(document)
