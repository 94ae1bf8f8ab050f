"""Every document that the properties generated (TIMBRE_PROPERTIES), thousands of them: shape, signature, stamp, sums.

All in one process, and a sample by xmlsec1 itself; with no folder named there is nothing to do.
"""

import os
from pathlib import Path

import pytest

from documents import Document, documents_of
from oracle import check_document_signature, check_document_signature_by_hand, check_file, check_schema, check_stamp, check_totals

FOLDER = os.environ.get("TIMBRE_PROPERTIES")
FILES = sorted(Path(FOLDER).glob("*.xml")) if FOLDER else []
MANY = 2_000
EVERY = 50  # of which one goes to xmlsec1, which starts twice for each

pytestmark = pytest.mark.skipif(not FOLDER, reason="TIMBRE_PROPERTIES names no folder")


def all_of(check, subjects) -> list[str]:
    found = []
    for name, subject in subjects:
        try:
            check(subject)
        except AssertionError as error:
            found.append(f"{name}: {error}")
    return found[:20]


def documents() -> list[tuple[str, Document]]:
    return [(file.name, document) for file in FILES for document in documents_of(file)]


def test_there_are_thousands():
    assert len(FILES) >= MANY and len(documents()) == len(FILES)


@pytest.mark.parametrize("check", [check_file, check_schema], ids=lambda check: check.__name__)
def test_every_file(check):
    assert all_of(check, ((file.name, file.read_bytes()) for file in FILES)) == []


@pytest.mark.parametrize("check", [check_document_signature_by_hand, check_stamp, check_totals], ids=lambda check: check.__name__)
def test_every_document(check):
    assert all_of(check, documents()) == []


def test_xmlsec1_says_the_same_of_a_sample():
    assert all_of(check_document_signature, documents()[::EVERY]) == []
