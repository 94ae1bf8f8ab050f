//! What a document says: its structure against the schema's table, and whether it adds up.

use timbre_core::Severity;

use super::Look;
use crate::dom::Element;
use crate::money;
use crate::rules::lines::misplaced;
use crate::tags::{Field, Group, boleta, factura};
use crate::tipo::Tipo;
use crate::totals::taxes::Tax;
use crate::totals::{Totals, figures};

/// The table of a family: boletas have their own schema.
fn table(kind: &str) -> &'static [Field] {
    match kind {
        "39" | "41" => boleta::DOCUMENTO,
        _ => factura::DOCUMENTO,
    }
}

/// Elements whose figures this look does not add up: of facturas de compra and liquidaciones.
const OTHER_TAXES: [&str; 2] = ["IVANoRet", "Comisiones"];

/// Codes that the buyer keeps back, so that they lower the total (formato DTE 2.4.2, 4).
const RETAINED: [&str; 24] = [
    "15", "16", "30", "31", "32", "33", "34", "36", "37", "38", "39", "40", "41", "46", "47", "48", "49",
    "301", "321", "331", "341", "361", "371", "481",
];

impl Look {
    /// Reads the document by its table and judges the figures.
    pub(super) fn body(&mut self, documento: &Element) -> Group {
        let kind = documento.text_at(&["Encabezado", "IdDoc", "TipoDTE"]).unwrap_or_default();
        let (group, sound) = self.structure(documento, table(&kind), "");
        self.receiver(&group);
        match kind.parse().ok().and_then(Tipo::of) {
            Some(tipo) if sound => {
                self.obligations(tipo, &group);
                self.line_kinds(tipo, &group);
                self.figures(tipo, &group);
            }
            Some(_) => {}
            None => {
                let message =
                    format!("Timbre todavía no revisa los totales de los documentos de tipo {kind}.");
                self.tell(Severity::Note, "totals-not-checked", "Encabezado.Totales", message);
            }
        }
        group
    }

    /// Who has no RUT here has a code of the issuer's own (formato boletas 4.2, RUTRecep).
    fn receiver(&mut self, document: &Group) {
        let receiver = document.group("Encabezado").and_then(|e| e.group("Receptor"));
        let Some(receiver) = receiver else { return };
        if receiver.leaf("RUTRecep") == Some("0-0") && !receiver.has("CdgIntRecep") {
            self.refuses(
                "receiver-code-missing",
                "Encabezado.Receptor.CdgIntRecep",
                "RUTRecep es 0-0 y falta CdgIntRecep, que dice quién es el cliente.",
            );
        }
    }

    /// The same rule that a sale is held to.
    fn line_kinds(&mut self, tipo: Tipo, document: &Group) {
        for at in misplaced(tipo, document) {
            let message = format!("Línea {}: IndExe no es de {}.", at + 1, tipo.noun());
            self.objects("line-kind", &format!("Detalle[{at}].IndExe"), message);
        }
    }

    fn figures(&mut self, tipo: Tipo, document: &Group) {
        let lines = figures::lines(tipo, document);
        for (at, line) in lines.iter().enumerate() {
            let said = line.said.unwrap_or(0);
            let value = match line.value() {
                Ok(value) => value.amount,
                // A line may hold nothing but its value; a quantity wants its price.
                Err(_) if line.price.is_none() => {
                    if line.quantity.is_some() && said != 0 {
                        let message = format!("Línea {}: hay cantidad y valor, y falta PrcItem.", at + 1);
                        self.objects("line-unbalanced", &format!("Detalle[{at}].PrcItem"), message);
                    }
                    continue;
                }
                Err(fault) => {
                    self.objects(
                        "line-mismatch",
                        &format!("Detalle[{at}]"),
                        format!("Línea {}: {fault}.", at + 1),
                    );
                    continue;
                }
            };
            if value != said {
                let message = format!(
                    "Línea {}: MontoItem dice {} y cantidad, precio y descuentos dan {}.",
                    at + 1,
                    money::dotted(said),
                    money::dotted(value)
                );
                self.differ(
                    value.abs_diff(said),
                    "line-mismatch",
                    &format!("Detalle[{at}].MontoItem"),
                    message,
                );
            }
        }
        self.count(document);
        let Some(said) = document.group("Encabezado").and_then(|e| e.group("Totales")) else { return };
        if OTHER_TAXES.iter().any(|tag| said.has(tag)) {
            let message = "El documento lleva otros impuestos; Timbre todavía no revisa su suma.";
            return self.tell(Severity::Note, "totals-not-checked", "Encabezado.Totales", message);
        }
        self.sum(said);
        self.kind(tipo, document, said);
        let amounts = lines.iter().map(|line| (line.tax, line.said.unwrap_or(0)));
        match figures::add_up(tipo, document, amounts, figures::stated(said)) {
            Ok(totals) => {
                self.compare(tipo, said, &totals);
                self.taxes(document, said, &totals);
            }
            Err(fault) => self.objects("total-mismatch", "Encabezado.Totales", format!("{fault}.")),
        }
    }

    /// Each tax of the totals against the lines that bear it.
    fn taxes(&mut self, document: &Group, said: &Group, totals: &Totals) {
        for (at, tax) in said.groups("ImptoReten").enumerate() {
            let code = tax.leaf("TipoImp").unwrap_or_default();
            let place = format!("Encabezado.Totales.ImptoReten[{at}]");
            if Tax::of(code).is_none() {
                let message = format!("Timbre no calcula el impuesto {code}; su monto no se revisa.");
                self.tell(Severity::Note, "totals-not-checked", &place, message);
                continue;
            }
            if let Some(rate) = tax.leaf("TasaImp").and_then(money::parse)
                && Tax::of(code).is_some_and(|known| known.rate() != rate)
            {
                let message = format!("TasaImp dice {} y no es la del impuesto {code}.", money::plain(rate));
                self.objects("tax-rate", &place, message);
            }
            let due = totals.taxes.iter().find(|due| due.tax.code == code).map_or(0, |due| due.amount);
            let amount = tax.leaf("MontoImp").and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
            if amount != due {
                let message = format!(
                    "El impuesto {code} dice {} y las líneas que lo llevan dan {}.",
                    money::dotted(amount),
                    money::dotted(due)
                );
                self.differ(amount.abs_diff(due), "total-mismatch", &place, message);
            }
        }
        for due in &totals.taxes {
            if !said.groups("ImptoReten").any(|tax| tax.leaf("TipoImp") == Some(due.tax.code)) {
                let message =
                    format!("Hay líneas con el impuesto {} y los totales no lo llevan.", due.tax.code);
                self.objects("total-mismatch", "Encabezado.Totales.ImptoReten", message);
            }
        }
        if said.has("ImptoReten") && document.at(&["Encabezado", "IdDoc", "MntBruto"]).is_some() {
            let message = "Los precios con IVA (MntBruto) no van con impuestos adicionales.";
            self.objects("tax-with-gross", "Encabezado.IdDoc.MntBruto", message);
        }
    }

    /// Lines count from one.
    fn count(&mut self, document: &Group) {
        for (list, tag) in
            [("Detalle", "NroLinDet"), ("Referencia", "NroLinRef"), ("DscRcgGlobal", "NroLinDR")]
        {
            let numbers: Vec<&str> = document.groups(list).filter_map(|g| g.leaf(tag)).collect();
            if numbers.iter().enumerate().any(|(at, number)| *number != (at + 1).to_string()) {
                self.objects("line-number", list, format!("{tag} no va de uno en uno desde 1."));
            }
        }
    }

    /// The total is the sum of its own parts, whatever they are.
    fn sum(&mut self, said: &Group) {
        let amount = |tag: &str| said.leaf(tag).and_then(|t| t.parse::<i64>().ok()).map_or(0, i128::from);
        // Boletas of before 2021 have nothing but their total.
        if ["MntNeto", "MntExe", "IVA"].iter().all(|tag| !said.has(tag)) {
            return;
        }
        let taxes = said.groups("ImptoReten").map(|tax| {
            let amount = tax.leaf("MontoImp").and_then(|text| text.parse::<i128>().ok()).unwrap_or(0);
            if tax.leaf("TipoImp").is_some_and(|code| RETAINED.contains(&code)) { -amount } else { amount }
        });
        let sum: i128 =
            ["MntNeto", "MntExe", "IVA", "GrntDep"].into_iter().map(amount).chain(taxes).sum::<i128>()
                - amount("CredEC");
        let total = amount("MntTotal");
        if sum != total {
            let message = format!("MntTotal dice {total} y sus partes suman {sum}.");
            self.refuses("total-mismatch", "Encabezado.Totales.MntTotal", message);
        }
    }

    /// Is it the right type for what it charges?
    fn kind(&mut self, tipo: Tipo, document: &Group, said: &Group) {
        let right = match tipo {
            Tipo::Boleta => 41,
            Tipo::Factura => 34,
            Tipo::FacturaExenta | Tipo::BoletaExenta | Tipo::Guia | Tipo::NotaDebito | Tipo::NotaCredito => {
                return;
            }
        };
        let billed = |line: &Group| matches!(line.leaf("IndExe"), None | Some("1"));
        let all_exempt =
            document.groups("Detalle").filter(|line| billed(line)).all(|line| line.has("IndExe"));
        if all_exempt && said.leaf("MntExe").is_some_and(|amount| amount != "0") {
            let message =
                format!("Todo lo que se cobra es exento: corresponde un documento de tipo {right}.");
            self.objects("all-exempt", "Encabezado.IdDoc.TipoDTE", message);
        }
    }

    fn compare(&mut self, tipo: Tipo, said: &Group, totals: &Totals) {
        // A guía that sells nothing may leave its values out.
        let nothing = |tag: &str| said.leaf(tag).is_none_or(|amount| amount == "0");
        if tipo == Tipo::Guia && ["MntNeto", "MntExe", "IVA", "MntTotal"].into_iter().all(nothing) {
            return;
        }
        let unknown_tax = said
            .groups("ImptoReten")
            .any(|tax| tax.leaf("TipoImp").is_none_or(|code| Tax::of(code).is_none()));
        let ours = figures::tags(tipo, totals);
        self.iva_rate(said, ours.iter().any(|(tag, _)| *tag == "TasaIVA"));
        for tag in ["MntNeto", "MntExe", "IVA", "GrntDep", "MontoNF"] {
            if !nothing(tag) && ours.iter().all(|(known, _)| *known != tag) {
                let message =
                    format!("{tag} dice {} y nada en las líneas lo da.", said.leaf(tag).unwrap_or_default());
                self.objects("total-mismatch", &format!("Encabezado.Totales.{tag}"), message);
            }
        }
        for (tag, ours) in ours.into_iter().filter(|(tag, _)| *tag != "TasaIVA") {
            // What a tax that is not reckoned here is a part of.
            if unknown_tax && matches!(tag, "MntTotal" | "MontoPeriodo" | "VlrPagar") {
                continue;
            }
            let text = said.leaf(tag);
            // What is owed beyond the total may be left out.
            if text.is_none() && !matches!(tag, "MntNeto" | "MntExe" | "IVA" | "MntTotal") {
                continue;
            }
            let figure = text.and_then(money::parse);
            if figure == Some(money::Decimal::from(ours)) {
                continue;
            }
            let message =
                format!("{tag} dice {} y el cálculo da {}.", text.unwrap_or("nada"), money::dotted(ours));
            let difference = text.and_then(|t| t.parse::<i64>().ok()).map_or(u64::MAX, |t| t.abs_diff(ours));
            self.differ(difference, "total-mismatch", &format!("Encabezado.Totales.{tag}"), message);
        }
    }

    /// A rate is right or wrong: a point more or less is no rounding (formato DTE 2.4.2, campo 111).
    fn iva_rate(&mut self, said: &Group, wanted: bool) {
        let place = "Encabezado.Totales.TasaIVA";
        match said.leaf("TasaIVA") {
            None if wanted => self.objects("iva-rate", place, "Hay IVA y falta TasaIVA."),
            Some(text) if money::parse(text) != Some(money::iva_percent()) => {
                self.objects("iva-rate", place, format!("TasaIVA dice {text}; la tasa vigente es 19."));
            }
            Some(_) | None => {}
        }
    }

    /// The SII notes a peso and objects to more; figures are no cause of rejection (formato DTE 2.4.2, 2.2).
    fn differ(&mut self, pesos: u64, code: &str, place: &str, message: String) {
        let severity = if pesos <= 1 { Severity::Note } else { Severity::Objects };
        self.tell(severity, code, place, message);
    }
}
