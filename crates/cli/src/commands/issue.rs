//! `timbre issue`: sales in, documents out, each answered as soon as it is durable. A sale that is
//! refused does not hold up the others. One that its card's voucher stands for is recorded, and has none.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use timbre_agent::sales::{Entry, Offer};
use timbre_agent::view::{IssuedView, ProblemView, VouchedView};
use timbre_agent::vouch::Sold;
use timbre_core::Refusal;

use super::through;
use crate::api::Api;
use crate::door::Need;
use crate::failure::{Exit, Failure, reason, reasons};
use crate::incoming::{incoming, incoming_rows, unreadable};
use crate::out::Out;
use crate::values;
use crate::words::{environment_word, pesos, with_parts};

#[derive(clap::Args)]
pub struct Args {
    /// Archivo con la venta, una lista, o una venta por línea ({"key": …, "sale": {…}}); «-» o nada: la entrada estándar
    #[arg(value_name = "ARCHIVO")]
    file: Option<PathBuf>,

    /// El archivo es una tabla (CSV), y este mapa (TOML) dice qué columna es qué etiqueta; vea docs/integrating.md
    #[arg(long, value_name = "MAPA", conflicts_with = "key")]
    csv: Option<PathBuf>,

    /// Clave de idempotencia de la venta: la misma clave da siempre el mismo documento
    #[arg(long, value_name = "CLAVE")]
    key: Option<String>,

    /// Espera el veredicto del SII antes de responder
    #[arg(long)]
    wait: bool,

    /// Cuánto espera el veredicto; si falta, 20s
    #[arg(long, value_name = "DURACIÓN", value_parser = values::duration, default_value = "20s", requires = "wait")]
    timeout: Duration,
}

pub async fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    let mut sales = match &args.csv {
        Some(map) => incoming_rows(args.file.as_deref(), map)?,
        None => incoming(args.file.as_deref(), out)?,
    };
    let need = if args.wait { Need::Verdicts } else { Need::Store };
    through(data, need, async |api| {
        let mut issuing = Issuing {
            api,
            out,
            wait: args.wait.then_some(args.timeout),
            key: args.key.map(|key| timbre_core::sale::key(&key)).transpose()?,
            keyed: false,
            warned: false,
            issued: 0,
            recorded: 0,
            refused: 0,
        };
        while let Some(entry) = sales.recv().await {
            let entry = entry.map_err(|e| unreadable(&e))?;
            match issuing.one(entry).await {
                Err(Failure::Pipe) => {
                    out.note(
                        "timbre: nadie lee ya las respuestas; lo que seguía en la entrada no se emitió.",
                    );
                    return Ok(Exit::Refused);
                }
                other => other?,
            }
        }
        if issuing.issued + issuing.recorded + issuing.refused == 0 {
            return Err(Failure::usage("La entrada no trae ninguna venta."));
        }
        if issuing.issued > 0 && !args.wait && !out.json && api.door().is_ours().await {
            out.note("Lo emitido se envía al SII cuando el agente esté en marcha (timbre serve).");
        }
        Ok(if issuing.refused == 0 { Exit::Done } else { Exit::Refused })
    })
    .await
}

struct Issuing<'a> {
    api: &'a Api,
    out: Out,
    wait: Option<Duration>,
    /// The key of the command line: for one sale only.
    key: Option<String>,
    keyed: bool,
    warned: bool,
    issued: u64,
    recorded: u64,
    refused: u64,
}

impl Issuing<'_> {
    async fn one(&mut self, entry: Entry) -> Result<(), Failure> {
        let line = entry.line;
        let (key, done) = match entry.offer.map_err(Failure::from) {
            Ok(offer) => match self.keyed(offer) {
                Ok(Offer { key, body }) => (key.clone(), self.sell(body, key).await),
                Err(no) => (None, Err(no)),
            },
            Err(no) => (None, Err(no)),
        };
        match done {
            Ok(Sold::Issued(issued)) => {
                self.issued += 1;
                self.tell(&issued, line)
            }
            Ok(Sold::Recorded(record)) => {
                self.recorded += 1;
                self.tell_record(&record, line)
            }
            Err(Failure::Problem(no)) if Failure::Problem(no.clone()).exit() == Exit::Refused => {
                self.refused += 1;
                self.refuse(&no, line, key.as_deref())
            }
            Err(other) => Err(other),
        }
    }

    /// What the agent issues no document for, since a card's voucher is one, or since it is recorded already, is
    /// recorded: the same key is the same record.
    async fn sell(&self, body: Bytes, key: Option<String>) -> Result<Sold, Failure> {
        match self.api.issue(body.clone(), key.clone(), self.wait).await {
            Err(Failure::Problem(no)) if matches!(&*no.code, "voucher-stands" | "key-vouched") => {
                let Some(key) = key else { return Err(record_without_key().into()) };
                self.api.record(body, key).await.map(|record| Sold::Recorded(Box::new(record)))
            }
            issued => issued.map(|issued| Sold::Issued(Box::new(issued))),
        }
    }

    /// Gives the command line's key to the sale that has none of its own.
    fn keyed(&mut self, offer: Offer) -> Result<Offer, Failure> {
        let Some(key) = &self.key else {
            if offer.key.is_none() && !self.warned {
                self.warned = true;
                self.out.note(
                    "aviso: hay ventas sin clave (--key o «key»). Si esto se interrumpe, una de ellas puede quedar \
                     emitida sin que usted reciba la respuesta: revise con «timbre list» antes de repetirla.",
                );
            }
            return Ok(offer);
        };
        if let Some(own) = &offer.key {
            return match own == key {
                true => Ok(offer),
                // Whichever is taken, whoever repeats it by the other one has two documents.
                false => {
                    let why = format!(
                        "La venta trae su propia clave («{own}») y --key dice otra («{key}»): deje una."
                    );
                    Err(timbre_core::Refusal::new("key-differs", "key", why).into())
                }
            };
        }
        if std::mem::replace(&mut self.keyed, true) {
            let why = "--key vale para una sola venta: dé a cada una su «key».";
            return Err(Refusal::new("key-reused", "", why).into());
        }
        Ok(Offer { key: Some(key.clone()), ..offer })
    }

    fn tell(&self, issued: &IssuedView, line: u64) -> Result<(), Failure> {
        if self.out.json {
            return self.out.object(&answer(issued, line));
        }
        self.out.line(sentence(issued))?;
        // That there is no key was said once, for all of them.
        for warning in issued.warnings.iter().filter(|warning| warning.code != "key-missing") {
            self.out.note(format!("aviso: {}: {}", issued.document.id, reason(warning)));
        }
        Ok(())
    }

    fn tell_record(&self, record: &VouchedView, line: u64) -> Result<(), Failure> {
        let environment = self.api.environment();
        match self.out.json {
            true => self.out.object(&recorded(record, &environment, line)),
            false => self.out.line(record_sentence(record, &environment)),
        }
    }

    fn refuse(&self, no: &ProblemView, line: u64, key: Option<&str>) -> Result<(), Failure> {
        if self.out.json {
            let temporary = no.status == 503;
            return self.out.object(&json!({
                "error": no.code, "detail": no.detail, "errors": no.errors,
                "temporary": temporary, "key": key, "line": line,
            }));
        }
        let key = key.map(|key| format!(", clave {key}")).unwrap_or_default();
        self.out.note(format!("timbre: la venta de la línea {line}{key} no se emitió: {}", reasons(no)));
        Ok(())
    }
}

/// One line for programs.
pub(super) fn answer(issued: &IssuedView, line: u64) -> serde_json::Value {
    let document = &issued.document;
    let kind = document.series.parse::<u64>().map_or_else(|_| json!(document.series), |number| json!(number));
    let mut said = json!({
        "id": document.id, "key": issued.key, "type": kind, "folio": document.folio,
        "total": document.total, "totals": issued.totals, "state": document.state, "date": document.date,
        "repeated": issued.repeated, "hold_goods": document.hold_goods, "warnings": issued.warnings, "environment": issued.environment,
        "line": line,
    });
    if let Some(part) = &issued.voucher {
        said["voucher"] = json!(part);
    }
    said
}

fn record_without_key() -> Refusal {
    let message = "Esta venta se pagó con tarjeta y su voucher es la boleta: se registra sin documento, y su registro lleva \
                   siempre una clave. Dele una con --key, o con «key» en la entrada.";
    Refusal::new("key-missing", "key", message)
}

/// One line for programs: a sale without document has neither id nor folio.
fn recorded(record: &VouchedView, environment: &str, line: u64) -> serde_json::Value {
    json!({
        "id": null, "key": record.key, "total": record.total, "date": record.date, "repeated": record.repeated,
        "voucher": record, "environment": environment, "line": line,
    })
}

/// `Registrada    clave k-1  $1.190 con debito, sin boleta ni folio: su voucher es la boleta  entrenamiento`.
pub(super) fn record_sentence(record: &VouchedView, environment: &str) -> String {
    let means = record.means.join(" y ");
    let by = if means.is_empty() { "tarjeta".to_owned() } else { means };
    let again = if record.repeated { "  (ya registrada antes)" } else { "" };
    let undone = record.undone.as_ref().map(|undone| format!("  DESHECHA por {}", undone.who));
    format!(
        "{:<12}  clave {}  {} con {by}, sin boleta ni folio: su voucher es la boleta  {}{again}{}",
        "Registrada",
        record.key,
        pesos(record.total),
        environment_word(environment),
        undone.unwrap_or_default()
    )
}

/// `T39F1234  clave k-1  Boleta 39 folio 1234  $1.190 (neto $1.000 · IVA $190)  GENERADO  entrenamiento`.
pub(super) fn sentence(issued: &IssuedView) -> String {
    let document = &issued.document;
    let key = issued.key.as_deref().map(|key| format!("  clave {key}")).unwrap_or_default();
    let again = if issued.repeated { "  (ya emitido antes)" } else { "" };
    let hold = if document.hold_goods { "  NO DESPACHAR: el SII todavía no lo tiene" } else { "" };
    let problem = document.error.as_deref().map(|why| format!("  {why}")).unwrap_or_default();
    let card = issued
        .voucher
        .as_ref()
        .map(|part| format!("  y {} con tarjeta, cuyo voucher es la boleta", pesos(part.total)));
    let card = card.unwrap_or_default();
    let place = environment_word(&issued.environment);
    format!(
        "{:<12}{key}  {} {} folio {}  {}  {}  {place}{again}{card}{hold}{problem}",
        document.id,
        document.kind,
        document.series,
        document.folio,
        with_parts(document.total, &issued.totals),
        document.state
    )
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use timbre_agent::view::RowView;

    pub fn row() -> RowView {
        serde_json::from_value(json!({
            "id": "T39F1234", "series": "39", "kind": "Boleta", "folio": 1234, "version": 1,
            "date": "2026-11-22", "issued": "2026-11-22T13:58:03Z", "total": 1190,
            "receiver_id": "66666666-6", "receiver": "", "state": "GENERADO", "since": "2026-11-22T13:58:03Z",
            "attention": null, "annulled_by": null, "replaced_by": null, "track": null, "attempts": 0,
            "next_try": null, "error": null, "remarks": [], "deadline": null,
        }))
        .unwrap()
    }

    fn issued() -> IssuedView {
        IssuedView {
            document: row(),
            key: Some("k-1".to_owned()),
            totals: json!({"MntNeto": 1000, "IVA": 190, "MntTotal": 1190}),
            warnings: vec![],
            repeated: false,
            voucher: None,
            environment: "training".to_owned(),
        }
    }

    #[test]
    fn people_read_one_line_a_document() {
        assert_eq!(
            sentence(&issued()),
            "T39F1234      clave k-1  Boleta 39 folio 1234  $1.190 (neto $1.000 · IVA $190)  GENERADO  entrenamiento"
        );
        let again = IssuedView { repeated: true, key: None, ..issued() };
        assert!(sentence(&again).ends_with("GENERADO  entrenamiento  (ya emitido antes)"));
        let goods = IssuedView { document: RowView { hold_goods: true, ..row() }, ..issued() };
        assert!(sentence(&goods).ends_with("entrenamiento  NO DESPACHAR: el SII todavía no lo tiene"));
    }

    fn record() -> VouchedView {
        serde_json::from_value(json!({
            "key": "k-2", "at": "2026-11-22T13:58:03Z", "date": "2026-11-22", "kind": "Boleta", "total": 1190,
            "rest": null, "means": ["debito"], "repeated": false,
        }))
        .unwrap()
    }

    #[test]
    fn a_sale_that_was_recorded_is_told_without_an_id() {
        let told = record_sentence(&record(), "training");
        let right = "Registrada    clave k-2  $1.190 con debito, sin boleta ni folio: su voucher es la boleta  entrenamiento";
        assert_eq!(told, right);
        let again = VouchedView { repeated: true, ..record() };
        assert!(record_sentence(&again, "training").ends_with("entrenamiento  (ya registrada antes)"));
        let object = recorded(&record(), "training", 3);
        assert_eq!(
            (&object["id"], &object["key"], &object["line"]),
            (&json!(null), &json!("k-2"), &json!(3))
        );
        assert_eq!(object["voucher"]["kind"], "Boleta");
    }

    #[test]
    fn programs_read_one_object_a_document() {
        assert_eq!(
            answer(&issued(), 3).to_string(),
            r#"{"id":"T39F1234","key":"k-1","type":39,"folio":1234,"total":1190,"totals":{"MntNeto":1000,"IVA":190,"MntTotal":1190},"state":"GENERADO","date":"2026-11-22","repeated":false,"hold_goods":false,"warnings":[],"environment":"training","line":3}"#
        );
    }
}
