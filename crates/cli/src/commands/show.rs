//! `timbre show`: one document, its exact bytes, or all that happened to it.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use timbre_agent::view::DetailView;
use timbre_core::DocumentId;
use timbre_core::paper::Printing;

use super::through;
use crate::door::Need;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::values;
use crate::words::{Lean, environment_word, moment, parts, pesos, table};

#[derive(clap::Args)]
pub struct Args {
    /// El documento, como T39F1234
    #[arg(value_name = "ID", value_parser = values::id)]
    id: DocumentId,

    /// Su XML: la línea de prólogo y los bytes firmados, sin cambios (ISO-8859-1)
    #[arg(long, conflicts_with = "history")]
    xml: bool,

    /// El sobre que se envía a quien lo recibe (EnvioDTE), firmado ahora
    #[arg(long, conflicts_with_all = ["history", "xml"])]
    envelope: bool,

    /// Todo lo que le ha pasado
    #[arg(long)]
    history: bool,
}

pub async fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    // Only what is signed anew wants the keys.
    let need = if args.envelope { Need::Store } else { Need::Look };
    through(data, need, async |api| {
        if args.envelope {
            out.latin1(&api.envelope(&args.id.to_string()).await?)?;
        } else if args.xml {
            out.latin1(&api.xml(&args.id.to_string()).await?)?;
        } else if args.history {
            for event in api.history(&args.id).await? {
                if out.json { out.object(&event)? } else { out.line(happened(&event))? }
            }
        } else {
            let detail = api.document(&args.id).await?;
            if out.json {
                out.object(&detail)?
            } else {
                page(&detail, environment_word(&api.environment())).iter().try_for_each(|l| out.line(l))?
            }
        }
        Ok(Exit::Done)
    })
    .await
}

/// A document as a person reads it.
fn page(detail: &DetailView, environment: &str) -> Vec<String> {
    let row = &detail.row;
    let mut lines = vec![
        format!("{}  {} folio {}  {}  {}", row.id, row.kind, row.folio, pesos(row.total), row.state),
        format!("Ambiente   {environment}"),
        format!("Emitido    {}", moment(&row.issued)),
        format!("Receptor   {} {}", row.receiver_id, row.receiver).trim_end().to_owned(),
    ];
    if row.hold_goods {
        lines.push("NO DESPACHAR: la mercadería no sale hasta que el SII tenga el documento.".to_owned());
    }
    let mut field = |name: &str, text: Option<String>| {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            lines.push(format!("{name:<10} {text}"));
        }
    };
    field("Vendió", row.sold_by.clone());
    field("Totales", Some(parts(&detail.totals)));
    field("TrackID", row.track.clone());
    field("Versión", (row.version > 1).then(|| row.version.to_string()));
    field("Plazo", row.deadline.as_deref().map(moment));
    field("Reintento", row.next_try.as_deref().map(moment));
    field("Atención", row.attention.clone());
    field("Problema", row.error.clone());
    field("Anulado", row.annulled_by.as_ref().map(|id| format!("por {id}")));
    field("Reemplazo", row.replaced_by.clone());
    field("Reemplaza", detail.replaces.clone());
    for version in detail.versions.iter().filter(|version| version.version != row.version) {
        let of = format!("{}, del {} ({})", version.version, moment(&version.issued), version.sha256);
        field("Anterior", Some(of));
    }
    for remark in &row.remarks {
        field("SII dijo", Some(format!("{} {} ({})", remark.code, remark.words, remark.meaning)));
        let action = remark.advice.as_ref().map(|advice| &advice.action);
        field("Qué hacer", action.filter(|action| action.word != "nothing").map(|a| a.text.clone()));
    }
    let papers = if row.papers.is_empty() { row.paper.as_slice() } else { &row.papers };
    for p in papers {
        field("Papel", Some(format!("{}, {} {}", p.word, p.copy, p.why).trim_end().to_owned()));
    }
    field("SHA-256", Some(detail.sha256.clone()));
    if !detail.lines.is_empty() {
        let heads = [
            ("DETALLE", Lean::Left),
            ("CANTIDAD", Lean::Right),
            ("PRECIO", Lean::Right),
            ("MONTO", Lean::Right),
        ];
        let cells: Vec<_> = detail
            .lines
            .iter()
            .map(|l| vec![l.name.clone(), l.quantity.clone(), l.price.clone(), pesos(l.amount)])
            .collect();
        lines.push(String::new());
        lines.extend(table(&heads, &cells));
    }
    if !detail.timeline.is_empty() {
        lines.push(String::new());
        for step in &detail.timeline {
            lines.push(format!("{}  {}  {}", moment(&step.at), step.title, step.text).trim_end().to_owned());
        }
    }
    lines
}

/// One fact of the journal on one line.
fn happened(event: &Value) -> String {
    // A fact may stand beside its time or under a name of its own.
    let fact = event.get("fact").filter(|inner| inner.is_object()).unwrap_or(event);
    let text = |name: &str| fact.get(name).and_then(Value::as_str).unwrap_or_default();
    let (title, more) = match text("fact") {
        "issued" => ("emitido", String::new()),
        "sending" => ("sale hacia el SII", counted("intento", fact.get("attempt"))),
        "answered" => ("respuesta", format!("{} {}", text("what"), counted("HTTP", fact.get("status")))),
        "moved" => ("estado", format!("{} → {} {}", text("from"), text("to"), text("why"))),
        "attention" => ("necesita atención", text("reason").to_owned()),
        "annulled" => ("anulado", format!("por {}", text("by"))),
        "printed" => {
            let how: Printing =
                fact.get("how").and_then(|how| Printing::deserialize(how).ok()).unwrap_or_default();
            ("papel", format!("{}: {} {}", text("copy"), how.word(), how.why()).trim_end().to_owned())
        }
        "mailed" => ("enviado por correo", text("to").to_owned()),
        "notified" => ("avisado", text("to").to_owned()),
        "acted" => (text("who"), text("what").to_owned()),
        "unreadable" => ("no se puede leer", text("why").to_owned()),
        other => (other, fact.to_string()),
    };
    let at = event.get("at").and_then(Value::as_str).unwrap_or_default();
    format!("{}  {title}  {}", moment(at), more.trim()).trim_end().to_owned()
}

fn counted(word: &str, number: Option<&Value>) -> String {
    match number {
        Some(number) if !number.is_null() => format!("{word} {number}"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::issue::tests::row;
    use super::*;
    use serde_json::json;
    use timbre_agent::view::{AdviceView, LabelView, LineView, RemarkView, StepView, VersionView};

    #[test]
    fn a_document_is_a_page() {
        let detail = DetailView {
            row: row(),
            timeline: vec![StepView {
                at: "2026-11-22T13:58:03Z".to_owned(),
                title: "Emitido".to_owned(),
                text: "con folio 1234".to_owned(),
                heard: None,
            }],
            totals: json!({"MntNeto": 1000, "IVA": 190}),
            lines: vec![LineView {
                name: "Pan".to_owned(),
                quantity: "2".to_owned(),
                price: "595".to_owned(),
                amount: 1190,
            }],
            sha256: "ab".to_owned(),
            lost: false,
            versions: vec![VersionView {
                version: 1,
                issued: "2026-11-22T13:58:03Z".to_owned(),
                sha256: "ab".to_owned(),
            }],
            cedes: false,
            replaces: None,
        };
        assert_eq!(
            page(&detail, "entrenamiento"),
            [
                "T39F1234  Boleta folio 1234  $1.190  GENERADO",
                "Ambiente   entrenamiento",
                "Emitido    22-11-2026 10:58:03",
                "Receptor   66666666-6",
                "Totales    neto $1.000 · IVA $190",
                "SHA-256    ab",
                "",
                "DETALLE  CANTIDAD  PRECIO   MONTO",
                "Pan             2     595  $1.190",
                "",
                "22-11-2026 10:58:03  Emitido  con folio 1234",
            ]
        );
    }

    #[test]
    fn what_to_do_about_a_remark_is_on_the_page() {
        let label = |word: &str, text: &str| LabelView { word: word.to_owned(), text: text.to_owned() };
        let remark = |action: LabelView| RemarkView {
            code: "HED-3-211".to_owned(),
            words: "no".to_owned(),
            meaning: "No.".to_owned(),
            advice: Some(AdviceView {
                whose: label("sale", "La venta."),
                number: label("burnt", "No."),
                action,
            }),
        };
        let mut row = row();
        row.remarks = vec![
            remark(label("mend", "Corrija la venta.")),
            remark(label("nothing", "No hay nada que hacer.")),
        ];
        let (timeline, totals, lines, sha256) = (vec![], json!({}), vec![], String::new());
        let page = page(
            &DetailView {
                row,
                timeline,
                totals,
                lines,
                sha256,
                lost: false,
                versions: vec![],
                cedes: false,
                replaces: None,
            },
            "",
        );
        let said: Vec<_> = page.iter().filter(|line| line.starts_with("Qué hacer")).collect();
        assert_eq!(said, ["Qué hacer  Corrija la venta."]);
    }

    #[test]
    fn facts_are_told_on_one_line() {
        let moved =
            json!({"at": "2026-11-22T13:58:03Z", "fact": "moved", "from": "ENVIANDO", "to": "ENVIADO"});
        assert_eq!(happened(&moved), "22-11-2026 10:58:03  estado  ENVIANDO → ENVIADO");
        let nested = json!({"at": "2026-11-22T13:58:03Z", "fact": {"fact": "sending", "attempt": 1}});
        assert_eq!(happened(&nested), "22-11-2026 10:58:03  sale hacia el SII  intento 1");
    }
}
