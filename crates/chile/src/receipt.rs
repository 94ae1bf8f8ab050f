//! What the customer takes home, read back from the signed bytes whatever their type. Paper, PDF and
//! screen draw it; the till's own data stands apart and was never signed.

mod detail;
mod parties;
mod practice;
mod sums;
mod terms;

use jiff::civil::{Date, DateTime};
use timbre_core::receipt::{Ceded, Code, Heading, Receipt, Sum};
use timbre_core::{Document, TillData};

use crate::caf::Authority;
use crate::dom::{self, Element};
use crate::money;
use crate::rut::Rut;
use crate::tags::plain::capital;
use crate::totals::explain::people;
use crate::{latin1, tipo};

pub use practice::WATERMARK;

/// What is signed by receiving (Ley 19.983, art. 4 b and 5 c; manual de muestras impresas 4.0, 1.4).
const ACKNOWLEDGES: &str = "El acuse de recibo que se declara en este acto, de acuerdo a lo dispuesto en la \
    letra b) del Art. 4°, y la letra c) del Art. 5° de la Ley 19.983, acredita que la entrega de mercaderías o \
    servicio (s) prestado (s) ha (n) sido recibido (s).";

/// The receipt of a document. Bytes that are not a document of ours leave only what was kept beside them.
pub fn of(document: &Document, till: &TillData) -> Receipt {
    let text = latin1::decode(&document.bytes);
    dom::read(&text)
        .ok()
        .and_then(|root| {
            let body =
                ["Documento", "Exportaciones", "Liquidacion"].iter().find_map(|name| root.child(name))?;
            fiscal(document, body, &text, till)
        })
        .unwrap_or_else(|| Receipt {
            heading: Heading { title: document.id.to_string(), ..Heading::default() },
            date: document.date.to_string(),
            totals: vec![sums::pesos("Total", document.total)],
            till: till_sums(till),
            ..Receipt::default()
        })
}

fn fiscal(document: &Document, body: &Element, text: &str, till: &TillData) -> Option<Receipt> {
    let code = body.text_at(&["Encabezado", "IdDoc", "TipoDTE"])?;
    let header = body.child("Encabezado")?;
    let emisor = header.child("Emisor")?;
    let boleta = matches!(code.as_str(), "39" | "41");
    let stamp = body.child("TED").and_then(|ted| latin1::encode(&text[ted.span.clone()]).ok());
    let mut receipt = Receipt {
        heading: Heading {
            tax_id: format!("R.U.T.: {}", dotted(&emisor.text_at(&["RUTEmisor"])?)),
            title: title(&code),
            number: format!("N° {}", header.text_at(&["IdDoc", "Folio"])?),
            office: document.facts["UnidadSII"].as_str().map(|unit| format!("S.I.I. - {unit}")),
            framed: true,
        },
        issuer: parties::issuer(emisor, document.facts["CasaMatriz"].as_str()),
        date: date(body),
        receiver: parties::receiver(header, boleta),
        terms: terms::of(header),
        references: terms::references(body, boleta),
        prices: prices(header, &code).to_owned(),
        lines: body.elements().filter(|e| e.name == "Detalle").map(detail::line).collect(),
        totals: sums::of(body, &code),
        till: till_sums(till),
        // Optional on boletas since 1 January 2026 (Res. Ex. SII 207/2025, by its summaries).
        code: stamp.map(|bytes| Code { bytes, optional: boleta }),
        legend: legend(document),
        ceded: ceded(header, &code),
        // Paper of 57 mm and more (Res. Ex. SII 74/2020, G); all else takes 7.5 cm (muestras impresas 4.0, 1.1).
        narrow: boleta,
        watermark: String::new(),
    };
    let authority = body.text_at(&["TED", "DD", "CAF", "DA", "IDK"]).and_then(|idk| idk.parse().ok());
    if authority.and_then(Authority::of).is_none_or(|authority| authority == Authority::Training) {
        practice::train(&mut receipt, &code);
    }
    Some(receipt)
}

/// What a reader would not take for granted: a boleta's prices have the tax in them and all others have not (formato
/// boletas 4.2, IndMntNeto; formato DTE 2.4.2, MntBruto).
fn prices(header: &Element, code: &str) -> &'static str {
    let said = |tag| header.text_at(&["IdDoc", tag]);
    match code {
        // Of what is exempt there is no tax to speak of.
        "34" | "41" => "",
        "39" if said("IndMntNeto").as_deref() == Some("2") => "Precios netos, sin IVA",
        "39" => "",
        _ if said("MntBruto").as_deref() == Some("1") => "Precios con IVA incluido",
        _ => "",
    }
}

/// The type as it stands on paper (manual de muestras impresas 4.0, 1.3; Res. Ex. 74/2020, G).
fn title(code: &str) -> String {
    tipo::name_of(code).unwrap_or("Documento").to_uppercase()
}

/// The second copy of those that may be ceded; of guías only those of a sale (muestras impresas 4.0, 1.4).
fn ceded(header: &Element, code: &str) -> Option<Ceded> {
    let legend = match code {
        "33" | "34" | "43" | "46" => "CEDIBLE",
        "52" if header.text_at(&["IdDoc", "IndTraslado"]).as_deref() == Some("1") => "CEDIBLE CON SU FACTURA",
        _ => return None,
    };
    let fields = ["Nombre", "R.U.T.", "Fecha", "Recinto", "Firma"].map(str::to_owned).to_vec();
    Some(Ceded { fields, text: ACKNOWLEDGES.to_owned(), legend: legend.to_owned() })
}

/// The day of issue, with the hour of signing when it was the same day.
fn date(body: &Element) -> String {
    let issued = body.text_at(&["Encabezado", "IdDoc", "FchEmis"]).unwrap_or_default();
    let signed = body.text_at(&["TmstFirma"]).and_then(|t| t.parse::<DateTime>().ok());
    match signed {
        Some(signed) if signed.date().to_string() == issued => {
            format!("{} {}", day(&issued), signed.strftime("%H:%M"))
        }
        _ => day(&issued),
    }
}

/// Below the stamp (manual de muestras impresas 4.0, 1.5; Res. Ex. SII 74/2020, G).
fn legend(document: &Document) -> Vec<String> {
    let year = document.facts["FchResol"].as_str().and_then(|date| date.get(..4));
    let resolution = match (document.facts["NroResol"].as_u64(), year) {
        (Some(number), Some(year)) => format!("Res. {number} de {year} - "),
        _ => String::new(),
    };
    vec!["Timbre Electrónico SII".to_owned(), format!("{resolution}Verifique documento: www.sii.cl")]
}

fn till_sums(till: &TillData) -> Vec<Sum> {
    let paid = till.pagos.iter().map(|p| sums::pesos(&means(&p.medio), p.monto));
    let rest = [("Redondeo", till.redondeo), ("Propina", till.propina), ("Vuelto", till.vuelto)];
    let said =
        rest.into_iter().filter_map(|(name, amount)| Some((name, amount.filter(|amount| amount.0 != 0)?)));
    paid.chain(said.map(|(name, amount)| sums::pesos(name, amount))).collect()
}

/// A means of payment as people read it: tills write it without accents. Nobody signed it, so that it may hold what no
/// paper has a letter for.
fn means(text: &str) -> String {
    let letter = |c: char| if latin1::encode(c.encode_utf8(&mut [0; 4])).is_ok() { c } else { '?' };
    let text: String = latin1::tidy(text).chars().map(letter).collect();
    let word = |word: &str| match word.to_lowercase().as_str() {
        "debito" => "débito".to_owned(),
        "credito" => "crédito".to_owned(),
        _ => word.to_owned(),
    };
    capital(&text.split(' ').map(word).collect::<Vec<_>>().join(" "))
}

fn day(iso: &str) -> String {
    iso.parse::<Date>().map_or(iso.to_owned(), |date| date.strftime("%d-%m-%Y").to_string())
}

fn dotted(rut: &str) -> String {
    rut.parse::<Rut>().map_or(rut.to_owned(), Rut::dotted)
}

/// A figure of the document, `1234.5`, as people read it: `1.234,5`. One that is none is printed as it is.
fn figure(text: &str) -> String {
    money::parse(text).map_or(text.to_owned(), people)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_as_in_chile() {
        for (text, people_read) in
            [("1234.5", "1.234,5"), ("0.755", "0,755"), ("2", "2"), ("1000000", "1.000.000"), ("x", "x")]
        {
            assert_eq!(figure(text), people_read);
        }
        assert_eq!(day("2026-01-15"), "15-01-2026");
    }

    #[test]
    fn means_of_payment_are_read_with_their_accents() {
        for (said, people_read) in [
            ("efectivo", "Efectivo"),
            ("debito", "Débito"),
            ("credito", "Crédito"),
            ("tarjeta de credito", "Tarjeta de crédito"),
            ("Débito", "Débito"),
            ("prepago", "Prepago"),
            ("vale de 5 €", "Vale de 5 EUR"),
            ("gift card 😀\u{1}\nazul", "Gift card ?? azul"),
        ] {
            assert_eq!(means(said), people_read);
        }
    }

    #[test]
    fn what_comes_to_nothing_is_no_line() {
        let [redondeo, propina, vuelto] = [0, 0, 0].map(|n| Some(timbre_core::Amount(n)));
        let till = TillData { redondeo, propina, vuelto, ..TillData::default() };
        assert_eq!(till_sums(&till), []);
        let till = TillData { redondeo: Some(timbre_core::Amount(-3)), ..till };
        assert_eq!(till_sums(&till).len(), 1);
    }

    #[test]
    fn every_type_has_the_name_of_the_manual() {
        for (code, name) in [
            ("33", "FACTURA ELECTRÓNICA"),
            ("34", "FACTURA NO AFECTA O EXENTA ELECTRÓNICA"),
            ("39", "BOLETA ELECTRÓNICA"),
            ("41", "BOLETA NO AFECTA O EXENTA ELECTRÓNICA"),
            ("43", "LIQUIDACIÓN FACTURA ELECTRÓNICA"),
            ("46", "FACTURA DE COMPRA ELECTRÓNICA"),
            ("52", "GUÍA DE DESPACHO ELECTRÓNICA"),
            ("56", "NOTA DE DÉBITO ELECTRÓNICA"),
            ("61", "NOTA DE CRÉDITO ELECTRÓNICA"),
            ("110", "FACTURA DE EXPORTACIÓN ELECTRÓNICA"),
        ] {
            assert_eq!(title(code), name);
        }
    }
}
