//! `timbre folio`: what a person did about a folio at the SII's site.

use std::path::Path;

use serde_json::Value;
use timbre_agent::view::RangeOrder;
use timbre_core::DocumentId;

use super::through;
use crate::ask;
use crate::door::Need;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::values;
use crate::words::thousands;

#[derive(clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Marca como anulado en sii.cl el folio de un documento reemplazado, o como revisado un tramo saltado
    Annulled(Annulled),
}

#[derive(clap::Args)]
struct Annulled {
    /// El documento reemplazado, como T39F1234 (los que faltan: timbre list --state to_annul); o un folio de un tramo
    /// que se saltó al desbloquear o que falta en el registro dañado (los que faltan: timbre caf list): así se dice que
    /// los del tramo se buscaron en sii.cl y que los que no se usaron están anulados
    #[arg(value_name = "ID", value_parser = values::id)]
    id: DocumentId,

    /// Quién lo anuló; si falta, el usuario de este equipo
    #[arg(long, value_name = "NOMBRE")]
    who: Option<String>,
}

pub async fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    let What::Annulled(Annulled { id, who }) = args.what;
    through(data, Need::Store, async |api| {
        let who = who.clone().unwrap_or_else(ask::user);
        if let Some([first, last]) = skipped_around(&api.folios().await?, &id) {
            let order = RangeOrder { series: id.series.to_string(), folio: id.number, who };
            let range = api.skipped_annulled(&order).await?;
            match out.json {
                true => out.object(&range)?,
                false => out.line(format!("Anotado: los folios {first} a {last} se revisaron en el SII."))?,
            }
            return Ok(Exit::Done);
        }
        let row = api.number_annulled(&id, &who).await?;
        match out.json {
            true => out.object(&row)?,
            false => out.line(format!("Anotado: el folio de {id} está anulado en el SII."))?,
        }
        Ok(Exit::Done)
    })
    .await
}

/// The first and the last of the folios passed over that this one is among, as people write them.
fn skipped_around(folios: &[Value], id: &DocumentId) -> Option<[String; 2]> {
    let list = |value: &Value, name: &str| value.get(name).and_then(Value::as_array).cloned();
    let kind =
        folios.iter().find(|kind| kind.get("series").and_then(Value::as_str) == Some(&*id.series.0))?;
    let ranges = list(kind, "ranges")?;
    let spans = ranges.iter().filter_map(|range| list(range, "skipped")).flatten();
    let ends = spans.filter_map(|span| Some([span.get("first")?.as_u64()?, span.get("last")?.as_u64()?]));
    let around = |ends: &[u64; 2]| (ends[0]..=ends[1]).contains(&id.number);
    ends.into_iter().find(around).map(|ends| ends.map(thousands))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_folio_that_was_passed_over_stands_for_all_that_were_with_it() {
        let folios = [
            json!({ "series": "33", "ranges": [{ "first": 1, "skipped": [{ "first": 5, "last": 9 }] }] }),
            json!({ "series": "39", "ranges": [{ "first": 1 }, { "skipped": [{ "first": 1_004, "last": 1_010 }] }] }),
        ];
        let around = |id: &str| skipped_around(&folios, &id.parse().unwrap());
        assert_eq!(around("T39F1010"), Some(["1.004".to_owned(), "1.010".to_owned()]));
        for id in ["T39F5", "T39F1011", "T61F5"] {
            assert_eq!(around(id), None, "{id}");
        }
    }
}
