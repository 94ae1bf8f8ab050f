"""A client we did not write against our simulator: PyPI facturacion-electronica logs in, sends a factura and a boleta
of its own making, and reads their states. Its code is not changed; only the addresses it calls are.

It lives on the real SII with a login that is not the manual's (no prolog, no <item> or one with an ID, a digest over
all but the signature, RSA-SHA256 under the name of rsa-sha1), with dates that have hyphens and with files without
`.xml`. The simulator accepts that unless it is told to accept `--official-only`, which the last test does.
"""

import base64
import copy
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from facturacion_electronica import conexion
from facturacion_electronica.conexion import Conexion
from facturacion_electronica.documento import Documento
from facturacion_electronica.emisor import Emisor
from facturacion_electronica.envio import Envio
from facturacion_electronica.firma import Firma
from simulator import Simulator

# It stamps in the machine's own zone; its till stands in Chile (written out, as zones' names may not be installed).
os.environ["TZ"] = "<-04>4<-03>,M9.1.6/24,M4.1.6/24"
time.tzset()

PASSWORD = "clave"
# It takes the first child of the first child for what it asked: the body has to stand first, where the OAS prints
# the header first.
SHAPE = "name = \"foreign\"\n[rest]\ntoken_body_first = true\n"


def aim(running: Simulator) -> None:
    for table, host, path in (
        (conexion.server_url, "dte", "/"),
        (conexion.api_url, "boleta_query", "/recursos/v1/"),
        (conexion.api_url_envio, "boleta_upload", "/recursos/v1/"),
    ):
        table["certificacion"] = running.hosts[host] + path


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    running = Simulator()
    running.scenario(SHAPE)
    aim(running)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def issuer(simulator: Simulator) -> dict[str, Any]:
    company = simulator.company()
    return {
        "RUTEmisor": company["rut"],
        "RznSoc": company["name"],
        "GiroEmis": company["giro"],
        "Actecos": [company["acteco"]],
        "DirOrigen": company["address"],
        "CmnaOrigen": company["comuna"],
        "CiudadOrigen": company["city"],
        "Modo": "certificacion",
        "FchResol": company["resolution_date"],
        "NroResol": company["resolution_number"],
        "ValorIva": 19,
    }


@pytest.fixture(scope="module")
def signature(simulator: Simulator) -> dict[str, Any]:
    pfx = simulator.certificate(PASSWORD)
    return {
        "string_firma": base64.b64encode(pfx).decode(),
        "string_password": PASSWORD,
        "init_signature": True,
        "rut_firmante": "11111111-1",
    }


FACTURA = {
    "NroDTE": 1,
    "Encabezado": {
        "IdDoc": {"TipoDTE": 33, "Folio": 5, "FmaPago": 1},
        "Receptor": {
            "RUTRecep": "77777777-7",
            "RznSocRecep": "Panaderia del Barrio Ltda",
            "GiroRecep": "Elaboracion de pan",
            "DirRecep": "Calle Uno 1",
            "CmnaRecep": "Santiago",
            "CiudadRecep": "Santiago",
        },
    },
    "Detalle": [
        {"NroLinDet": 1, "NmbItem": "Harina 25 kg", "QtyItem": 2, "PrcItem": 10000, "Impuesto": [{"CodImp": 14, "TasaImp": 19}]}
    ],
}

BOLETA = {
    "NroDTE": 1,
    "Encabezado": {
        "IdDoc": {"TipoDTE": 39, "Folio": 7, "IndServicio": 3},
        "Receptor": {"RUTRecep": "66666666-6", "RznSocRecep": "CONSUMIDOR FINAL"},
    },
    "Detalle": [
        {
            "NroLinDet": 1,
            "NmbItem": "Pan amasado",
            "QtyItem": 2,
            "PrcItem": 1190,
            # Boletas have shelf prices.
            "Impuesto": [{"CodImp": 14, "TasaImp": 19, "price_include": True}],
        }
    ],
}


def send(
    simulator: Simulator, issuer: dict[str, Any], signature: dict[str, Any], tipo: int, sale: dict[str, Any]
) -> tuple[dict[str, Any], Envio]:
    caf = base64.b64encode(simulator.caf(tipo, 1, 100)).decode()
    envio = Envio(
        {
            "Emisor": copy.deepcopy(issuer),
            "firma_electronica": copy.deepcopy(signature),
            "Documento": [{"TipoDTE": tipo, "caf_file": [caf], "documentos": [copy.deepcopy(sale)]}],
        }
    )
    return envio.do_dte_send(), envio


def login(issuer: dict[str, Any], signature: dict[str, Any], api: bool) -> object:
    return Conexion(Emisor(copy.deepcopy(issuer)), Firma(copy.deepcopy(signature)), api).token


@pytest.mark.parametrize("api", [False, True])
def test_it_gets_a_token(simulator: Simulator, issuer: dict[str, Any], signature: dict[str, Any], api: bool) -> None:
    assert len(str(login(issuer, signature, api))) == 13


def test_its_factura_is_accepted_and_its_state_is_read(
    simulator: Simulator, issuer: dict[str, Any], signature: dict[str, Any]
) -> None:
    result, envio = send(simulator, issuer, signature, 33, FACTURA)
    assert result["status"] == "Enviado", result.get("errores")
    document = simulator.document("T33F5")
    assert (document["verdict"], document["reasons"]) == ("accepted", [])
    state = envio.conexion.consulta_estado_envio(result["sii_send_ident"])
    assert "<ACEPTADOS>1</ACEPTADOS>" in state["xml_resp"]
    assert "<ESTADO>DOK</ESTADO>" in envio.conexion.consulta_estado_dte(envio.Documento[0])["xml_resp"]
    assert envio.conexion.reenvio_correo_envio(result["sii_send_ident"])["glosa"] == "Requerimiento recibido OK"


def test_its_boleta_is_accepted_and_its_state_is_read(
    simulator: Simulator, issuer: dict[str, Any], signature: dict[str, Any]
) -> None:
    result, envio = send(simulator, issuer, signature, 39, BOLETA)
    assert result["estado_sii"] == "REC", result.get("errores")
    document = simulator.document("T39F7")
    assert (document["verdict"], document["reasons"]) == ("accepted", [])
    state = envio.conexion.consulta_estado_envio(result["sii_send_ident"])
    assert state["detalles"] == [{"tipo": 39, "informados": 1, "aceptados": 1, "rechazados": 0, "reparos": 0}]
    assert '"codigo":"DOK"' in envio.conexion.consulta_estado_dte(envio.Documento[0])["xml_resp"]


def test_net_prices_under_the_name_of_gross_ones_are_refused(
    simulator: Simulator, issuer: dict[str, Any], signature: dict[str, Any]
) -> None:
    """Without `price_include` it adds the IVA to prices of a boleta that does not say IndMntNeto: HED-3-211."""
    sale = copy.deepcopy(BOLETA)
    sale["Encabezado"]["IdDoc"]["Folio"] = 8
    del sale["Detalle"][0]["Impuesto"][0]["price_include"]
    send(simulator, issuer, signature, 39, sale)
    document = simulator.document("T39F8")
    assert document["verdict"] == "rejected"
    assert all("(HED-3-211)" in reason for reason in document["reasons"]), document["reasons"]


@pytest.mark.parametrize("api", [False, True])
def test_its_login_is_not_the_manuals(issuer: dict[str, Any], signature: dict[str, Any], api: bool) -> None:
    strict = Simulator("--official-only")
    try:
        strict.scenario(SHAPE)
        aim(strict)
        # It reads the first thing in the answer; here that is the code of the failure: 05 on REST, where it writes
        # the prolog, 11 on SOAP, where it does not.
        assert login(issuer, signature, api) == ("05" if api else "11")
    finally:
        strict.stop()
