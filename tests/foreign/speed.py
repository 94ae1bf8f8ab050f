"""What it costs facturacion-electronica to build, stamp and sign one boleta of three lines: milliseconds of CPU.

The same boleta, with the same keys, that the bench of Timbre makes; `./dev bench` sets one beside the other. What Timbre
does not do in that line is left out here too: the PFX is opened once, before, and the barcode is not drawn (the library
has no switch for it, so that its drawing is replaced by nothing). What it does with what is left is its own: it reads the
key's PEM and checks its XML by the schema each time.
"""

import base64
import copy
import io
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key, pkcs12
from cryptography.x509 import load_pem_x509_certificate
from facturacion_electronica import facturacion_electronica as fe
from facturacion_electronica.dte import DTE
from facturacion_electronica.signature_cert import SignatureCert

KEYS = Path(__file__).resolve().parents[2] / "crates" / "chile" / "tests" / "golden" / "keys"
PASSWORD = "clave"
TIMES = 20

key = load_pem_private_key((KEYS / "certificate-key.pem").read_bytes(), None)
certificate = load_pem_x509_certificate((KEYS / "certificate.pem").read_bytes())
pfx = pkcs12.serialize_key_and_certificates(b"prueba", key, certificate, None, BestAvailableEncryption(PASSWORD.encode()))

opened = SignatureCert({"string_firma": base64.b64encode(pfx).decode(), "string_password": PASSWORD, "init_signature": True})
assert not opened.errores, opened.errores


class NoPicture:
    def save(self, file: io.BytesIO, kind: str) -> None:
        pass


DTE.pdf417bc = lambda self, ted: NoPicture()

IVA = [{"CodImp": 14, "TasaImp": 19, "price_include": True}]
LINES = [("Pan amasado", 2, 350), ("Leche entera 1 l", 1, 1290), ("Te de hojas", 3, 990)]
ASKED = {
    "Emisor": {
        "RUTEmisor": "99999999-9", "RznSoc": "COMERCIAL", "GiroEmis": "Almacen", "Actecos": [472101], "DirOrigen": "Uno 1",
        "CmnaOrigen": "Santiago", "CiudadOrigen": "Santiago", "Modo": "certificacion", "FchResol": "2014-08-22", "NroResol": 0,
        "ValorIva": 19,
    },
    "firma_electronica": {
        "priv_key": opened.priv_key, "cert": opened.cert, "rut_firmante": "11111111-1", "init_signature": False,
    },
    "Documento": [{
        "TipoDTE": 39,
        "caf_file": [base64.b64encode((KEYS / "caf-39.xml").read_bytes()).decode()],
        "documentos": [{
            "NroDTE": 1,
            "Encabezado": {
                "IdDoc": {"TipoDTE": 39, "Folio": 7, "IndServicio": 3},
                "Receptor": {"RUTRecep": "66666666-6", "RznSocRecep": "CONSUMIDOR FINAL"},
            },
            "Detalle": [
                {"NroLinDet": n, "NmbItem": name, "QtyItem": quantity, "PrcItem": price, "Impuesto": IVA}
                for n, (name, quantity, price) in enumerate(LINES, 1)
            ],
        }],
    }],
}


def once() -> float:
    asked = copy.deepcopy(ASKED)
    begun = time.process_time()
    # It tells its troubles on the standard output.
    with redirect_stdout(io.StringIO()):
        made = fe.timbrar(asked)
    spent = time.process_time() - begun
    assert made and all("SignatureValue" in str(document) for document in made), made
    return spent


if __name__ == "__main__":
    once()
    spent = sorted(once() for _ in range(TIMES))
    print(f"{1000 * spent[TIMES // 2]:.1f}")
    sys.exit(0)
