"""The sums of our golden documents beside those that PyPI facturacion-electronica makes of the same lines.

It is a program that people issue with, so that each difference is worth a reason: all of them stand in
differences.txt, with who is right and by which source, and no other may be.
"""

from pathlib import Path
from typing import Any

import pytest
from facturacion_electronica.documento import Documento
from lxml import etree

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parents[1] / "crates" / "chile" / "tests" / "golden"
FILES = sorted(GOLDEN.glob("*/*.xml"))
FILES = [file for file in FILES if file.parent.name != "keys"]
BOLETAS = {"39", "41"}
COMPARED = ("MntNeto", "MntExe", "IVA", "MntTotal", "MontoNF", "MontoPeriodo", "TotalPeriodo", "CredEC")


def local(element: Any) -> str:
    return etree.QName(element).localname


def texts(element: Any) -> dict[str, Any]:
    """The leaves of an element; a code that may stand twice is a list."""
    said: dict[str, Any] = {local(child): child.text for child in element if len(child) == 0}
    codes = [child.text for child in element if local(child) == "CodImpAdic"]
    return {**said, "CodImpAdic": codes} if codes else said


def rates(document: Any) -> dict[str, float]:
    return {t.findtext("{*}TipoImp"): float(t.findtext("{*}TasaImp")) for t in document.iter("{*}ImptoReten")}


def line(detail: Any, tipo: str, gross: bool, rate: dict[str, float]) -> dict[str, Any]:
    said = texts(detail)
    made: dict[str, Any] = {"NroLinDet": int(said["NroLinDet"]), "NmbItem": said["NmbItem"]}
    if "IndExe" in said:
        made["IndExe"] = int(said["IndExe"])
    elif tipo in ("34", "41"):
        made["IndExe"] = 1
    # What has only a value is one of that price.
    made["QtyItem"] = float(said.get("QtyItem", 1))
    made["PrcItem"] = float(said.get("PrcItem", said["MontoItem"]))
    for tag in ("DescuentoMonto", "RecargoMonto"):
        if tag in said:
            made[tag] = float(said[tag])
    if "IndExe" not in made:
        made["Impuesto"] = [{"CodImp": 14, "TasaImp": 19, "price_include": gross}]
        made["Impuesto"] += [{"CodImp": int(code), "TasaImp": rate[code]} for code in said.get("CodImpAdic", [])]
    return made


def theirs(document: Any) -> dict[str, int]:
    body = next(child for child in document if local(child) == "Documento")
    header = body.find("{*}Encabezado")
    tipo = header.findtext("{*}IdDoc/{*}TipoDTE")
    # Prices of a boleta are with IVA unless it says otherwise; those of the rest only when they say so.
    said = header.findtext("{*}IdDoc/{*}IndMntNeto") if tipo in BOLETAS else header.findtext("{*}IdDoc/{*}MntBruto")
    gross = (said is None) if tipo in BOLETAS else (said == "1")
    rate = rates(body)
    asked: dict[str, Any] = {
        "Encabezado": {"IdDoc": {"TipoDTE": int(tipo), "Folio": 1, "MntBruto": gross}, "Receptor": {}},
        "moneda_decimales": 0,
        "Detalle": [line(d, tipo, gross, rate) for d in body.iterfind("{*}Detalle")],
    }
    globals_ = [texts(g) for g in body.iterfind("{*}DscRcgGlobal")]
    if globals_:
        # Its IndExeDR is a yes or no.
        asked["DscRcgGlobal"] = [{**g, "IndExeDR": int(g.get("IndExeDR", 1 if tipo in ("34", "41") else 0))} for g in globals_]
    made = Documento(asked)
    made.TasaIVA = 19
    totals = dict(made.Totales)
    taxes = {f"ImptoReten {t['ImptoReten']['TipoImp']}": int(t["ImptoReten"]["MontoImp"]) for t in totals.pop("itemsImptoReten", [])}
    return {tag: int(totals[tag]) for tag in COMPARED if tag in totals and totals[tag]} | taxes


def ours(document: Any) -> dict[str, int]:
    totals = next(document.iter("{*}Totales"))
    said = {tag: int(totals.findtext("{*}" + tag)) for tag in COMPARED if totals.findtext("{*}" + tag) not in (None, "0")}
    taxes = {f"ImptoReten {t.findtext('{*}TipoImp')}": int(t.findtext("{*}MontoImp")) for t in totals.iterfind("{*}ImptoReten")}
    return said | taxes


def differences(file: Path) -> list[str]:
    document = etree.parse(str(file)).getroot()
    mine, other = ours(document), theirs(document)
    return [
        f"{file.parent.name}/{file.stem}: {tag}: {mine.get(tag)} {other.get(tag)}"
        for tag in sorted(mine.keys() | other.keys())
        if mine.get(tag) != other.get(tag)
    ]


def listed() -> dict[str, str]:
    """Each difference with the reason above it."""
    reason, known = "", {}
    for text in (HERE / "differences.txt").read_text(encoding="utf-8").splitlines():
        if text.startswith("#"):
            reason = text
        elif text.strip():
            assert reason.strip("# "), f"no reason is given for {text}"
            known[text] = reason
    return known


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_each_difference_has_its_reason(file: Path) -> None:
    known = [text for text in listed() if text.startswith(f"{file.parent.name}/{file.stem}: ")]
    assert sorted(differences(file)) == sorted(known)


def test_most_documents_come_to_the_same() -> None:
    assert len(FILES) > 50
    agreeing = [file for file in FILES if not differences(file)]
    assert len(agreeing) >= len(FILES) * 2 // 3, len(agreeing)
