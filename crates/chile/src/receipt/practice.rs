//! Training paper: it says that it is none, and never what it imitates.

use timbre_core::receipt::{Field, Receipt};

/// Printed through the lines of a training document (no fiscal value, and nobody may think so).
pub const WATERMARK: &str = "ENTRENAMIENTO · SIN VALOR TRIBUTARIO";

/// What would make people take it for a document, without accents.
const NAMES: [&str; 5] = ["boleta", "factura", "guia de despacho", "nota de credito", "nota de debito"];

/// No name of a document, no box, no stamp. What a till or a shop wrote may hold such a name, too: it is spelled out there,
/// so that nobody reads it as the paper's own.
pub(super) fn train(receipt: &mut Receipt, code: &str) {
    receipt.heading.title = match code {
        "39" | "41" => "VENTA DE ENTRENAMIENTO".to_owned(),
        "33" | "34" => "VENTA DE ENTRENAMIENTO CON DATOS DE CLIENTE".to_owned(),
        _ => "DOCUMENTO DE ENTRENAMIENTO".to_owned(),
    };
    receipt.heading.framed = false;
    receipt.heading.office = None;
    receipt.references.clear();
    receipt.code = None;
    receipt.ceded = None;
    receipt.legend = vec![WATERMARK.to_owned()];
    receipt.watermark = WATERMARK.to_owned();
    written(receipt).for_each(|text| *text = spelled(text));
}

/// All that somebody else wrote.
fn written(receipt: &mut Receipt) -> impl Iterator<Item = &mut String> {
    let Receipt { issuer, receiver, terms, lines, totals, till, .. } = receipt;
    let fields = receiver.iter_mut().chain(terms).map(|Field { value, .. }| value);
    let detail = lines.iter_mut().flat_map(|line| {
        let [name, quantity] = [&mut line.name, &mut line.quantity];
        [name, quantity].into_iter().chain(&mut line.notes)
    });
    let sums = totals.iter_mut().chain(till).map(|sum| &mut sum.name);
    let shop = std::iter::once(&mut issuer.name).chain(&mut issuer.lines);
    shop.chain(fields).chain(detail).chain(sums)
}

/// `Boleta 5` as `B·o·l·e·t·a 5`.
fn spelled(text: &str) -> String {
    // A hyphen that is not seen hides no name.
    let letters: Vec<char> = text.chars().filter(|c| *c != '\u{ad}').collect();
    let plain: Vec<char> = letters.iter().map(|c| plain(*c)).collect();
    let mut out = String::new();
    let mut at = 0;
    while at < letters.len() {
        let named = |name: &&&str| name.chars().eq(plain[at..].iter().copied().take(name.len()));
        let Some(name) = NAMES.iter().find(named) else {
            out.push(letters[at]);
            at += 1;
            continue;
        };
        for pair in letters[at..at + name.len()].windows(2) {
            out.push(pair[0]);
            if !pair.iter().any(|c| c.is_whitespace()) {
                out.push('·');
            }
        }
        out.push(letters[at + name.len() - 1]);
        at += name.len();
    }
    out
}

/// As it is read: a small letter without its accent.
fn plain(c: char) -> char {
    match c.to_lowercase().next().unwrap_or(c) {
        'á' | 'à' | 'ä' | 'â' | 'ã' | 'å' => 'a',
        'é' | 'è' | 'ë' | 'ê' => 'e',
        'í' | 'ì' | 'ï' | 'î' => 'i',
        'ó' | 'ò' | 'ö' | 'ô' | 'õ' | 'ø' | '0' => 'o',
        'ú' | 'ù' | 'ü' | 'û' => 'u',
        '\u{a0}' => ' ',
        small => small,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_document_is_spelled_out_however_it_is_written() {
        for (text, drawn) in [
            ("BOLETA ELECTRÓNICA", "B·O·L·E·T·A ELECTRÓNICA"),
            ("Talonario de boletas", "Talonario de b·o·l·e·t·as"),
            ("FÁCTURA", "F·Á·C·T·U·R·A"),
            ("B0LETA", "B·0·L·E·T·A"),
            ("bo\u{ad}leta", "b·o·l·e·t·a"),
            ("Guía de despacho 5", "G·u·í·a d·e d·e·s·p·a·c·h·o 5"),
            ("NOTA DE\u{a0}CRÉDITO", "N·O·T·A D·E\u{a0}C·R·É·D·I·T·O"),
            ("Pan amasado", "Pan amasado"),
            ("bolet", "bolet"),
            ("", ""),
        ] {
            assert_eq!(spelled(text), drawn);
        }
    }
}
