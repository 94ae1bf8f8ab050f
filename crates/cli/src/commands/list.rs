//! `timbre list`: the documents of the folder, newest first, page after page.

use std::path::Path;

use timbre_agent::view::{Query, RowView};
use timbre_core::Date;

use super::through;
use crate::door::Need;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::values;
use crate::words::{Lean, environment_word, moment, pesos, table};

/// Rows asked for at once.
const PAGE: u32 = 200;

#[derive(clap::Args)]
pub struct Args {
    /// Solo los de este estado: PENDIENTE, ACEPTADO, RECHAZADO …, por-enviar, en-el-sii, aceptados, con-problema
    #[arg(long, value_name = "ESTADO", value_parser = values::state)]
    state: Option<String>,

    /// Solo los que no tienen su papel, o no entero
    #[arg(long, conflicts_with = "state")]
    unprinted: bool,

    /// Solo los de este tipo: 39, 33 …
    #[arg(long = "type", value_name = "TIPO", value_parser = values::number::<u16>)]
    kind: Option<u16>,

    /// Desde esta fecha de emisión (AAAA-MM-DD)
    #[arg(long, value_name = "FECHA", value_parser = values::date)]
    from: Option<Date>,

    /// Hasta esta fecha de emisión (AAAA-MM-DD)
    #[arg(long, value_name = "FECHA", value_parser = values::date)]
    to: Option<Date>,

    /// Folio, receptor, monto o producto que contenga este texto
    #[arg(long, value_name = "TEXTO")]
    query: Option<String>,

    /// A lo más tantos; si falta, todos
    #[arg(long, value_name = "N", value_parser = values::number::<u64>)]
    limit: Option<u64>,
}

pub async fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    let mut left = args.limit.unwrap_or(u64::MAX);
    let mut query = Query {
        state: args.unprinted.then(|| "unprinted".to_owned()).or(args.state),
        series: args.kind.map(|kind| kind.to_string()),
        from: args.from.map(|date| date.to_string()),
        to: args.to.map(|date| date.to_string()),
        q: args.query,
        cursor: None,
        limit: None,
    };
    through(data, Need::Look, async |api| {
        let mut told = 0_u64;
        while left > 0 {
            query.limit = Some(PAGE.min(u32::try_from(left).unwrap_or(PAGE)));
            let page = api.page(&query).await?;
            let rows = &page.rows[..page.rows.len().min(usize::try_from(left).unwrap_or(usize::MAX))];
            left -= rows.len() as u64;
            if told == 0 && !rows.is_empty() && !out.json {
                out.line(format!("Ambiente: {}", environment_word(&api.environment())))?;
            }
            print(rows, told == 0, out)?;
            told += rows.len() as u64;
            match page.next {
                Some(next) if !rows.is_empty() => query.cursor = Some(next),
                _ => break,
            }
        }
        if told == 0 && !out.json {
            out.note("No hay documentos que calcen.");
        }
        Ok(Exit::Done)
    })
    .await
}

fn print(rows: &[RowView], first: bool, out: Out) -> Result<(), Failure> {
    if out.json {
        return rows.iter().try_for_each(|row| out.object(row));
    }
    if rows.is_empty() {
        return Ok(());
    }
    columns(rows).iter().skip(usize::from(!first)).try_for_each(|line| out.line(line))
}

fn columns(rows: &[RowView]) -> Vec<String> {
    let heads = [
        ("DOCUMENTO", Lean::Left),
        ("TIPO", Lean::Left),
        ("EMITIDO", Lean::Left),
        ("TOTAL", Lean::Right),
        ("ESTADO", Lean::Left),
        ("RECEPTOR", Lean::Left),
        ("NOTA", Lean::Left),
    ];
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let receiver = if row.receiver.is_empty() { &row.receiver_id } else { &row.receiver };
            vec![
                row.id.clone(),
                row.kind.clone(),
                moment(&row.issued),
                pesos(row.total),
                row.state.clone(),
                receiver.chars().take(32).collect(),
                note(row),
            ]
        })
        .collect();
    table(&heads, &cells)
}

/// What a person should know beside the state.
fn note(row: &RowView) -> String {
    let linked = |words: &str, id: &Option<String>| id.as_ref().map(|id| format!("{words} {id}"));
    row.attention
        .clone()
        .or_else(|| linked("reemplazado por", &row.replaced_by))
        .or_else(|| linked("anulado por", &row.annulled_by))
        .or_else(|| row.error.clone())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::issue::tests::row;
    use super::*;

    #[test]
    fn a_list_is_columns() {
        let rejected = RowView {
            state: "RECHAZADO".to_owned(),
            receiver: "Panadería Ñuñoa Ltda.".to_owned(),
            error: Some("El SII lo rechazó.".to_owned()),
            ..row()
        };
        assert_eq!(
            columns(&[row(), rejected]),
            [
                "DOCUMENTO  TIPO    EMITIDO               TOTAL  ESTADO     RECEPTOR               NOTA",
                "T39F1234   Boleta  22-11-2026 10:58:03  $1.190  GENERADO   66666666-6",
                "T39F1234   Boleta  22-11-2026 10:58:03  $1.190  RECHAZADO  Panadería Ñuñoa Ltda.  El SII lo rechazó.",
            ]
        );
    }
}
