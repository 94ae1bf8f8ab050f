//! What the customer takes home, read back from the signed bytes. Paper, PDF and screen draw it; the
//! till's own data stands apart and was never signed.

use jiff::civil::{Date, DateTime};
use timbre_core::receipt::{Receipt, ReceiptLine};
use timbre_core::{Amount, Document, TillData};

use crate::caf::Authority;
use crate::dom::{self, Element};
use crate::money::{self, Decimal};
use crate::rut::Rut;
use crate::tags::{Group, markup};
use crate::tipo::{self, Tipo};
use crate::totals::taxes::Tax;
use crate::{latin1, rules};

/// Printed through the lines of a training document (no fiscal value, and nobody may think so).
pub const WATERMARK: &str = "ENTRENAMIENTO · SIN VALOR TRIBUTARIO";

/// What a line about a reference begins with.
const REFERENCE: &str = "Ref.:";

/// Totals in the order they are printed, by their tags (manual de muestras impresas 4.0, 1.4; Res. Ex.
/// SII 74/2020, G: the tax stands on a line of its own).
const TOTALS: [(&str, &str); 13] = [
    ("MntNeto", "Monto neto"),
    ("MntExe", "Monto exento"),
    ("IVA", "IVA (19%)"),
    ("IVAProp", "IVA propio"),
    ("IVATerc", "IVA de terceros"),
    ("CredEC", "Crédito especial empresas constructoras"),
    ("GrntDep", "Garantía envases"),
    ("MntTotal", "Total"),
    ("MontoNF", "Monto no facturable"),
    ("MontoPeriodo", "Monto período"),
    ("TotalPeriodo", "Total período"),
    ("SaldoAnterior", "Saldo anterior"),
    ("VlrPagar", "Valor a pagar"),
];

/// The receipt of a document. Bytes that are not a document of ours leave only what was kept beside them.
pub fn of(document: &Document, till: &TillData) -> Receipt {
    let text = latin1::decode(&document.bytes);
    let mut receipt = dom::read(&text)
        .ok()
        .and_then(|dte| fiscal(document, dte.child("Documento")?, &text))
        .unwrap_or_else(|| Receipt {
            title: "DOCUMENTO ILEGIBLE".to_owned(),
            number: document.id.to_string(),
            date: document.date.to_string(),
            totals: vec![("Total".to_owned(), document.total)],
            ..Receipt::default()
        });
    receipt.till = till_lines(till);
    receipt
}

fn fiscal(document: &Document, documento: &Element, text: &str) -> Option<Receipt> {
    let tipo = Tipo::of(documento.text_at(&["Encabezado", "IdDoc", "TipoDTE"])?.parse().ok()?)?;
    let body = markup::read(documento, tipo.fields(), "", &mut |_, _| {});
    let header = body.group("Encabezado")?;
    let folio = body.at(&["Encabezado", "IdDoc", "Folio"])?;
    let mut receipt = Receipt {
        title: tipo.title().to_owned(),
        number: format!("N° {folio}"),
        issuer: issuer(document, header.group("Emisor")?),
        receiver: receiver(tipo, &body),
        date: date(&body, documento),
        lines: body.groups("Detalle").map(line).collect(),
        totals: totals(&body),
        till: Vec::new(),
        code: documento.child("TED").and_then(|ted| latin1::encode(&text[ted.span.clone()]).ok()),
        legend: legend(document),
        watermark: String::new(),
    };
    receipt.receiver.extend(references(&body));
    let authority = documento.text_at(&["TED", "DD", "CAF", "DA", "IDK"]).and_then(|idk| idk.parse().ok());
    if authority.and_then(Authority::of).is_none_or(|authority| authority == Authority::Training) {
        train(&mut receipt, tipo);
    }
    Some(receipt)
}

/// Training paper never says what it imitates, has no box and no stamp.
fn train(receipt: &mut Receipt, tipo: Tipo) {
    receipt.title = match tipo {
        Tipo::Boleta | Tipo::BoletaExenta => "VENTA DE ENTRENAMIENTO".to_owned(),
        Tipo::Factura | Tipo::FacturaExenta => "VENTA DE ENTRENAMIENTO CON DATOS DE CLIENTE".to_owned(),
        Tipo::Guia => "TRASLADO DE ENTRENAMIENTO".to_owned(),
        Tipo::NotaDebito | Tipo::NotaCredito => "CORRECCIÓN DE ENTRENAMIENTO".to_owned(),
    };
    receipt.receiver.retain(|line| !line.starts_with(REFERENCE));
    receipt.code = None;
    receipt.legend = vec![WATERMARK.to_owned()];
    receipt.watermark = WATERMARK.to_owned();
}

fn issuer(document: &Document, emisor: &Group) -> Vec<String> {
    let leaf = |tags: [&str; 2]| tags.into_iter().find_map(|tag| emisor.leaf(tag)).map(str::to_owned);
    let place: Vec<&str> =
        ["DirOrigen", "CmnaOrigen", "CiudadOrigen"].into_iter().filter_map(|t| emisor.leaf(t)).collect();
    let unit = document.facts["UnidadSII"].as_str().map(|unit| format!("S.I.I. - {unit}"));
    [
        emisor.leaf("RUTEmisor").map(|rut| format!("R.U.T.: {}", dotted(rut))),
        unit,
        leaf(["RznSoc", "RznSocEmisor"]),
        leaf(["GiroEmis", "GiroEmisor"]),
        Some(place.join(", ")).filter(|p| !p.is_empty()),
        emisor.leaf("Telefono").map(|t| format!("Fono: {t}")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A boleta names its receptor only when it is somebody (formato boletas 4.2, printing column).
fn receiver(tipo: Tipo, body: &Group) -> Vec<String> {
    let at = |tag: &str| body.at(&["Encabezado", "Receptor", tag]);
    let rut = at("RUTRecep").unwrap_or_default();
    if tipo.is_boleta() && rut == Rut::CONSUMER.to_string() {
        return at("DirRecep").map(str::to_owned).into_iter().chain(terms(body)).collect();
    }
    let code = at("CdgIntRecep").filter(|_| rut == Rut::NONE.to_string());
    let name = at("RznSocRecep")
        .filter(|name| *name != rules::receiver::CONSUMER && *name != rut && Some(*name) != code);
    let place: Vec<&str> = ["DirRecep", "CmnaRecep", "CiudadRecep"].into_iter().filter_map(at).collect();
    [
        name.map(|n| format!("Señor(es): {n}")),
        Some(match code {
            Some(code) => format!("Cliente: {code}"),
            None => format!("R.U.T.: {}", dotted(rut)),
        }),
        at("GiroRecep").map(|g| format!("Giro: {g}")),
        Some(place.join(", ")).filter(|p| !p.is_empty()),
    ]
    .into_iter()
    .flatten()
    .chain(terms(body))
    .collect()
}

/// What is paid for, how and until when (formato boletas 4.2, printing column: the period, FchVenc, and
/// above 135 UF MedioPago).
fn terms(body: &Group) -> Vec<String> {
    let at = |tag: &str| body.at(&["Encabezado", "IdDoc", tag]);
    let form = at("FmaPago").map(|form| match form {
        "1" => "Contado",
        "2" => "Crédito",
        _ => "Sin costo",
    });
    let means = at("MedioPago").map(|means| match means {
        "1" | "EF" => "Efectivo",
        "2" => "Medio electrónico",
        "3" => "Transferencia",
        "4" | "CH" => "Cheque",
        "CF" => "Cheque a fecha",
        "LT" => "Letra",
        "PE" => "Pago a cuenta corriente",
        "TC" => "Tarjeta de crédito",
        _ => "Otro",
    });
    let period = at("PeriodoDesde").zip(at("PeriodoHasta"));
    [
        period.map(|(from, until)| format!("Período: {} al {}", day(from), day(until))),
        form.map(|form| format!("Forma de pago: {form}")),
        means.map(|means| format!("Medio de pago: {means}")),
        at("FchVenc").map(|date| format!("Vencimiento: {}", day(date))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// References in words: type, folio, date, reason.
fn references(body: &Group) -> Vec<String> {
    body.groups("Referencia")
        .map(|reference| {
            let kind = reference.leaf("TpoDocRef").map(|code| tipo::name_of(code).unwrap_or(code));
            let folio =
                reference.leaf("FolioRef").filter(|folio| *folio != "0").map(|folio| format!("N° {folio}"));
            let date = reference.leaf("FchRef").map(|date| format!("del {}", day(date)));
            let rest = ["CodRef", "RazonRef", "CodVndor", "CodCaja"]
                .into_iter()
                .filter_map(|tag| reference.leaf(tag))
                .map(str::to_owned);
            let words: Vec<String> =
                kind.map(str::to_owned).into_iter().chain(folio).chain(date).chain(rest).collect();
            format!("{REFERENCE} {}", words.join(" "))
        })
        .collect()
}

/// The day of issue, with the hour of signing when it was the same day.
fn date(body: &Group, documento: &Element) -> String {
    let issued = body.at(&["Encabezado", "IdDoc", "FchEmis"]).unwrap_or_default();
    let signed = documento.text_at(&["TmstFirma"]).and_then(|t| t.parse::<DateTime>().ok());
    match signed {
        Some(signed) if signed.date().to_string() == issued => {
            format!("{} {}", day(issued), signed.strftime("%H:%M"))
        }
        _ => day(issued),
    }
}

fn day(iso: &str) -> String {
    iso.parse::<Date>().map_or(iso.to_owned(), |date| date.strftime("%d-%m-%Y").to_string())
}

fn line(detail: &Group) -> ReceiptLine {
    let figure = |tag| detail.leaf(tag).and_then(money::parse);
    let mut name = detail.leaf("NmbItem").unwrap_or_default().to_owned();
    for (tag, percent, word) in
        [("DescuentoMonto", "DescuentoPct", "Descuento"), ("RecargoMonto", "RecargoPct", "Recargo")]
    {
        if let Some(amount) = detail.leaf(tag).and_then(|t| t.parse().ok()).filter(|amount| *amount != 0) {
            // Discounts are printed as amounts, the percentage besides (manual de muestras impresas 4.0).
            let percent =
                detail.leaf(percent).map(|p| format!(" {}%", p.replace('.', ","))).unwrap_or_default();
            name = format!("{name}\n{word}{percent}: {}", money::dotted(amount));
        }
    }
    let tax = match detail.leaf("IndExe") {
        Some("1") => " (exento)",
        Some("2" | "6") => " (no facturable)",
        Some("3") => " (garantía)",
        _ => "",
    };
    if let Some((first, rest)) = name.split_once('\n') {
        name = format!("{first}{tax}\n{rest}");
    } else {
        name.push_str(tax);
    }
    let amount = detail.leaf("MontoItem").and_then(|t| t.parse().ok()).unwrap_or(0);
    let unit = detail.leaf("UnmdItem").map(|unit| format!(" {unit}")).unwrap_or_default();
    ReceiptLine {
        name,
        quantity: figure("QtyItem").map(|q| format!("{}{unit}", people(q))).unwrap_or_default(),
        price: figure("PrcItem").map(people).unwrap_or_default(),
        amount: Amount(if detail.leaf("IndExe") == Some("6") { -amount } else { amount }),
    }
}

/// Globals first, each by its own words, then the totals.
fn totals(body: &Group) -> Vec<(String, Amount)> {
    let mut totals: Vec<(String, Amount)> = body.groups("DscRcgGlobal").filter_map(global).collect();
    for (tag, name) in TOTALS {
        let text = body.at(&["Encabezado", "Totales", tag]);
        if let Some(amount) = text.and_then(|t| t.parse::<i64>().ok()) {
            totals.push((name.to_owned(), Amount(if tag == "CredEC" { -amount } else { amount })));
        }
        // After the IVA, each with its rate.
        if tag == "IVA" {
            totals.extend(taxes(body));
        }
    }
    totals
}

fn taxes(body: &Group) -> Vec<(String, Amount)> {
    let totals = body.group("Encabezado").and_then(|e| e.group("Totales"));
    let taxes = totals.into_iter().flat_map(|totals| totals.groups("ImptoReten"));
    let told = |tax: &Group| {
        let code = tax.leaf("TipoImp")?;
        let name = Tax::of(code).map_or_else(|| format!("Impuesto {code}"), |tax| tax.name.to_owned());
        let rate = tax.leaf("TasaImp").and_then(money::parse).map(|rate| format!(" ({}%)", people(rate)));
        Some((format!("{name}{}", rate.unwrap_or_default()), Amount(tax.leaf("MontoImp")?.parse().ok()?)))
    };
    taxes.filter_map(told).collect()
}

/// A global in pesos is an amount; one in percent says its rate, and what it came to is in the totals.
fn global(said: &Group) -> Option<(String, Amount)> {
    let value = money::parse(said.leaf("ValorDR")?)?;
    let adds = said.leaf("TpoMov") == Some("R");
    let word = said.leaf("GlosaDR").unwrap_or(if adds { "Recargo global" } else { "Descuento global" });
    let onto = match said.leaf("IndExeDR") {
        Some("1") => " (exento)",
        Some("2") => " (no facturable)",
        _ => "",
    };
    if said.leaf("TpoValor") == Some("%") {
        let sign = if adds { "+" } else { "-" };
        return Some((format!("{word}{onto} {sign}{}%", people(value)), Amount::ZERO));
    }
    let amount = money::Exact::of(value).pesos()?;
    Some((format!("{word}{onto}"), Amount(if adds { amount } else { -amount })))
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

fn till_lines(till: &TillData) -> Vec<(String, Amount)> {
    let paid = till.pagos.iter().map(|p| (capitalised(&p.medio), p.monto));
    let rest = [("Redondeo", till.redondeo), ("Propina", till.propina), ("Vuelto", till.vuelto)];
    paid.chain(rest.into_iter().filter_map(|(name, amount)| Some((name.to_owned(), amount?)))).collect()
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn dotted(rut: &str) -> String {
    rut.parse::<Rut>().map_or(rut.to_owned(), Rut::dotted)
}

/// `1234.5` as people read it: `1.234,5`.
fn people(value: Decimal) -> String {
    let text = money::plain(value);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.parse().map_or(whole.to_owned(), money::dotted);
    if fraction.is_empty() { whole } else { format!("{whole},{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_as_in_chile() {
        for (text, people_read) in
            [("1234.5", "1.234,5"), ("0.755", "0,755"), ("2", "2"), ("1000000", "1.000.000")]
        {
            assert_eq!(people(money::parse(text).unwrap()), people_read);
        }
        assert_eq!(day("2026-01-15"), "15-01-2026");
        assert_eq!(capitalised("efectivo"), "Efectivo");
    }
}
