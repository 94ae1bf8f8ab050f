//! The elements of a factura (33): schema DTE_v10, `Documento`, in its order. What other types alone
//! may hold is marked so, for the second look knows it and a sale may not say it.

use super::{
    By, CODE, Field, GLOBAL, MOST_12_6, MOST_14_4, MOST_16_2, PLACE, Shape, amount, date, decimal, field,
    group, moment, one_of, percent, rut, text, value, whole,
};

/// Dates of documents begin on 2003-04-01 (formato DTE 2.4.2, campo 3).
const FIRST_DAY: Shape = Shape::Date { from: (2003, 4, 1) };

/// `MntImpType`: positive.
const fn positive(tag: &'static str) -> Field {
    whole(tag, 1, crate::money::MOST)
}

const fn subtotal(tag: &'static str) -> Field {
    decimal(tag, 2, MOST_16_2)
}

const fn name(tag: &'static str, most: usize) -> Field {
    field(tag, Shape::Text { least: 1, most })
}

pub static DOCUMENTO: &[Field] = &[
    group("Encabezado", ENCABEZADO).must(),
    group("Detalle", DETALLE).must().up_to(60),
    group("SubTotInfo", SUBTOTAL).up_to(20),
    group("DscRcgGlobal", GLOBAL).up_to(20),
    group("Referencia", REFERENCIA).up_to(40),
    group("GeoRefEmision", PLACE),
    field("ManejoMadera", Shape::Markup).by(By::OtherTypes),
    field("Comisiones", Shape::Markup).up_to(20).by(By::OtherTypes),
    field("TED", Shape::Markup).must().by(By::Timbre),
    moment("TmstFirma").must().by(By::Timbre),
];

static ENCABEZADO: &[Field] = &[
    group("IdDoc", ID_DOC).must(),
    group("Emisor", EMISOR).must().by(By::Timbre),
    rut("RUTMandante"),
    group("Receptor", RECEPTOR).must(),
    rut("RUTSolicita"),
    group("Transporte", TRANSPORTE),
    group("Totales", TOTALES).must(),
    field("OtraMoneda", Shape::Markup).by(By::OtherTypes),
];

static ID_DOC: &[Field] = &[
    one_of("TipoDTE", &["33", "34", "46", "52", "56", "61"]).must(),
    whole("Folio", 1, 9_999_999_999).must().by(By::Timbre),
    field("FchEmis", FIRST_DAY).must(),
    one_of("IndNoRebaja", &["1"]).by(By::OtherTypes),
    one_of("TipoDespacho", &["1", "2", "3"]),
    one_of("IndTraslado", &["1", "2", "3", "4", "5", "6", "7", "8", "9"]).by(By::OtherTypes),
    one_of("TpoImpresion", &["N", "T"]).by(By::OtherTypes),
    one_of("IndServicio", &["1", "2", "3"]),
    one_of("MntBruto", &["1"]),
    one_of("TpoTranCompra", &["1", "2", "3", "4", "5", "6", "7"]),
    one_of("TpoTranVenta", &["1", "2", "3", "4"]),
    one_of("FmaPago", &["1", "2", "3"]),
    whole("FmaPagExp", 1, 99).by(By::OtherTypes),
    date("FchCancel"),
    amount("MntCancel"),
    amount("SaldoInsol"),
    group("MntPagos", PAYMENT).up_to(30),
    date("PeriodoDesde"),
    date("PeriodoHasta"),
    one_of("MedioPago", &["CH", "LT", "EF", "PE", "TC", "CF", "OT"]),
    one_of("TpoCtaPago", &["AHORRO", "CORRIENTE", "VISTA"]),
    text("NumCtaPago", 20),
    text("BcoPago", 40),
    text("TermPagoCdg", 4),
    text("TermPagoGlosa", 100),
    whole("TermPagoDias", 1, 999),
    date("FchVenc"),
    one_of("TipoFactEsp", &["1"]),
];

static PAYMENT: &[Field] = &[date("FchPago").must(), amount("MntPago").must(), text("GlosaPagos", 40)];

static EMISOR: &[Field] = &[
    rut("RUTEmisor").must(),
    name("RznSoc", 100).must(),
    name("GiroEmis", 80).must(),
    text("Telefono", 20).up_to(2),
    text("CorreoEmisor", 80),
    whole("Acteco", 1, 999_999).must().up_to(4),
    field("GuiaExport", Shape::Markup).by(By::OtherTypes),
    text("Sucursal", 20),
    whole("CdgSIISucur", 1, 999_999_999),
    text("DirOrigen", 70),
    text("CmnaOrigen", 20),
    text("CiudadOrigen", 20),
    text("CdgVendedor", 60),
    text("IdAdicEmisor", 20),
    rut("RUTProveedor").by(By::OtherTypes),
    text("RznSocProveedor", 100).by(By::OtherTypes),
];

static RECEPTOR: &[Field] = &[
    rut("RUTRecep").must(),
    text("CdgIntRecep", 20),
    name("RznSocRecep", 100).must(),
    group("Extranjero", FOREIGNER),
    text("GiroRecep", 40),
    text("Contacto", 80),
    text("CorreoRecep", 80),
    text("DirRecep", 70),
    text("CmnaRecep", 20),
    text("CiudadRecep", 20),
    text("DirPostal", 70),
    text("CmnaPostal", 20),
    text("CiudadPostal", 20),
];

static FOREIGNER: &[Field] = &[text("NumId", 20), text("Nacionalidad", 3), one_of("TipoDocID", &["1", "2"])];

static TRANSPORTE: &[Field] = &[
    text("Patente", 8),
    text("PatenteCarro", 8),
    rut("RUTTrans"),
    group("Chofer", DRIVER),
    text("DirDest", 70),
    text("CmnaDest", 20),
    text("CiudadDest", 20),
    field("Aduana", Shape::Markup).by(By::OtherTypes),
    field("FchSalida", FIRST_DAY),
    field("HraSalida", Shape::Hour),
    field("FchLlegada", FIRST_DAY),
];

static DRIVER: &[Field] = &[rut("RUTChofer").must(), text("NombreChofer", 30).must()];

static TOTALES: &[Field] = &[
    amount("MntNeto"),
    amount("MntExe"),
    amount("MntBase").by(By::OtherTypes),
    amount("MntMargenCom").by(By::OtherTypes),
    percent("TasaIVA"),
    amount("IVA"),
    amount("IVAProp").by(By::OtherTypes),
    amount("IVATerc").by(By::OtherTypes),
    field("ImptoReten", Shape::Markup).up_to(20).by(By::AdditionalTax),
    positive("IVANoRet").by(By::OtherTypes),
    amount("CredEC").by(By::OtherTypes),
    amount("GrntDep"),
    field("Comisiones", Shape::Markup).by(By::OtherTypes),
    amount("MntTotal").must(),
    value("MontoNF"),
    value("MontoPeriodo"),
    value("SaldoAnterior"),
    value("VlrPagar"),
];

static DETALLE: &[Field] = &[
    whole("NroLinDet", 1, 99).must(),
    group("CdgItem", CODE).up_to(5),
    one_of("IndExe", &["1", "2", "3", "4", "5", "6"]),
    field("Retenedor", Shape::Markup).by(By::AdditionalTax),
    name("NmbItem", 80).must(),
    text("DscItem", 1000),
    decimal("QtyRef", 6, MOST_12_6),
    text("UnmdRef", 4),
    decimal("PrcRef", 6, MOST_12_6),
    decimal("QtyItem", 6, MOST_12_6),
    group("Subcantidad", PART).up_to(5),
    date("FchElabor"),
    date("FchVencim"),
    text("UnmdItem", 4),
    decimal("PrcItem", 6, MOST_12_6),
    group("OtrMnda", OTHER_CURRENCY),
    percent("DescuentoPct"),
    positive("DescuentoMonto"),
    group("SubDscto", PART_OFF).up_to(5),
    percent("RecargoPct"),
    positive("RecargoMonto"),
    group("SubRecargo", PART_ON).up_to(5),
    whole("CodImpAdic", 10, 999).up_to(2).by(By::AdditionalTax),
    amount("MontoItem").must(),
];

static PART: &[Field] = &[decimal("SubQty", 6, MOST_12_6).must(), text("SubCod", 35).must()];

static OTHER_CURRENCY: &[Field] = &[
    decimal("PrcOtrMon", 6, MOST_12_6).must(),
    text("Moneda", 3).must(),
    decimal("FctConv", 4, 999_999_999_900),
    decimal("DctoOtrMnda", 4, MOST_14_4),
    decimal("RecargoOtrMnda", 4, MOST_14_4),
    decimal("MontoItemOtrMnda", 4, MOST_14_4),
];

static PART_OFF: &[Field] =
    &[one_of("TipoDscto", &["%", "$"]).must(), decimal("ValorDscto", 2, MOST_16_2).must()];

static PART_ON: &[Field] =
    &[one_of("TipoRecargo", &["%", "$"]).must(), decimal("ValorRecargo", 2, MOST_16_2).must()];

static SUBTOTAL: &[Field] = &[
    whole("NroSTI", 1, 99).must(),
    text("GlosaSTI", 40).must(),
    whole("OrdenSTI", 1, 99),
    subtotal("SubTotNetoSTI"),
    subtotal("SubTotIVASTI"),
    subtotal("SubTotAdicSTI"),
    subtotal("SubTotExeSTI"),
    subtotal("ValSubtotSTI"),
    whole("LineasDeta", 1, 60).up_to(60),
];

static REFERENCIA: &[Field] = &[
    whole("NroLinRef", 1, 99).must(),
    name("TpoDocRef", 3).must(),
    one_of("IndGlobal", &["1"]),
    name("FolioRef", 18).must(),
    // Notes and facturas de compra (formato DTE 2.4.2, referencia, campo 5).
    rut("RUTOtr").by(By::OtherTypes),
    date("FchRef").must(),
    one_of("CodRef", &["1", "2", "3"]),
    text("RazonRef", 90),
];
