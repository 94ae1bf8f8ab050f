//! `timbre caf`: loads the folios that the SII authorised, as its files come, and tells what is left.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use timbre_agent::view::{RangeDecision, RangeView, RefusalView};
use zeroize::Zeroizing;

use super::through;
use crate::ask;
use crate::door::Need;
use crate::failure::{Exit, Failure, reason, with_command};
use crate::out::Out;
use crate::values::{self, Share};
use crate::words::{Lean, moment, table, thousands};

#[derive(clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Carga archivos CAF, tal como los entrega el SII
    Add(Add),
    /// Muestra los folios que quedan
    List,
    /// Detiene un rango: no se dan más folios suyos. Para los que son de otra caja, o que se anularon en sii.cl
    Stop(Decision),
    /// Vuelve a usar un rango detenido, porque el SII conoce un folio suyo con otros datos o no los acepta, o a mano
    Resume(Decision),
}

#[derive(clap::Args)]
struct Decision {
    /// El tipo de documento, como 39
    #[arg(value_name = "TIPO", value_parser = values::number::<u16>)]
    kind: u16,

    /// Un folio del rango
    #[arg(value_name = "FOLIO", value_parser = values::number::<u64>)]
    folio: u64,

    /// Por qué: qué pasó con esos folios o, para volver a usarlos, por qué se puede. Queda anotado
    #[arg(long, value_name = "MOTIVO")]
    why: String,

    /// Quién lo decide; si falta, el usuario de este equipo
    #[arg(long, value_name = "NOMBRE")]
    who: Option<String>,
}

impl Decision {
    fn order(self) -> RangeDecision {
        let Decision { kind, folio, why, who } = self;
        RangeDecision { series: kind.to_string(), folio, who: who.unwrap_or_else(ask::user), why }
    }
}

#[derive(clap::Args)]
struct Add {
    /// Archivos CAF
    #[arg(value_name = "ARCHIVO", required = true)]
    files: Vec<PathBuf>,

    /// La parte de esta caja cuando varias comparten el rango: 1/3 es la primera de tres
    #[arg(long, value_name = "n/m", value_parser = Share::parse)]
    share: Option<Share>,

    /// Último folio del rango que ya se usó en otro sistema
    #[arg(long, value_name = "FOLIO", value_parser = values::number::<u64>)]
    used_up_to: Option<u64>,
}

pub async fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    match args.what {
        What::Add(add) => load(add, data, out).await,
        What::List => list(data, out).await,
        What::Stop(decision) => stop(&decision.order(), data, out).await,
        What::Resume(decision) => reopen(&decision.order(), data, out).await,
    }
}

async fn load(add: Add, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    if add.used_up_to.is_some() && add.files.len() > 1 {
        return Err(Failure::usage("--used-up-to vale para un solo archivo."));
    }
    // A name written wrong is said before anything is loaded.
    let read =
        |path: &PathBuf| std::fs::read(path).map(Zeroizing::new).map_err(|e| Failure::unreadable(path, &e));
    let files = add.files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let terms = |path: &PathBuf| terms(&add, path, !out.json && ask::somebody());
    let terms = add.files.iter().map(terms).collect::<Result<Vec<_>, _>>()?;
    through(data, Need::Store, async |api| {
        let mut exit = Exit::Done;
        let mut office = Office::of(&api.company().await?);
        for ((path, file), terms) in add.files.iter().zip(files).zip(terms) {
            match api.load_folios(file, terms.share, terms.used_up_to).await {
                Ok(mut range) if out.json => {
                    if terms.assumed {
                        range["assumed"] = json!({ "used_up_to": null, "share": "1/1" });
                    }
                    let all: Vec<_> =
                        warnings(terms, &range).into_iter().chain(office.missed(&range)).collect();
                    range["warnings"] = json!(all);
                    out.object(&range)?
                }
                Ok(range) => {
                    out.line(loaded(path, &range))?;
                    for warning in warnings(terms, &range).into_iter().chain(office.missed(&range)) {
                        out.note(format!("aviso: {}", reason(&warning)));
                    }
                }
                Err(failure) if failure.exit() == Exit::Refused => {
                    exit = Exit::Refused;
                    if out.json {
                        out.object(&failure.json())?
                    } else {
                        out.note(format!("timbre: {}: {failure}", path.display()))
                    }
                }
                Err(other) => return Err(other),
            }
        }
        Ok(exit)
    })
    .await
}

/// Whose the folios of a range are (a CAF can be had again, lower, or by another system's till).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Terms {
    share: Option<Share>,
    used_up_to: Option<u64>,
    /// Nobody said: none used, not shared.
    assumed: bool,
}

/// What the command line says; where it says nothing, what the person says; else the defaults.
fn terms(add: &Add, path: &Path, somebody: bool) -> Result<Terms, Failure> {
    if add.share.is_some() || add.used_up_to.is_some() || !somebody {
        let assumed = add.share.is_none() && add.used_up_to.is_none();
        return Ok(Terms { share: add.share, used_up_to: add.used_up_to, assumed });
    }
    let used_up_to = ask::until(
        &format!(
            "{}: ¿ya se usaron folios de este rango? El último usado, o Enter si ninguno: ",
            path.display()
        ),
        &None,
        |text| match text.to_lowercase().as_str() {
            "no" | "n" | "ninguno" => Ok(None),
            text => values::number::<u64>(text).map(Some),
        },
    )?;
    let share = ask::until(
        "¿Cuántas cajas lo comparten? Enter si solo ésta; si son tres y ésta es la primera, 1/3: ",
        &None,
        |text| match text {
            "1" => Ok(None),
            text => Share::parse(text).map(Some),
        },
    )?;
    Ok(Terms { share, used_up_to, assumed: false })
}

/// The office of the SII that stands under the box of all but boletas (manual de muestras impresas 4.0, 1.3): without
/// it they come out unlawful, and it is said once.
enum Office {
    Known,
    Missing,
}

impl Office {
    fn of(company: &Value) -> Office {
        match company["data"]["UnidadSII"].as_str() {
            Some(_) => Office::Known,
            None => Office::Missing,
        }
    }

    fn missed(&mut self, range: &Value) -> Option<RefusalView> {
        let wants = !matches!(range["series"].as_str(), Some("39" | "41") | None);
        if !wants || matches!(std::mem::replace(self, Office::Known), Office::Known) {
            return None;
        }
        let message = "Falta la unidad del SII, que la norma pide bajo el recuadro de facturas, guías y notas. \
                       Agréguela con «timbre company set --unidad-sii \"SANTIAGO CENTRO\"».";
        Some(RefusalView {
            code: "company-office-missing".to_owned(),
            path: "UnidadSII".to_owned(),
            message: message.to_owned(),
            authority_codes: Vec::new(),
        })
    }
}

/// What the agent says of the range, and what was taken for granted here, for a person who may know
/// better.
fn warnings(terms: Terms, range: &Value) -> Vec<RefusalView> {
    let told = serde_json::from_value(range["warnings"].clone());
    let mut all: Vec<RefusalView> = told.unwrap_or_default();
    if terms.assumed {
        all.push(RefusalView {
            code: "caf-terms-assumed".to_owned(),
            path: String::new(),
            message:
                "Se supuso que ningún folio de este rango se usó en otro sistema y que solo esta caja lo \
                      usa. Si no es así no emita con él: se repetirían folios. Al cargar se dice con \
                      --used-up-to N y --share n/m."
                    .to_owned(),
            authority_codes: Vec::new(),
        });
    }
    all
}

async fn list(data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    through(data, Need::Look, async |api| {
        let folios = api.folios().await?;
        if out.json {
            folios.iter().try_for_each(|view| out.object(view))?;
        } else if folios.is_empty() {
            out.note("No hay folios cargados: cargue un CAF con «timbre caf add ARCHIVO».");
        } else {
            columns(&folios).iter().try_for_each(|line| out.line(line))?;
            folios.iter().filter_map(lasts).try_for_each(|line| out.line(line))?;
            folios.iter().flat_map(skipped).try_for_each(|line| out.line(line))?;
        }
        Ok(Exit::Done)
    })
    .await
}

async fn stop(order: &RangeDecision, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    through(data, Need::Store, async |api| {
        let said = |range: &RangeView| {
            let [first, last, left] = [range.first, range.last, range.left].map(thousands);
            format!("El rango {first} a {last} está detenido; quedan {left} folios sin usar.")
        };
        decided(&api.stop_range(order).await?, said, out)
    })
    .await
}

async fn reopen(order: &RangeDecision, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    through(data, Need::Store, async |api| {
        let said = |range: &RangeView| {
            let [first, last, next] = [range.first, range.last, range.next].map(thousands);
            format!("El rango {first} a {last} se usa otra vez; el próximo es {next}.")
        };
        decided(&api.resume_range(order).await?, said, out)
    })
    .await
}

fn decided(range: &RangeView, said: impl FnOnce(&RangeView) -> String, out: Out) -> Result<Exit, Failure> {
    match out.json {
        true => out.object(range)?,
        false => out.line(said(range))?,
    }
    Ok(Exit::Done)
}

fn number(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_u64).map(thousands)
}

fn word<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn loaded(path: &Path, range: &Value) -> String {
    let part = |name| number(range, name).unwrap_or_else(|| "?".to_owned());
    let kind = match (word(range, "name"), word(range, "series")) {
        ("", "") => String::new(),
        (name, series) => format!(" {name} {series}").trim_end().to_owned(),
    };
    format!(
        "{}:{kind} folios {} a {}, quedan {}; el próximo es {}",
        path.display(),
        part("first"),
        part("last"),
        part("left"),
        part("next")
    )
}

/// Until when they last, where that can be told.
fn lasts(view: &Value) -> Option<String> {
    let ends = moment(view.get("runs_out")?.as_str()?);
    let low = if view.get("low")?.as_bool()? { ": cargue un CAF nuevo" } else { "" };
    let name = word(view, "name").to_lowercase();
    Some(match last_day(view) {
        Some(day) => format!("Los folios de {name} que quedan sirven hasta el {day}{low}"),
        None => format!("A este ritmo los folios de {name} se acaban el {ends}{low}"),
    })
}

/// Of folios that expire before they are used up: the last day on which they serve. They end with its last moment.
fn last_day(view: &Value) -> Option<String> {
    let ends = view.get("runs_out")?.as_str().filter(|_| view["expiring"] == true)?;
    let last = ends.parse::<jiff::Timestamp>().ok()? - jiff::SignedDuration::from_nanos(1);
    Some(moment(&last.to_string()).split(' ').next()?.to_owned())
}

/// What is to be done about folios that were passed over.
fn skipped(view: &Value) -> Vec<String> {
    let list =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let spans = list(view, "ranges").iter().flat_map(|range| list(range, "skipped")).collect::<Vec<_>>();
    let line = |span: &Value| {
        let (from, to) = (number(span, "first")?, number(span, "last")?);
        let id = format!("T{}F{}", word(view, "series"), span.get("first")?);
        let why = match span.get("lost").and_then(Value::as_bool) {
            Some(true) => "faltan en el registro, que está dañado",
            Some(false) | None => "se saltaron al desbloquear",
        };
        Some(format!(
            "Los folios {from} a {to} de {} {why}: búsquelos en sii.cl, anule allí los que no \
             se usaron y anótelo con «timbre folio annulled {id}»",
            word(view, "name").to_lowercase()
        ))
    };
    spans.iter().filter_map(line).collect()
}

fn columns(folios: &[Value]) -> Vec<String> {
    let heads = [
        ("TIPO", Lean::Left),
        ("DESDE", Lean::Right),
        ("HASTA", Lean::Right),
        ("PRÓXIMO", Lean::Right),
        ("QUEDAN", Lean::Right),
        ("AUTORIZADO", Lean::Left),
        ("VENCE", Lean::Left),
        ("NOTA", Lean::Left),
    ];
    let mut cells = Vec::new();
    for view in folios {
        for range in view.get("ranges").and_then(Value::as_array).into_iter().flatten() {
            let figure = |name| number(range, name).unwrap_or_default();
            let expired = range.get("expired").and_then(Value::as_bool).unwrap_or(false);
            cells.push(vec![
                format!("{} {}", word(view, "series"), word(view, "name")),
                figure("first"),
                figure("last"),
                figure("next"),
                figure("left"),
                word(range, "authorised").to_owned(),
                word(range, "expires").to_owned(),
                if expired {
                    "vencido".to_owned()
                } else {
                    with_command("grant-stopped", word(range, "stopped"))
                },
            ]);
        }
    }
    table(&heads, &cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_said_of_a_range_is_told_and_what_somebody_said_is_not() {
        let add = |share, used_up_to| Add { files: vec![], share, used_up_to };
        let path = Path::new("F39.xml");
        let range = json!({ "warnings": [{ "code": "first-number-unasked", "path": "", "message": "" }] });
        let codes = |add: &Add| -> Vec<_> {
            let terms = terms(add, path, false).unwrap();
            warnings(terms, &range).into_iter().map(|warning| warning.code).collect()
        };
        assert_eq!(codes(&add(None, None)), ["first-number-unasked", "caf-terms-assumed"]);
        assert_eq!(codes(&add(Some(Share(1, 2)), None)), ["first-number-unasked"]);
        assert_eq!(codes(&add(None, Some(6))), ["first-number-unasked"]);
    }

    #[test]
    fn it_is_told_until_when_folios_last() {
        let view = |low| json!({ "name": "Boleta", "runs_out": "2026-11-28T21:40:00Z", "low": low });
        let line = "A este ritmo los folios de boleta se acaban el 28-11-2026 18:40:00";
        assert_eq!(lasts(&view(false)).unwrap(), line);
        assert_eq!(lasts(&view(true)).unwrap(), format!("{line}: cargue un CAF nuevo"));
        assert_eq!(lasts(&json!({ "name": "Boleta", "runs_out": null, "low": true })), None);
        // At the end of a day, Chile's.
        let view =
            json!({ "name": "Factura", "runs_out": "2027-05-26T04:00:00Z", "low": false, "expiring": true });
        assert_eq!(lasts(&view).unwrap(), "Los folios de factura que quedan sirven hasta el 25-05-2027");
    }

    #[test]
    fn what_was_skipped_is_told_with_what_to_do() {
        let view = |skipped| json!({ "series": "39", "name": "Boleta", "ranges": [{ "skipped": skipped }] });
        let lines = skipped(&view(json!([{ "first": 4, "last": 1_008 }])));
        assert!(lines[0].starts_with("Los folios 4 a 1.008 de boleta se saltaron"), "{lines:?}");
        assert!(lines[0].ends_with("«timbre folio annulled T39F4»"), "{lines:?}");
        let lost = skipped(&view(json!([{ "first": 4, "last": 9, "lost": true }])));
        assert!(lost[0].starts_with("Los folios 4 a 9 de boleta faltan en el registro"), "{lost:?}");
        assert_eq!(skipped(&json!({ "series": "39", "ranges": [{ "first": 1 }] })), [""; 0]);
    }

    #[test]
    fn ranges_are_columns() {
        let folios: Vec<Value> = serde_json::from_str(
            r#"[{"series":"39","name":"Boleta","left":99998,"next":3,"ranges":[{"first":1,"last":100000,"next":3,
            "left":99998,"authorised":"2026-11-01","expires":null,"expired":false,"stopped":null}]}]"#,
        )
        .unwrap();
        assert_eq!(
            columns(&folios),
            [
                "TIPO       DESDE    HASTA  PRÓXIMO  QUEDAN  AUTORIZADO  VENCE  NOTA",
                "39 Boleta      1  100.000        3  99.998  2026-11-01",
            ]
        );
        assert_eq!(
            loaded(Path::new("F39.xml"), &folios[0]["ranges"][0]),
            "F39.xml: folios 1 a 100.000, quedan 99.998; el próximo es 3"
        );
    }
}
