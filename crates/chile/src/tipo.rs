//! The types of document as data: names, how they travel, how soon. What stands in them is in `tags`.

use timbre_core::Weight;
use timbre_core::regime::{Kind, Term};

use crate::tags::{self, Field};

/// A type of document that Timbre issues. A new one is a row here and, where its schema differs, a table
/// of tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tipo {
    Boleta,
    Factura,
    FacturaExenta,
    BoletaExenta,
    Guia,
    NotaDebito,
    NotaCredito,
}

/// What the types of a family share: schema, envelope and conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// 39 and 41: EnvioBOLETA, over REST.
    Boleta,
    /// All else: EnvioDTE, over the upload of DTE.
    Dte,
}

/// What is plain data of a type.
struct Row {
    code: u16,
    series: &'static str,
    family: Family,
    /// As a shop says it.
    name: &'static str,
    /// The same in a sentence.
    noun: &'static str,
    /// As it stands on paper (manual de muestras impresas 4.0, 1.3; Res. Ex. 74/2020, G).
    title: &'static str,
}

const fn row(
    code: u16,
    series: &'static str,
    family: Family,
    name: &'static str,
    noun: &'static str,
    title: &'static str,
) -> Row {
    Row { code, series, family, name, noun, title }
}

#[rustfmt::skip]
static ROWS: [(Tipo, Row); 7] = [
    (Tipo::Boleta, row(39, "39", Family::Boleta, "Boleta", "una boleta", "BOLETA ELECTRÓNICA")),
    (Tipo::Factura, row(33, "33", Family::Dte, "Factura", "una factura", "FACTURA ELECTRÓNICA")),
    (Tipo::FacturaExenta, row(34, "34", Family::Dte, "Factura exenta", "una factura exenta", "FACTURA NO AFECTA O EXENTA ELECTRÓNICA")),
    (Tipo::BoletaExenta, row(41, "41", Family::Boleta, "Boleta exenta", "una boleta exenta", "BOLETA NO AFECTA O EXENTA ELECTRÓNICA")),
    (Tipo::Guia, row(52, "52", Family::Dte, "Guía de despacho", "una guía de despacho", "GUÍA DE DESPACHO ELECTRÓNICA")),
    (Tipo::NotaDebito, row(56, "56", Family::Dte, "Nota de débito", "una nota de débito", "NOTA DE DÉBITO ELECTRÓNICA")),
    (Tipo::NotaCredito, row(61, "61", Family::Dte, "Nota de crédito", "una nota de crédito", "NOTA DE CRÉDITO ELECTRÓNICA")),
];

impl Tipo {
    pub const ALL: [Tipo; 7] = [
        Tipo::Boleta,
        Tipo::Factura,
        Tipo::FacturaExenta,
        Tipo::BoletaExenta,
        Tipo::Guia,
        Tipo::NotaDebito,
        Tipo::NotaCredito,
    ];

    pub fn of(code: u16) -> Option<Tipo> {
        Tipo::ALL.into_iter().find(|t| t.code() == code)
    }

    fn row(self) -> &'static Row {
        &ROWS[self as usize].1
    }

    /// `TipoDTE`.
    pub fn code(self) -> u16 {
        self.row().code
    }

    /// The same, as the text of a counter.
    pub fn series(self) -> &'static str {
        self.row().series
    }

    /// As a shop says it.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The same in a sentence.
    pub fn noun(self) -> &'static str {
        self.row().noun
    }

    /// As it stands on paper.
    pub fn title(self) -> &'static str {
        self.row().title
    }

    pub fn family(self) -> Family {
        self.row().family
    }

    pub fn is_boleta(self) -> bool {
        self.family() == Family::Boleta
    }

    /// It knows no tax: all that is charged in it is exempt (formato DTE 2.4.2, detalle, campo 5; formato
    /// boletas 4.2, IndExe).
    pub fn is_exempt(self) -> bool {
        matches!(self, Tipo::FacturaExenta | Tipo::BoletaExenta)
    }

    /// It corrects another document, and must say which (formato DTE 2.4.2, área Referencia).
    pub fn is_note(self) -> bool {
        matches!(self, Tipo::NotaDebito | Tipo::NotaCredito)
    }

    /// The conversation it travels in.
    pub fn channel(self) -> &'static str {
        match self.family() {
            Family::Boleta => "boleta",
            Family::Dte => "dte",
        }
    }

    /// The elements of its `Documento`.
    pub fn fields(self) -> &'static [Field] {
        match self.family() {
            Family::Boleta => tags::boleta::DOCUMENTO,
            Family::Dte => tags::factura::DOCUMENTO,
        }
    }
}

/// Res. Ex. SII 74/2020, F.6: "de manera inmediata, con un plazo máximo de 1 hora"; without data coverage "desde
/// el momento en que sea reestablecida la conexión" (Res. Ex. 99/2019).
const HOUR: Term = Term { seconds: 3600, stands_without_coverage: true, confirmed: true };

/// Widely quoted (Res. Ex. 45/2003 and successors) and not confirmed in the text of a resolution, nor is there a
/// rule that gives it what F.6 gives boletas: a setting may tell another. That it must be there before goods move
/// is no matter of hours.
const TWELVE_HOURS: Term = Term { seconds: 12 * 3600, stands_without_coverage: false, confirmed: false };

/// What the rest of the program is told. A sale is what adds to the tax charged, less what credit notes give back of
/// it (DL 825, art. 20 and 21 no. 1); a debit note adds to a sale that was made (art. 57), and a guía is the proof of
/// goods that move, be they sold, and billed later, or not (art. 55). Who buys for a business gets a factura, who
/// does not a boleta (art. 53); what is taxed has no document of what is exempt, nor the other way round.
pub static KINDS: [Kind; 7] = [
    kind(Tipo::Boleta, HOUR, Weight::Sale, &[("33", TO_BUSINESS)]),
    kind(Tipo::Factura, TWELVE_HOURS, Weight::Sale, &[("39", TO_CONSUMERS)]),
    kind(Tipo::FacturaExenta, TWELVE_HOURS, Weight::Sale, &[("41", TO_CONSUMERS)]),
    kind(Tipo::BoletaExenta, HOUR, Weight::Sale, &[("34", TO_BUSINESS)]),
    kind(Tipo::Guia, TWELVE_HOURS, Weight::Nothing, &[]),
    kind(Tipo::NotaDebito, TWELVE_HOURS, Weight::Charge, &[]),
    kind(Tipo::NotaCredito, TWELVE_HOURS, Weight::Credit, &[]),
];

const TO_BUSINESS: &str = "a quien tenga RUT";
const TO_CONSUMERS: &str = "a quien no pida factura";

const fn kind(
    tipo: Tipo,
    term: Term,
    weight: Weight,
    instead: &'static [(&'static str, &'static str)],
) -> Kind {
    let row = &ROWS[tipo as usize].1;
    Kind { series: row.series, name: row.name, term: Some(term), weight, instead }
}

/// A type by its number, for messages and references; every type of the SII's list of electronic
/// documents.
pub fn name_of(code: &str) -> Option<&'static str> {
    Some(match code {
        "30" => "Factura",
        "32" => "Factura no afecta o exenta",
        "33" => "Factura electrónica",
        "34" => "Factura no afecta o exenta electrónica",
        "35" => "Boleta",
        "38" => "Boleta exenta",
        "39" => "Boleta electrónica",
        "40" => "Liquidación factura",
        "41" => "Boleta no afecta o exenta electrónica",
        "43" => "Liquidación factura electrónica",
        "45" => "Factura de compra",
        "46" => "Factura de compra electrónica",
        "48" => "Comprobante de pago electrónico",
        "50" => "Guía de despacho",
        "52" => "Guía de despacho electrónica",
        "55" => "Nota de débito",
        "56" => "Nota de débito electrónica",
        "60" => "Nota de crédito",
        "61" => "Nota de crédito electrónica",
        "103" => "Liquidación",
        "110" => "Factura de exportación electrónica",
        "111" => "Nota de débito de exportación electrónica",
        "112" => "Nota de crédito de exportación electrónica",
        "801" => "Orden de compra",
        "802" => "Nota de pedido",
        "803" => "Contrato",
        "804" => "Resolución",
        "805" => "Proceso ChileCompra",
        "806" => "Ficha ChileCompra",
        "807" => "DUS",
        "808" => "Conocimiento de embarque",
        "809" => "Guía aérea",
        "810" => "MIC/DTA",
        "811" => "Carta de porte",
        "812" => "Resolución del SNA",
        "813" => "Pasaporte",
        "814" => "Certificado de depósito Bolsa de Productos",
        "815" => "Vale de prenda Bolsa de Productos",
        "820" | "821" | "822" | "823" => "Documento de registro",
        "SET" => "Set de pruebas",
        "HES" => "Hoja de entrada de servicio",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_document_of_the_same_goods_takes_anothers_place() {
        let of = |series: &str| Tipo::ALL.into_iter().find(|tipo| tipo.series() == series).unwrap();
        for kind in &KINDS {
            for (other, _) in kind.instead {
                let [spent, instead] = [kind.series, other].map(of);
                assert_eq!(spent.is_exempt(), instead.is_exempt(), "{other} for {}", kind.series);
                assert_ne!(spent.is_boleta(), instead.is_boleta(), "{other} for {}", kind.series);
            }
            assert_eq!(kind.instead.is_empty(), kind.weight != Weight::Sale, "{}", kind.series);
        }
    }

    #[test]
    fn the_kinds_told_are_the_types_issued() {
        let told: Vec<_> = KINDS.iter().map(|k| (k.series, k.name)).collect();
        let issued: Vec<_> = Tipo::ALL.iter().map(|t| (t.series(), t.name())).collect();
        assert_eq!(told, issued);
        for (tipo, (listed, _)) in Tipo::ALL.into_iter().zip(&ROWS) {
            assert_eq!(tipo, *listed, "rows stand in the order of the types");
            assert_eq!(Tipo::of(tipo.code()), Some(tipo));
            assert_eq!(tipo.series(), tipo.code().to_string());
        }
    }
}
