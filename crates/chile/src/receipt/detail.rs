//! A line of detail, as it is printed.

use timbre_core::Amount;
use timbre_core::receipt::ReceiptLine;

use super::{dotted, figure};
use crate::dom::Element;
use crate::money;

pub(super) fn line(detail: &Element) -> ReceiptLine {
    let at = |tag: &str| detail.text_at(&[tag]).filter(|text| !text.is_empty());
    let kind = at("IndExe");
    let mark = match kind.as_deref() {
        Some("1") => " (exento)",
        Some("2" | "6") => " (no facturable)",
        Some("3") => " (garantía)",
        Some("4") => " (no es venta)",
        Some("5") => " (a rebajar)",
        _ => "",
    };
    let sold_for = at("RUTMandante").map(|rut| format!("Por cuenta de {}", dotted(&rut)));
    let mut notes: Vec<String> = at("DscItem").into_iter().chain(sold_for).collect();
    for (tag, percent, word) in
        [("DescuentoMonto", "DescuentoPct", "Descuento"), ("RecargoMonto", "RecargoPct", "Recargo")]
    {
        // Discounts are printed as amounts, the percentage besides (manual de muestras impresas 4.0, 1.4).
        if let Some(amount) = at(tag).filter(|amount| amount != "0") {
            let percent = at(percent).map(|p| format!(" {}%", figure(&p))).unwrap_or_default();
            notes.push(format!("{word}{percent}: {}", figure(&amount)));
        }
    }
    let unit = at("UnmdItem").map(|unit| format!(" {unit}")).unwrap_or_default();
    let amount = at("MontoItem").unwrap_or_else(|| "0".to_owned());
    // A line that takes away is positive in the document (IndExe 6).
    let taken = kind.as_deref() == Some("6");
    let exact = money::parse(&amount).and_then(|value| money::Exact::of(value).pesos()).unwrap_or_default();
    ReceiptLine {
        name: format!("{}{mark}", at("NmbItem").unwrap_or_default()),
        notes,
        quantity: at("QtyItem").map(|q| format!("{}{unit}", figure(&q))).unwrap_or_default(),
        price: at("PrcItem").map(|p| figure(&p)).unwrap_or_default(),
        amount: Amount(if taken { -exact } else { exact }),
        sum: format!("{}{}", if taken { "-" } else { "" }, figure(&amount)),
    }
}
