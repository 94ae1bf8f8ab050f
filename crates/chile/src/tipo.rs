//! The types of document as data: names, how they travel, how soon. What stands in them is in `tags`.

use timbre_core::regime::Kind;

use crate::tags::{self, Field};

/// A type of document that Timbre issues. A new one is a row here and a table of tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tipo {
    Factura,
    Boleta,
}

impl Tipo {
    pub const ALL: [Tipo; 2] = [Tipo::Boleta, Tipo::Factura];

    pub fn of(code: u16) -> Option<Tipo> {
        Tipo::ALL.into_iter().find(|t| t.code() == code)
    }

    /// `TipoDTE`.
    pub fn code(self) -> u16 {
        match self {
            Tipo::Factura => 33,
            Tipo::Boleta => 39,
        }
    }

    /// The same, as the text of a counter.
    pub fn series(self) -> &'static str {
        match self {
            Tipo::Factura => "33",
            Tipo::Boleta => "39",
        }
    }

    /// As a shop says it.
    pub fn name(self) -> &'static str {
        match self {
            Tipo::Factura => "Factura",
            Tipo::Boleta => "Boleta",
        }
    }

    /// The same in a sentence.
    pub fn noun(self) -> &'static str {
        match self {
            Tipo::Factura => "una factura",
            Tipo::Boleta => "una boleta",
        }
    }

    /// As it stands on paper (manual de muestras impresas 4.0, 1.3; Res. Ex. 74/2020, G).
    pub fn title(self) -> &'static str {
        match self {
            Tipo::Factura => "FACTURA ELECTRÓNICA",
            Tipo::Boleta => "BOLETA ELECTRÓNICA",
        }
    }

    /// The conversation it travels in: boletas have their own (REST), all else the DTE's.
    pub fn channel(self) -> &'static str {
        match self {
            Tipo::Factura => "dte",
            Tipo::Boleta => "boleta",
        }
    }

    /// Lines of detail (schemas DTE_v10 and EnvioBOLETA_v11, Detalle).
    pub fn most_lines(self) -> usize {
        match self {
            Tipo::Factura => 60,
            Tipo::Boleta => 1000,
        }
    }

    /// The elements of its `Documento`.
    pub fn fields(self) -> &'static [Field] {
        match self {
            Tipo::Factura => tags::factura::DOCUMENTO,
            Tipo::Boleta => tags::boleta::DOCUMENTO,
        }
    }
}

/// What the rest of the program is told. The boleta's hour is Res. Ex. SII 74/2020, F.6. The factura's
/// twelve hours are widely quoted (Res. Ex. 45/2003 and successors) and not confirmed in the text of a
/// resolution.
pub static KINDS: [Kind; 2] = [
    Kind { series: "39", name: "Boleta", deadline_seconds: Some(3600) },
    Kind { series: "33", name: "Factura", deadline_seconds: Some(12 * 3600) },
];

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
    fn the_kinds_told_are_the_types_issued() {
        let told: Vec<_> = KINDS.iter().map(|k| (k.series, k.name)).collect();
        let issued: Vec<_> = Tipo::ALL.iter().map(|t| (t.series(), t.name())).collect();
        assert_eq!(told, issued);
        for tipo in Tipo::ALL {
            assert_eq!(Tipo::of(tipo.code()), Some(tipo));
            assert_eq!(tipo.series(), tipo.code().to_string());
        }
    }
}
