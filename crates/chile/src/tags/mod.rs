//! The SII's elements as tables: tag, order, type, length, how often, and who writes it. One table
//! serves the reader of sales, the writer of documents and the second look. No arithmetic here.

pub mod boleta;
pub mod envelope;
pub mod factura;
mod group;
mod leaf;
pub mod markup;
pub mod plain;
pub mod sender;
pub mod stamp;

pub use group::{Group, Item};
pub use leaf::{Problem, paper_text};

/// One element of a schema. The order of a table is the order of the XML.
#[derive(Debug)]
pub struct Field {
    pub tag: &'static str,
    pub shape: Shape,
    /// How often it must and may stand.
    pub least: u16,
    pub most: u16,
    pub by: By,
}

/// Who fills an element in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The till may.
    Till,
    /// Timbre does; a sale can't.
    Timbre,
    /// The till may in documents of these types; in others of the same schema it has no place.
    Only(&'static [u16]),
}

impl By {
    /// May a sale of this type say it?
    pub fn till(self, kind: u16) -> bool {
        match self {
            By::Till => true,
            By::Timbre => false,
            By::Only(kinds) => kinds.contains(&kind),
        }
    }
}

/// What an element holds.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Characters, not bytes.
    Text {
        least: usize,
        most: usize,
    },
    /// A whole number between both.
    Whole {
        least: i64,
        most: i64,
    },
    /// A decimal up to `most` millionths, with so many decimals; zero only where `zero`.
    Decimal {
        decimals: u32,
        zero: bool,
        most: i128,
    },
    /// `AAAA-MM-DD`, from this year, month and day until 2050.
    Date {
        from: (i16, i8, i8),
    },
    /// `AAAA-MM-DDTHH:MM:SS`, without zone or fraction, from this day until 2050.
    Moment {
        from: (i16, i8, i8),
    },
    /// `HH:MM:SS`.
    Hour,
    Rut,
    /// A RUT, or `0-0`: the buyer of a boleta who is known by CdgIntRecep.
    RutOrNone,
    OneOf(&'static [&'static str]),
    /// `xs:base64Binary`, blanks and line feeds allowed.
    Base64,
    Group(&'static [Field]),
    /// Markup of its own kind, taken whole: the TED.
    Markup,
}

const AMOUNT_MOST: i64 = crate::money::MOST;
/// `Dec12_6Type`.
pub(crate) const MOST_12_6: i128 = 999_999_999_999_999_999;
/// `Dec16_2Type`.
pub(crate) const MOST_16_2: i128 = 9_999_999_999_999_999_990_000;

const fn field(tag: &'static str, shape: Shape) -> Field {
    Field { tag, shape, least: 0, most: 1, by: By::Till }
}

pub(crate) const fn text(tag: &'static str, most: usize) -> Field {
    field(tag, Shape::Text { least: 0, most })
}

/// `MontoType`: not negative.
const fn amount(tag: &'static str) -> Field {
    whole(tag, 0, AMOUNT_MOST)
}

/// `ValorType`: may be negative.
const fn value(tag: &'static str) -> Field {
    whole(tag, -AMOUNT_MOST, AMOUNT_MOST)
}

pub(crate) const fn whole(tag: &'static str, least: i64, most: i64) -> Field {
    field(tag, Shape::Whole { least, most })
}

const fn decimal(tag: &'static str, decimals: u32, most: i128) -> Field {
    field(tag, Shape::Decimal { decimals, zero: false, most })
}

/// Pesos and their hundredths, as the UF has them.
pub(crate) const fn pesos(tag: &'static str) -> Field {
    decimal(tag, 2, 1_000_000_000_000)
}

/// From 0.01 to 999.99.
const fn percent(tag: &'static str) -> Field {
    decimal(tag, 2, 999_990_000)
}

pub(crate) const fn date(tag: &'static str) -> Field {
    field(tag, Shape::Date { from: (2000, 1, 1) })
}

/// `FechaHoraType` (schema SiiTypes_v10).
const fn moment(tag: &'static str) -> Field {
    field(tag, Shape::Moment { from: (2000, 1, 1) })
}

pub(crate) const fn rut(tag: &'static str) -> Field {
    field(tag, Shape::Rut)
}

const fn one_of(tag: &'static str, values: &'static [&'static str]) -> Field {
    field(tag, Shape::OneOf(values))
}

const fn group(tag: &'static str, fields: &'static [Field]) -> Field {
    field(tag, Shape::Group(fields))
}

impl Field {
    pub(crate) const fn must(mut self) -> Field {
        self.least = 1;
        self
    }

    pub(crate) const fn up_to(mut self, most: u16) -> Field {
        self.most = most;
        self
    }

    /// Of these types alone.
    const fn only(self, kinds: &'static [u16]) -> Field {
        self.by(By::Only(kinds))
    }

    const fn by(mut self, by: By) -> Field {
        self.by = by;
        self
    }

    pub fn is_group(&self) -> bool {
        matches!(self.shape, Shape::Group(_))
    }
}

/// Where `tag` stands in a table.
pub fn position(fields: &[Field], tag: &str) -> Option<usize> {
    fields.iter().position(|f| f.tag == tag)
}

/// `GeoRefEmision`, the same in both schemas.
pub(crate) static PLACE: &[Field] = &[
    text("LatitudEmision", 30).must(),
    text("LongitudEmision", 30).must(),
    whole("SistemaReferencia", 1, 9).must(),
];

/// `CdgItem`, the same in both schemas.
pub(crate) static CODE: &[Field] = &[text("TpoCodigo", 10).must(), text("VlrCodigo", 35).must()];

/// `DscRcgGlobal`, the same in both schemas but for the amount in another currency.
pub(crate) static GLOBAL: &[Field] = &[
    whole("NroLinDR", 1, 20).must(),
    one_of("TpoMov", &["D", "R"]).must(),
    text("GlosaDR", 45),
    one_of("TpoValor", &["%", "$"]).must(),
    decimal("ValorDR", 2, MOST_16_2).must(),
    decimal("ValorDROtrMnda", 4, MOST_14_4).only(EXPORTS),
    one_of("IndExeDR", &["1", "2"]),
];

/// Facturas and notes of export.
pub(crate) const EXPORTS: &[u16] = &[110, 111, 112];

/// `Dec14_4Type`.
pub(crate) const MOST_14_4: i128 = 99_999_999_999_999_999_900;

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(fields: &'static [Field], seen: &mut usize) {
        for (at, field) in fields.iter().enumerate() {
            *seen += 1;
            assert_eq!(position(fields, field.tag), Some(at), "{} stands twice", field.tag);
            assert!(field.least <= field.most, "{}", field.tag);
            if let Shape::Group(inner) = field.shape {
                walk(inner, seen);
            }
        }
    }

    #[test]
    fn no_tag_stands_twice_in_a_table() {
        let mut seen = 0;
        let round = [envelope::ENVELOPE, envelope::SET, envelope::DTE, envelope::SIGNATURE, stamp::TED];
        let covers = [envelope::COVER_DTE, envelope::COVER_BOLETA];
        let own = [boleta::DOCUMENTO, factura::DOCUMENTO, sender::SENT];
        for fields in own.into_iter().chain(round).chain(covers) {
            walk(fields, &mut seen);
        }
        assert!(seen > 200, "{seen}");
    }
}
