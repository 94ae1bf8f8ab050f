//! `timbre voucher`: the sales that a card's voucher stands for. They have no document and no folio; one that was typed
//! twice, or with a wrong sum, is undone here.

use std::path::Path;

use clap::{Args as Group, Subcommand};
use timbre_agent::view::VoucherUndoOrder;
use timbre_core::Date;

use super::issue::record_sentence;
use super::through;
use crate::ask;
use crate::door::Need;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::words::{environment_word, moment, pesos};

#[derive(Group)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    order: Order,
}

#[derive(Subcommand)]
enum Order {
    /// Las ventas registradas de unos días, de la más nueva a la más vieja
    List(List),
    /// Deshace un registro: la venta se digitó dos veces, o con otro monto. El pago se anula en el terminal
    Undo(Undo),
}

#[derive(Group)]
struct List {
    /// El primer día (AAAA-MM-DD)
    #[arg(long, value_name = "FECHA")]
    from: Date,

    /// El último día (AAAA-MM-DD); si falta, el primero
    #[arg(long, value_name = "FECHA")]
    to: Option<Date>,
}

#[derive(Group)]
struct Undo {
    /// La clave con que se registró
    #[arg(value_name = "CLAVE")]
    key: String,

    /// Por qué
    #[arg(long, value_name = "MOTIVO", default_value = "")]
    why: String,

    /// Quién lo decide; si falta, el usuario de este equipo
    #[arg(long, value_name = "NOMBRE")]
    who: Option<String>,
}

pub async fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    match args.order {
        Order::List(list) => listed(list, data, out).await,
        Order::Undo(undo) => undone(undo, data, out).await,
    }
}

async fn listed(List { from, to }: List, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    let (from, to) = (from.to_string(), to.unwrap_or(from).to_string());
    through(data, Need::Store, async |api| {
        let mut cursor = None;
        loop {
            let page = api.records(&from, &to, cursor).await?;
            for row in &page.rows {
                match out.json {
                    true => out.object(row)?,
                    false => out.line(format!(
                        "{}  {}",
                        moment(&row.at),
                        record_sentence(row, &api.environment())
                    ))?,
                }
            }
            cursor = page.next;
            if cursor.is_none() {
                return Ok(Exit::Done);
            }
        }
    })
    .await
}

async fn undone(Undo { key, why, who }: Undo, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    let order = VoucherUndoOrder { key, why, who: who.unwrap_or_else(ask::user) };
    through(data, Need::Store, async |api| {
        let record = api.undo_record(&order).await?;
        if out.json {
            out.object(&record)?;
            return Ok(Exit::Done);
        }
        let again = if record.repeated { " (ya estaba deshecho)" } else { "" };
        out.line(format!(
            "Deshecho el registro de la venta con la clave {}, por {}: ya no suma  {}{again}",
            record.key,
            pesos(record.total),
            environment_word(&api.environment())
        ))?;
        Ok(Exit::Done)
    })
    .await
}
