"""Cuts envelopes and documents out of files by their characters, as the SII does. Judges nothing."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

SII = "http://www.sii.cl/SiiDte"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
NS = {"s": SII, "ds": DSIG}
PROLOG = b'<?xml version="1.0" encoding="ISO-8859-1"?>\n'
BOLETAS = {39, 41}

HERE = Path(__file__).resolve().parent
VECTORS = HERE.parent / "vectors"


@dataclass(frozen=True)
class Document:
    """One `<DTE>…</DTE>` with the exact bytes it had in its file."""

    label: str
    text: bytes

    @property
    def alone(self) -> bytes:
        return PROLOG + self.text

    @property
    def tree(self):
        return parse(self.alone)

    @property
    def body(self):
        return next(child for child in self.tree if local(child) in ("Documento", "Liquidacion", "Exportaciones"))

    @property
    def tipo(self) -> int:
        return int(value(self.body, "TipoDTE"))

    @property
    def ted(self) -> bytes:
        return cut_one(self.text, b"TED")


def parse(content: bytes):
    """Nothing is fetched, no entity is expanded."""
    return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))


def local(element) -> str:
    return etree.QName(element).localname


def value(element, name: str, default=None):
    """The text of the first descendant of that local name, whatever its namespace (a DTE may carry none)."""
    found = next((e for e in element.iter("{*}" + name)), None)
    return default if found is None else (found.text or "")


def cut(content: bytes, name: bytes) -> list[bytes]:
    return re.findall(rb"<" + name + rb"(?:\s[^>]*)?>.*?</" + name + rb">", content, re.DOTALL)


def cut_one(content: bytes, name: bytes) -> bytes:
    found = cut(content, name)
    assert len(found) == 1, f"{len(found)} <{name.decode()}> where one belongs"
    return found[0]


def is_envelope(content: bytes) -> bool:
    return local(parse(content)) in ("EnvioDTE", "EnvioBOLETA")


def documents_of(path: Path) -> list[Document]:
    texts = cut(path.read_bytes(), b"DTE")
    return [Document(path.name if len(texts) == 1 else f"{path.name}#{k}", text) for k, text in enumerate(texts, 1)]


def given_files() -> list[Path]:
    """The .xml files under the files and folders of TIMBRE_DOCUMENTS (separated as in PATH)."""
    files: list[Path] = []
    for place in filter(None, os.environ.get("TIMBRE_DOCUMENTS", "").split(os.pathsep)):
        files += [Path(place)] if Path(place).is_file() else sorted(Path(place).rglob("*.xml"))
    # A CAF or an answer of the SII may lie beside the documents; only what holds a DTE is judged here.
    return [f for f in files if cut(f.read_bytes(), b"DTE")]
