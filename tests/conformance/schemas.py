"""The SII's own XSDs, taken out of an installed package and made equal to the SII's files, byte for byte.

Holds no opinion about documents: see oracle.py.

    python schemas.py DIR      writes them into DIR, or fails when a sum is not the pinned one
"""

import hashlib
import importlib.metadata
import sys
from pathlib import Path

# The schemas of DTE (as of 6 February 2026) and boleta, as the SII publishes them in ISO-8859-1.
PINNED = {
    "DTE_v10.xsd": "85518401b7dddac1bc0b7b99646a1ce353a4afa645344ea5f10af3a2e6676b37",
    "EnvioBOLETA_v11.xsd": "e0fbbaf70b0ac8ea2c0ac2310edac41bdd3773cef20fccf6d97e5b92ebeedaa9",
    "EnvioDTE_v10.xsd": "33ea8dd38c895c359dddbcd21feb5acf8a4717f7f67524a6b0dd9a83d76920eb",
    "SiiTypes_v10.xsd": "ce9a84bde70aa9d0f9269d99acd3b0ea81d868022517ac31064b6cdfa0c45bdf",
    "xmldsignature_v10.xsd": "427e3225cd379ae92bae464b892dbf964665af92d453ac61774cffab38b95edb",
}


def latin1(content: bytes) -> bytes:
    """`iconv -f UTF-8 -t ISO-8859-1`, where the file is UTF-8."""
    try:
        return content.decode("utf-8").encode("iso-8859-1")
    except UnicodeDecodeError:
        return content


def extract(folder: Path) -> None:
    shipped = importlib.metadata.distribution("facturacion-electronica").locate_file("facturacion_electronica/xsd")
    folder.mkdir(parents=True, exist_ok=True)
    for name, wanted in PINNED.items():
        content = latin1((Path(shipped) / name).read_bytes())
        found = hashlib.sha256(content).hexdigest()
        if found != wanted:
            raise SystemExit(f"{name}: SHA-256 {found}, pinned {wanted}")
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    extract(Path(sys.argv[1]))
    print(f"schemas: {len(PINNED)} XSDs equal the SII's, in {sys.argv[1]}")
