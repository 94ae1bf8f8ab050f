//! The elements of facturas, guías and notes: schema DTE_v10, `Documento`, in its order. What only some
//! types may hold is marked so by the table of obligations of formato DTE 2.4.2 (2.3), which is stricter
//! than the schema: the second look knows such an element, a sale of another type may not say it.

use super::{
    By, CODE, EXPORTS, Field, GLOBAL, MOST_12_6, MOST_14_4, MOST_16_2, PLACE, Shape, amount, date, decimal,
    field, group, moment, one_of, percent, rut, text, value, whole,
};

mod goods;

pub(super) use goods::GUIA_EXPORT;
use goods::{ADUANA, MADERA};

/// A factura de compra, which the schema knows and nobody here issues yet.
const PURCHASE: &[u16] = &[46];
const LIQUIDACION: &[u16] = &[43];
const GUIA: &[u16] = &[52];
const CREDIT_NOTE: &[u16] = &[61];
/// What is sold, and what carries it.
const SALES: &[u16] = &[33, 34, 46, 52];
/// All but guías.
const NO_GUIA: &[u16] = &[33, 34, 46, 56, 61];
/// All but the factura exenta, which knows no tax.
const TAXED: &[u16] = &[33, 46, 52, 56, 61];

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
    // In guías the tables of the format contradict each other (2.3 says no, the field's text yes).
    group("DscRcgGlobal", GLOBAL).up_to(20).only(NO_GUIA),
    group("Referencia", REFERENCIA).up_to(40),
    group("GeoRefEmision", PLACE),
    group("ManejoMadera", MADERA).only(&[33, 52]),
    field("Comisiones", Shape::Markup).up_to(20).only(LIQUIDACION),
    field("TED", Shape::Markup).must().by(By::Timbre),
    moment("TmstFirma").must().by(By::Timbre),
];

static ENCABEZADO: &[Field] = &[
    group("IdDoc", ID_DOC).must(),
    group("Emisor", EMISOR).must().by(By::Timbre),
    rut("RUTMandante").only(&[33, 34, 52, 56, 61]),
    group("Receptor", RECEPTOR).must(),
    rut("RUTSolicita").only(NO_GUIA),
    group("Transporte", TRANSPORTE).only(SALES),
    group("Totales", TOTALES).must(),
    field("OtraMoneda", Shape::Markup).only(EXPORTS),
];

static ID_DOC: &[Field] = &[
    one_of("TipoDTE", &["33", "34", "46", "52", "56", "61"]).must(),
    whole("Folio", 1, 9_999_999_999).must().by(By::Timbre),
    field("FchEmis", FIRST_DAY).must(),
    one_of("IndNoRebaja", &["1"]).only(CREDIT_NOTE),
    one_of("TipoDespacho", &["1", "2", "3"]).only(SALES),
    one_of("IndTraslado", &["1", "2", "3", "4", "5", "6", "7", "8", "9"]).only(GUIA),
    one_of("TpoImpresion", &["N", "T"]).only(GUIA),
    one_of("IndServicio", &["1", "2", "3"]).only(NO_GUIA),
    one_of("MntBruto", &["1"]).only(NO_GUIA),
    one_of("TpoTranCompra", &["1", "2", "3", "4", "5", "6", "7"]).only(SALES),
    one_of("TpoTranVenta", &["1", "2", "3", "4"]).only(&[33, 34, 46, 52, 61]),
    one_of("FmaPago", &["1", "2", "3"]),
    whole("FmaPagExp", 1, 99).only(EXPORTS),
    date("FchCancel"),
    amount("MntCancel"),
    amount("SaldoInsol"),
    group("MntPagos", PAYMENT).up_to(30),
    date("PeriodoDesde"),
    date("PeriodoHasta"),
    one_of("MedioPago", &["CH", "LT", "EF", "PE", "TC", "CF", "OT"]).only(NO_GUIA),
    one_of("TpoCtaPago", &["AHORRO", "CORRIENTE", "VISTA"]),
    text("NumCtaPago", 20),
    text("BcoPago", 40),
    text("TermPagoCdg", 4),
    text("TermPagoGlosa", 100),
    whole("TermPagoDias", 1, 999),
    date("FchVenc").only(NO_GUIA),
    one_of("TipoFactEsp", &["1"]).only(&[33, 61]),
];

static PAYMENT: &[Field] = &[date("FchPago").must(), amount("MntPago").must(), text("GlosaPagos", 40)];

static EMISOR: &[Field] = &[
    rut("RUTEmisor").must(),
    name("RznSoc", 100).must(),
    name("GiroEmis", 80).must(),
    text("Telefono", 20).up_to(2),
    text("CorreoEmisor", 80),
    whole("Acteco", 1, 999_999).must().up_to(4),
    group("GuiaExport", GUIA_EXPORT).only(GUIA),
    text("Sucursal", 20),
    whole("CdgSIISucur", 1, 999_999_999),
    text("DirOrigen", 70),
    text("CmnaOrigen", 20),
    text("CiudadOrigen", 20),
    text("CdgVendedor", 60),
    text("IdAdicEmisor", 20),
    // Who supplied timber (formato DTE 2.4.2), beside ManejoMadera.
    rut("RUTProveedor").only(&[33, 52]),
    text("RznSocProveedor", 100).only(&[33, 52]),
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
    group("Aduana", ADUANA).only(GUIA),
    field("FchSalida", FIRST_DAY),
    field("HraSalida", Shape::Hour),
    field("FchLlegada", FIRST_DAY),
];

static DRIVER: &[Field] = &[rut("RUTChofer").must(), text("NombreChofer", 30).must()];

static TOTALES: &[Field] = &[
    amount("MntNeto"),
    amount("MntExe"),
    amount("MntBase").only(TAXED),
    amount("MntMargenCom").only(TAXED),
    percent("TasaIVA"),
    amount("IVA"),
    amount("IVAProp").only(TAXED),
    amount("IVATerc").only(TAXED),
    group("ImptoReten", IMPTO_RETEN).up_to(20).only(TAXED),
    positive("IVANoRet").only(PURCHASE),
    amount("CredEC").only(&[33, 56, 61]),
    amount("GrntDep"),
    field("Comisiones", Shape::Markup).only(LIQUIDACION),
    amount("MntTotal").must(),
    value("MontoNF"),
    value("MontoPeriodo"),
    value("SaldoAnterior"),
    value("VlrPagar"),
];

static IMPTO_RETEN: &[Field] = &[
    one_of("TipoImp", TAX_CODES).must(),
    field("TasaImp", Shape::Decimal { decimals: 2, zero: false, most: 100_000_000 }),
    value("MontoImp").must(),
];

/// `ImpAdicDTEType`.
const TAX_CODES: &[&str] = &[
    "14", "15", "16", "17", "18", "19", "23", "24", "25", "26", "27", "28", "30", "31", "32", "33", "34",
    "35", "36", "37", "38", "39", "40", "41", "44", "45", "46", "47", "48", "49", "50", "51", "52", "53",
    "54", "55", "271", "301", "321", "331", "341", "361", "371", "481",
];

/// Who keeps a tax back, and the bases that are not a line's own value.
static RETENEDOR: &[Field] = &[
    one_of("IndAgente", &["R"]).must(),
    amount("MntBaseFaena"),
    amount("MntMargComer"),
    amount("PrcConsFinal"),
];

static DETALLE: &[Field] = &[
    whole("NroLinDet", 1, 99).must(),
    group("CdgItem", CODE).up_to(5),
    one_of("IndExe", &["1", "2", "3", "4", "5", "6"]),
    group("Retenedor", RETENEDOR).only(TAXED),
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
    one_of("CodImpAdic", TAX_CODES).up_to(2).only(TAXED),
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
    // Whose the document is when it is not the issuer's (formato DTE 2.4.2, referencia, campo 5).
    rut("RUTOtr").only(&[46, 56, 61]),
    date("FchRef").must(),
    one_of("CodRef", &["1", "2", "3"]),
    text("RazonRef", 90),
];
