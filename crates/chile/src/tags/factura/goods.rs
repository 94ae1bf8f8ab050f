//! What travels with goods: customs, timber, and a guía for export (schema DTE_v10, Aduana, ManejoMadera,
//! GuiaExport). A till's own; nothing here is added up.

use super::super::{
    Field, MOST_14_4, MOST_16_2, Shape, date, decimal, field, group, one_of, rut, text, whole,
};

const fn weight(tag: &'static str) -> Field {
    field(tag, Shape::Decimal { decimals: 2, zero: true, most: 99_999_999_990_000 })
}

const fn name(tag: &'static str, most: usize) -> Field {
    field(tag, Shape::Text { least: 1, most })
}

pub(in crate::tags) static GUIA_EXPORT: &[Field] =
    &[one_of("CdgTraslado", &["1", "2", "3", "4"]), whole("FolioAut", 0, 999_999), date("FchAut")];

pub(super) static ADUANA: &[Field] = &[
    whole("CodModVenta", 1, 99),
    whole("CodClauVenta", 1, 99),
    decimal("TotClauVenta", 2, MOST_16_2),
    whole("CodViaTransp", 1, 99),
    text("NombreTransp", 40),
    rut("RUTCiaTransp"),
    text("NomCiaTransp", 40),
    name("IdAdicTransp", 20),
    name("Booking", 20),
    name("Operador", 20),
    whole("CodPtoEmbarque", 1, 9_999),
    name("IdAdicPtoEmb", 20),
    whole("CodPtoDesemb", 1, 9_999),
    name("IdAdicPtoDesemb", 20),
    whole("Tara", 1, 9_999_999),
    whole("CodUnidMedTara", 1, 99),
    weight("PesoBruto"),
    whole("CodUnidPesoBruto", 1, 99),
    weight("PesoNeto"),
    whole("CodUnidPesoNeto", 1, 99),
    whole("TotItems", 1, crate::money::MOST),
    whole("TotBultos", 1, crate::money::MOST),
    group("TipoBultos", PACKAGES).up_to(10),
    decimal("MntFlete", 4, MOST_14_4),
    decimal("MntSeguro", 4, MOST_14_4),
    whole("CodPaisRecep", 1, 999),
    whole("CodPaisDestin", 1, 999),
];

static PACKAGES: &[Field] = &[
    whole("CodTpoBultos", 1, 999),
    whole("CantBultos", 1, 9_999_999_999),
    text("Marcas", 255),
    text("IdContainer", 25),
    text("Sello", 20),
    text("EmisorSello", 70),
];

pub(super) static MADERA: &[Field] = &[
    whole("ComunaRolOrigen", 1, 999_999).must(),
    whole("MnzRolOrigen", 1, 999_999).must(),
    whole("PrdRolOrigen", 1, 999_999).must(),
    whole("ComunaRolDestino", 1, 999_999),
    whole("MnzRolDestino", 1, 999_999),
    whole("PrdRolDestino", 1, 999_999),
    text("CodPlanConaf", 40).must(),
    text("AvisoEjecucionFaena", 40),
    text("LatitudOrigenMadera", 30).must(),
    text("LongitudOrigenMadera", 30).must(),
    text("LatitudDestinoMadera", 30),
    text("LongitudDestinoMadera", 30),
    whole("SistemareferenciaMadera", 1, 9).must(),
];
