//! The elements of a boleta (39): schema EnvioBOLETA_v11, `BOLETADefType`, in its order. Obligations
//! that the schema leaves open (formato boletas 4.2) are rules, not rows.

use super::{
    By, CODE, Field, GLOBAL, MOST_12_6, MOST_16_2, PLACE, Shape, amount, date, decimal, field, group, moment,
    one_of, rut, text, value, whole,
};

/// Dates of boletas begin on 2002-08-01 (formato boletas 4.2, campo 3).
const FIRST_DAY: Shape = Shape::Date { from: (2002, 8, 1) };

/// Tickets begin on 2010-03-10 (schema EnvioBOLETA_v11, InfoTicket).
const TICKET_DAY: Shape = Shape::Moment { from: (2010, 3, 10) };

/// From 0 to 100, unlike the factura's.
const fn percent(tag: &'static str) -> Field {
    field(tag, Shape::Decimal { decimals: 2, zero: true, most: 100_000_000 })
}

const fn subtotal(tag: &'static str) -> Field {
    decimal(tag, 2, MOST_16_2)
}

pub static DOCUMENTO: &[Field] = &[
    group("Encabezado", ENCABEZADO).must(),
    group("Detalle", DETALLE).up_to(1000),
    group("SubTotInfo", SUBTOTAL).up_to(20),
    group("DscRcgGlobal", GLOBAL).up_to(20),
    group("Referencia", REFERENCIA).up_to(40),
    group("GeoRefEmision", PLACE),
    field("TED", Shape::Markup).must().by(By::Timbre),
    moment("TmstFirma").must().by(By::Timbre),
];

static ENCABEZADO: &[Field] = &[
    group("IdDoc", ID_DOC).must(),
    group("Emisor", EMISOR).must().by(By::Timbre),
    group("Receptor", RECEPTOR).must(),
    rut("RUTProvSW"),
    group("Totales", TOTALES).must(),
];

static ID_DOC: &[Field] = &[
    one_of("TipoDTE", &["39", "41"]).must(),
    whole("Folio", 1, 9_999_999_999).must().by(By::Timbre),
    field("FchEmis", FIRST_DAY).must(),
    one_of("IndServicio", &["1", "2", "3", "4"]).must(),
    one_of("IndMntNeto", &["2"]),
    date("PeriodoDesde"),
    date("PeriodoHasta"),
    date("FchVenc"),
    one_of("MedioPago", &["1", "2", "3", "4", "5"]),
];

static EMISOR: &[Field] = &[
    rut("RUTEmisor").must(),
    text("RznSocEmisor", 100),
    text("GiroEmisor", 80),
    whole("CdgSIISucur", 1, 999_999_999),
    text("DirOrigen", 70),
    text("CmnaOrigen", 20),
    text("CiudadOrigen", 20),
];

static RECEPTOR: &[Field] = &[
    field("RUTRecep", Shape::RutOrNone).must(),
    text("CdgIntRecep", 20),
    text("RznSocRecep", 100),
    text("Contacto", 80),
    text("CorreoRecep", 80),
    text("TelefonoRecep", 20),
    text("DirRecep", 70),
    text("CmnaRecep", 20),
    text("CiudadRecep", 20),
    text("DirPostal", 70),
    text("CmnaPostal", 20),
    text("CiudadPostal", 20),
];

static TOTALES: &[Field] = &[
    amount("MntNeto"),
    amount("MntExe"),
    amount("IVA"),
    amount("MntTotal").must(),
    value("MontoNF"),
    value("TotalPeriodo"),
    value("SaldoAnterior"),
    value("VlrPagar"),
];

static DETALLE: &[Field] = &[
    whole("NroLinDet", 1, 1000).must(),
    group("CdgItem", CODE).up_to(5),
    one_of("IndExe", &["1", "2", "6"]),
    one_of("ItemEspectaculo", &["01", "02"]),
    rut("RUTMandante"),
    field("NmbItem", Shape::Text { least: 1, most: 80 }).must(),
    group("InfoTicket", TICKET),
    text("DscItem", 1000),
    decimal("QtyItem", 6, MOST_12_6),
    text("UnmdItem", 4),
    decimal("PrcItem", 6, MOST_12_6),
    percent("DescuentoPct"),
    amount("DescuentoMonto"),
    percent("RecargoPct"),
    amount("RecargoMonto"),
    amount("MontoItem").must(),
];

static TICKET: &[Field] = &[
    whole("FolioTicket", 1, 999_999).must(),
    field("FchGenera", TICKET_DAY).must(),
    text("NmbEvento", 80).must(),
    text("TpoTicket", 10).must(),
    text("CdgEvento", 5).must(),
    field("FchEvento", TICKET_DAY).must(),
    text("LugarEvento", 80).must(),
    text("UbicEvento", 20).must(),
    text("FilaUbicEvento", 3),
    text("AsntoUbicEvento", 3),
];

static SUBTOTAL: &[Field] = &[
    whole("NroSTI", 1, 20).must(),
    text("GlosaSTI", 80),
    whole("OrdenSTI", 1, 99),
    subtotal("SubTotNetoSTI"),
    subtotal("SubTotIVASTI"),
    subtotal("SubTotAdicSTI"),
    subtotal("SubTotExeSTI"),
    subtotal("ValSubtotSTI"),
    whole("LineasDeta", 1, 1000).up_to(1000),
];

/// `CodRef` is free text here, not the 1, 2, 3 of a note.
static REFERENCIA: &[Field] = &[
    whole("NroLinRef", 1, 40).must(),
    text("TpoDocRef", 3),
    text("FolioRef", 18),
    text("CodRef", 18),
    text("RazonRef", 90),
    text("CodVndor", 8),
    text("CodCaja", 8),
];
