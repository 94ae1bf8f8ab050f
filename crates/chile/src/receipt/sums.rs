//! Globals and totals, as they are printed: globals first, each by its own words.

use timbre_core::Amount;
use timbre_core::receipt::Sum;

use super::figure;
use crate::dom::Element;
use crate::money;
use crate::tags::markup;
use crate::tipo::Tipo;
use crate::totals::figures;

/// Totals in the order they are printed, by their tags (manual de muestras impresas 4.0, 1.4; Res. Ex.
/// SII 74/2020, G: the tax stands on a line of its own). Taxes come in between, see [`of`].
const BEFORE_TAXES: [(&str, &str); 4] = [
    ("MntNeto", "Monto neto"),
    ("MntExe", "Monto exento"),
    ("MntBase", "Base faenamiento carne"),
    ("MntMargenCom", "Margen de comercialización"),
];
const AFTER_TAXES: [(&str, &str); 12] = [
    ("IVAProp", "IVA propio"),
    ("IVATerc", "IVA de terceros"),
    ("IVANoRet", "IVA no retenido"),
    ("CredEC", "Menos: crédito empresas constructoras"),
    ("GrntDep", "Garantía envases"),
    ("MntTotal", "Total"),
    ("MontoNF", "Monto no facturable"),
    ("MontoPeriodo", "Monto período"),
    ("TotalPeriodo", "Total período"),
    ("SaldoAnterior", "Saldo anterior"),
    ("VlrPagar", "Valor a pagar"),
    ("MntOtrMnda", "Monto en otra moneda"),
];

/// An amount in pesos under a name.
pub(super) fn pesos(name: &str, amount: Amount) -> Sum {
    Sum { name: name.to_owned(), sum: money::dotted(amount.0), grand: false }
}

pub(super) fn of(body: &Element, code: &str) -> Vec<Sum> {
    let mut sums = globals(body, code);
    let Some(totales) = body.at(&["Encabezado", "Totales"]) else { return sums };
    let named = |tags: &[(&str, &str)]| -> Vec<Sum> {
        let sums = tags.iter().filter_map(|(tag, name)| {
            let sum = figure(&totales.text_at(&[tag])?);
            Some(Sum { name: (*name).to_owned(), sum, grand: *tag == "MntTotal" })
        });
        sums.collect()
    };
    sums.extend(named(&BEFORE_TAXES));
    // A buyer that keeps the tax back says so twice (muestras impresas 4.0, 1.4: factura de compra).
    let bought = code == "46";
    if let Some(tax) = totales.text_at(&["IVA"]) {
        let rate = totales.text_at(&["TasaIVA"]).map_or("19".to_owned(), |rate| figure(&rate));
        let name = if bought { format!("{rate}% IVA a retener") } else { format!("IVA ({rate}%)") };
        sums.push(Sum { name, sum: figure(&tax), grand: false });
    }
    sums.extend(totales.elements().filter(|e| e.name == "ImptoReten").filter_map(|tax| {
        let kind = tax.text_at(&["TipoImp"])?;
        let rate = tax.text_at(&["TasaImp"]).map(|rate| format!(" ({}%)", figure(&rate)));
        let minus = if bought { "Menos: " } else { "" };
        let name = format!("{minus}{}{}", tax_name(&kind), rate.unwrap_or_default());
        Some(Sum { name, sum: figure(&tax.text_at(&["MontoImp"])?), grand: false })
    }));
    sums.extend(named(&AFTER_TAXES));
    if let Some(currency) = totales.text_at(&["TpoMoneda"]) {
        for sum in sums.iter_mut().filter(|sum| sum.grand) {
            sum.name = format!("Total {currency}");
        }
    }
    sums
}

/// Each global by its own words and in pesos, a percentage besides (manual de muestras impresas 4.0, 1.4). Of a type
/// that is not issued here, whose sums nobody reckons, a percentage alone is said.
fn globals(body: &Element, code: &str) -> Vec<Sum> {
    let each: Vec<&Element> = body.elements().filter(|e| e.name == "DscRcgGlobal").collect();
    let is_percent = |said: &&Element| said.text_at(&["TpoValor"]).as_deref() == Some("%");
    let changes = if each.iter().any(is_percent) { changes(body, code) } else { None };
    let sum = |(at, said): (usize, &&Element)| {
        let value = said.text_at(&["ValorDR"])?;
        let adds = said.text_at(&["TpoMov"]).as_deref() == Some("R");
        let word = said
            .text_at(&["GlosaDR"])
            .unwrap_or_else(|| (if adds { "Recargo global" } else { "Descuento global" }).to_owned());
        let onto = match said.text_at(&["IndExeDR"]).as_deref() {
            Some("1") => " (exento)",
            Some("2") => " (no facturable)",
            _ => "",
        };
        let pesos = changes.as_ref().and_then(|changes| changes.get(at)).filter(|_| is_percent(said));
        let (rate, sum) = match pesos {
            Some(&pesos) => (format!(" {}%", figure(&value)), money::dotted(pesos)),
            None if is_percent(said) => {
                (String::new(), format!("{}{}%", if adds { "+" } else { "" }, figure(&value)))
            }
            None => (String::new(), figure(&value)),
        };
        let sign = if adds { "" } else { "-" };
        Some(Sum { name: format!("{word}{rate}{onto}"), sum: format!("{sign}{sum}"), grand: false })
    };
    each.iter().enumerate().filter_map(sum).collect()
}

/// What the globals come to, by the arithmetic of the totals.
fn changes(body: &Element, code: &str) -> Option<Vec<i64>> {
    let tipo = Tipo::of(code.parse().ok()?)?;
    figures::changes(tipo, &markup::read(body, tipo.fields(), "", &mut |_, _| {}))
}

/// Additional and retained taxes by name (formato DTE 2.4.2, 4: códigos de impuestos).
fn tax_name(code: &str) -> String {
    let name = match code {
        "14" => "IVA margen de comercialización",
        "15" => "IVA retenido",
        "17" => "IVA anticipado faenamiento",
        "18" => "IVA anticipado carne",
        "19" => "IVA anticipado harina",
        "23" => "Impuesto adicional art. 37 a), b), c)",
        "24" => "Impuesto licores, piscos y destilados",
        "25" => "Impuesto vinos",
        "26" => "Impuesto cervezas",
        "27" => "Impuesto bebidas analcohólicas",
        "271" => "Impuesto bebidas azucaradas",
        "28" => "Impuesto específico diésel",
        "35" => "Impuesto específico gasolinas",
        "44" => "Impuesto adicional art. 37 e), h), i), l)",
        "45" => "Impuesto adicional pirotecnia",
        "50" => "IVA margen prepago",
        "51" => "Impuesto gas natural comprimido",
        "52" => "Impuesto gas licuado",
        "53" => "Impuesto suplementeros",
        "30" | "301" => "IVA retenido legumbres",
        "31" => "IVA retenido silvestres",
        "32" | "321" => "IVA retenido ganado",
        "33" | "331" => "IVA retenido madera",
        "34" | "341" => "IVA retenido trigo",
        "36" | "361" => "IVA retenido arroz",
        "37" | "371" => "IVA retenido hidrobiológicas",
        "38" => "IVA retenido chatarra",
        "39" => "IVA retenido PPA",
        "41" => "IVA retenido construcción",
        "46" => "IVA retenido oro",
        "47" => "IVA retenido cartones",
        "48" | "481" => "IVA retenido frambuesas",
        _ => return format!("Impuesto código {code}"),
    };
    name.to_owned()
}
