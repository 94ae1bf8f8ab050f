//! `timbre claims`: the SII's registry of acceptances and claims of facturas (Ley 19.983 and 20.727): what
//! was said of one, and saying it of one that a supplier sent.

use std::io;
use std::path::Path;

use clap::{Args as Group, Subcommand};
use timbre_agent::view::{ClaimOrder, ClaimsView, RemarkView};
use timbre_core::DocumentId;

use super::through;
use crate::ask;
use crate::door::Need;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::values;
use crate::words::local;

#[derive(Group)]
pub struct Args {
    #[command(subcommand)]
    order: Order,
}

#[derive(Subcommand)]
enum Order {
    /// Lo que el registro del SII tiene de una factura: recepción, cesión, recibos y reclamos
    Show(Show),
    /// Acepta una factura recibida de un proveedor (ACD), o da recibo de la mercadería (ERM); tiene efecto legal
    Accept(Say<Accepts>),
    /// Reclama una factura recibida de un proveedor; tiene efecto legal
    Claim(Say<Claims>),
}

#[derive(Group)]
struct Show {
    /// Una factura de esta empresa, como T33F1234
    #[arg(
        value_name = "ID",
        value_parser = values::id,
        required_unless_present = "issuer",
        conflicts_with_all = ["issuer", "series", "folio"]
    )]
    id: Option<DocumentId>,

    /// De una recibida: el RUT de quien la emitió
    #[arg(long, value_name = "RUT", requires_all = ["series", "folio"])]
    issuer: Option<String>,

    /// De una recibida: el tipo (33, 34 o 43)
    #[arg(long = "type", value_name = "TIPO", value_parser = values::number::<u16>, requires = "issuer")]
    series: Option<u16>,

    /// De una recibida: el folio
    #[arg(long, value_name = "FOLIO", value_parser = values::number::<u64>, requires = "issuer")]
    folio: Option<u64>,
}

#[derive(Group)]
struct Say<A: Group> {
    /// El RUT de quien emitió la factura
    #[arg(long, value_name = "RUT")]
    issuer: String,

    /// El tipo (33, 34 o 43)
    #[arg(long = "type", value_name = "TIPO", value_parser = values::number::<u16>)]
    series: u16,

    /// El folio
    #[arg(long, value_name = "FOLIO", value_parser = values::number::<u64>)]
    folio: u64,

    #[command(flatten)]
    action: A,

    /// Confirma sin preguntar
    #[arg(long)]
    yes: bool,
}

#[derive(Group)]
struct Accepts {
    /// ACD acepta el contenido; ERM da recibo de la mercadería o del servicio. Si falta, ACD
    #[arg(long, value_name = "ACCIÓN", ignore_case = true, value_parser = ["ACD", "ERM"], default_value = "ACD")]
    action: String,
}

#[derive(Group)]
struct Claims {
    /// RCD reclama por el contenido; RFP, porque faltó parte de la mercadería; RFT, porque no llegó
    #[arg(long, value_name = "ACCIÓN", ignore_case = true, value_parser = ["RCD", "RFP", "RFT"])]
    action: String,
}

pub async fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    match args.order {
        Order::Show(which) => show(which, data, out).await,
        Order::Accept(said) => {
            let action = said.action.action.to_uppercase();
            say(order(said.issuer, said.series, said.folio, action), "ACEPTAR", said.yes, data, out).await
        }
        Order::Claim(said) => {
            let action = said.action.action.to_uppercase();
            say(order(said.issuer, said.series, said.folio, action), "RECLAMAR", said.yes, data, out).await
        }
    }
}

fn order(issuer: String, series: u16, folio: u64, action: String) -> ClaimOrder {
    ClaimOrder { issuer, series: series.to_string(), folio, action }
}

async fn show(which: Show, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    through(data, Need::Verdicts, async |api| {
        let held = match (which.id, which.issuer, which.series, which.folio) {
            (Some(id), ..) => api.claims(&id).await?,
            (None, Some(issuer), Some(series), Some(folio)) => api.claims_of(&issuer, series, folio).await?,
            (None, ..) => return Err(Failure::usage("Falta <ID>, o --issuer, --type y --folio.")),
        };
        if out.json {
            out.object(&held)?
        } else {
            page(&held).iter().try_for_each(|line| out.line(line))?
        }
        Ok(Exit::Done)
    })
    .await
}

async fn say(
    order: ClaimOrder,
    word: &str,
    yes: bool,
    data: Option<&Path>,
    out: Out,
) -> Result<Exit, Failure> {
    if out.json && !yes {
        return Err(Failure::usage("Con --json no se pregunta: confirme con --yes."));
    }
    if !yes {
        warning(&order).iter().try_for_each(|line| out.line(line))?;
        out.line(format!("Para registrarlo escriba {word}:"))?;
        if !ask::confirmed(word, &mut io::stdin().lock())? {
            return Err(Failure::refused("not-confirmed", "No se confirmó: no se registró nada."));
        }
    }
    through(data, Need::Verdicts, async |api| {
        let said = api.claim(&order).await?;
        if out.json {
            out.object(&said)?
        } else {
            out.line(told(&said.remark))?
        }
        Ok(Exit::Done)
    })
    .await
}

/// What is about to be done, and what it means in law.
fn warning(order: &ClaimOrder) -> Vec<String> {
    let ClaimOrder { issuer, series, folio, action } = order;
    let (what, effect) = match action.as_str() {
        "ACD" => ("Acepta el contenido", "Después no se puede reclamar por su contenido."),
        "ERM" => (
            "Da recibo de la mercadería o del servicio",
            "Con él la factura se puede ceder y cobrar ejecutivamente (Ley 19.983); después no se puede reclamar por falta de mercadería.",
        ),
        "RCD" => ("Reclama por el contenido", CLAIM),
        "RFP" => ("Reclama porque faltó parte de la mercadería", CLAIM),
        _ => ("Reclama porque no llegó la mercadería", CLAIM),
    };
    vec![
        format!("{what} del documento tipo {series} folio {folio} emitido por {issuer}."),
        "Es un acto con efecto legal ante el SII y el emisor, y no se puede deshacer.".to_owned(),
        effect.to_owned(),
    ]
}

const CLAIM: &str = "Una factura reclamada no da derecho al crédito de IVA (DL 825, art. 23 Nº 7). Hay ocho días desde que el SII la recibió; pasados, se da por aceptada.";

fn page(held: &ClaimsView) -> Vec<String> {
    let mut lines = vec![format!("Documento tipo {} folio {} de {}", held.series, held.folio, held.issuer)];
    lines.extend(
        held.received.iter().map(|at| format!("Recibido por el SII el {} (hora de Chile)", local(at))),
    );
    lines.extend(held.assignable.iter().map(|remark| format!("Cesión: {}", told(remark))));
    if held.events.is_empty() {
        lines.push("Sin recibos ni reclamos.".to_owned());
    }
    for event in &held.events {
        let at = event.at.as_deref().map(local).unwrap_or_default();
        lines.push(format!("{at}  {}  {}  {}", event.what.code, event.by, event.what.meaning));
        let advice = event.what.advice.as_ref().map(|advice| &advice.action);
        let action = advice.filter(|action| action.word != "nothing");
        lines.extend(action.map(|action| format!("    Qué hacer: {}", action.text)));
    }
    lines.extend(held.untold.iter().map(|why| format!("No se supo todo: {}", told(why))));
    lines
}

/// What it means, and the SII's own words where it has some.
fn told(remark: &RemarkView) -> String {
    match remark.words.as_str() {
        "" => remark.meaning.clone(),
        words => format!("{} (SII: «{words}»)", remark.meaning),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use timbre_agent::view::{AdviceView, EventView, LabelView};

    fn remark(code: &str, words: &str, meaning: &str) -> RemarkView {
        RemarkView { code: code.into(), words: words.into(), meaning: meaning.into(), advice: None }
    }

    fn label(word: &str, text: &str) -> LabelView {
        LabelView { word: word.into(), text: text.into() }
    }

    #[test]
    fn a_claim_is_told_with_what_to_do_about_it() {
        let mut held = ClaimsView {
            issuer: "99999999-9".into(),
            series: "33".into(),
            folio: 5,
            received: Some("2026-01-15T12:41:50".into()),
            assignable: Some(remark("RECLAMO 21", "No cedible", "El SII respondió.")),
            events: vec![],
            untold: vec![],
        };
        assert_eq!(page(&held)[3], "Sin recibos ni reclamos.");
        let advice = AdviceView {
            whose: label("sale", "La venta."),
            number: label("used", "Usado."),
            action: label("credit-note", "Haga una nota de crédito."),
        };
        held.events.push(EventView {
            what: RemarkView { advice: Some(advice), ..remark("RCD", "Reclamo", "Se reclamó.") },
            by: "77777777-7".into(),
            at: Some("2026-01-16T09:00:00".into()),
        });
        assert_eq!(
            page(&held),
            [
                "Documento tipo 33 folio 5 de 99999999-9",
                "Recibido por el SII el 15-01-2026 12:41:50 (hora de Chile)",
                "Cesión: El SII respondió. (SII: «No cedible»)",
                "16-01-2026 09:00:00  RCD  77777777-7  Se reclamó.",
                "    Qué hacer: Haga una nota de crédito.",
            ]
        );
    }

    #[test]
    fn whoever_confirms_reads_first_that_it_has_legal_effect() {
        for action in ["ACD", "ERM", "RCD", "RFP", "RFT"] {
            let text = warning(&order("76192083-9".into(), 33, 41, action.into())).join("\n");
            assert!(text.contains("efecto legal") && text.contains("folio 41"), "{text}");
            assert_eq!(text.contains("ocho días"), action.starts_with('R'), "{text}");
        }
    }
}
