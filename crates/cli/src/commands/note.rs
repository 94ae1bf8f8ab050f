//! `timbre note`: what corrects a document: annuls it, corrects a text or amounts, or settles an exchange. It
//! says what is to change; the law fills in the rest, and issues it as any other sale.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use timbre_core::{DocumentId, Refusal};

use super::{issue, through};
use crate::api::Api;
use crate::door::Need;
use crate::failure::{Exit, Failure, reason};
use crate::out::Out;
use crate::values;
use crate::words::whole;

/// Boletas: their prices are with IVA.
const BOLETAS: [&str; 4] = ["35", "38", "39", "41"];
const EXEMPT_BOLETAS: [&str; 2] = ["38", "41"];

#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub struct Args {
    /// El documento que se corrige, como T33F5
    #[arg(value_name = "ID")]
    id: DocumentId,

    /// Lo anula entero
    #[arg(long, group = "what")]
    annul: bool,

    /// Corrige un texto, sin montos: «Donde dice … debe decir …»
    #[arg(long, value_name = "TEXTO", group = "what")]
    text: Option<String>,

    /// Corrige montos: las líneas (una lista JSON de Detalle, o una venta con lo que haga falta)
    #[arg(long, value_name = "ARCHIVO", group = "what")]
    lines: Option<PathBuf>,

    /// Cambio de una boleta: las líneas que el cliente devuelve. Si lo que lleva vale menos se emite una nota de
    /// crédito por la diferencia, y si vale más, una boleta
    #[arg(long, value_name = "ARCHIVO", group = "what", requires = "taken")]
    returned: Option<PathBuf>,

    /// Y las que se lleva en su lugar
    #[arg(long, value_name = "ARCHIVO", requires = "returned")]
    taken: Option<PathBuf>,

    /// Con --annul o --text, cuando el documento lo emitió otro sistema: una venta JSON con su Receptor y su Detalle,
    /// tal como eran
    #[arg(long, value_name = "ARCHIVO", conflicts_with_all = ["lines", "returned"])]
    original: Option<PathBuf>,

    /// Con --annul, cuando es una boleta de otro sistema: su total, en pesos
    #[arg(long, value_name = "PESOS", requires = "annul", conflicts_with = "original")]
    total: Option<u64>,

    /// Nota de débito (56) en vez de crédito (61)
    #[arg(long, conflicts_with_all = ["text", "returned"])]
    debit: bool,

    /// Los precios de --lines van con IVA (los de una boleta siempre)
    #[arg(long, requires = "lines")]
    gross: bool,

    /// El motivo que se imprime (RazonRef)
    #[arg(long, value_name = "MOTIVO", conflicts_with = "text")]
    reason: Option<String>,

    /// La fecha del documento corregido, si no lo emitió esta carpeta (AAAA-MM-DD)
    #[arg(long, value_name = "FECHA")]
    date: Option<String>,

    /// Clave de idempotencia: la misma clave da siempre el mismo documento
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
    let lines = args.lines.as_deref().map(read).transpose()?;
    let original = match (args.total, &args.original) {
        (Some(total), _) => Some(whole_boleta(&args.id, total)?),
        (None, Some(path)) => Some(of_another_system(read(path)?, args.text.is_some())?),
        (None, None) => None,
    };
    let exchanged = match (&args.returned, &args.taken) {
        (Some(returned), Some(taken)) => {
            let (returned, taken) = (read(returned)?, read(taken)?);
            if taken.as_array().is_some_and(Vec::is_empty) {
                return Err(Failure::usage(
                    "--taken no trae líneas: si el cliente no se lleva nada, devuélvalo con --lines.",
                ));
            }
            Some((returned, taken))
        }
        _ => None,
    };
    let need = if args.wait { Need::Verdicts } else { Need::Store };
    through(data, need, async |api| {
        let sale = match exchanged {
            Some((returned, taken)) => exchange(&args, api, returned, taken).await?,
            None => Some(note(&args, lines.or(original))?),
        };
        let Some(sale) = sale else {
            if out.json {
                out.object(&json!({ "id": null, "total": 0 }))?;
            } else {
                out.note("Lo que se lleva vale lo mismo que lo que devuelve: no hay nada que emitir.");
            }
            return Ok(Exit::Done);
        };
        if args.key.is_none() {
            out.note(
                "aviso: sin clave (--key), si esto se interrumpe el documento puede quedar emitido sin que usted reciba \
                 la respuesta: revise con «timbre list» antes de repetirlo.",
            );
        }
        let wait = args.wait.then_some(args.timeout);
        let issued = api.issue(sale.to_string().into(), args.key.clone(), wait).await?;
        if out.json {
            out.object(&issue::answer(&issued, 1))?;
        } else {
            out.line(issue::sentence(&issued))?;
            for warning in &issued.warnings {
                out.note(format!("aviso: {}: {}", issued.document.id, reason(warning)));
            }
        }
        Ok(Exit::Done)
    })
    .await
}

fn read(path: &Path) -> Result<Value, Failure> {
    let bytes = std::fs::read(path).map_err(|e| Failure::unreadable(path, &e))?;
    serde_json::from_slice(&bytes)
        .map_err(|e| Failure::usage(format!("{} no es un JSON válido: {e}.", path.display())))
}

/// A sale with these lines; an object may say more than lines.
fn with_lines(tipo: u16, lines: Option<Value>) -> Value {
    let mut sale = match lines {
        Some(Value::Object(sale)) if sale.contains_key("Detalle") || sale.contains_key("Encabezado") => {
            Value::Object(sale)
        }
        Some(lines) => json!({ "Detalle": lines }),
        None => json!({}),
    };
    sale["Encabezado"]["IdDoc"]["TipoDTE"] = tipo.into();
    sale
}

fn note(args: &Args, lines: Option<Value>) -> Result<Value, Failure> {
    let series = args.id.series.0.as_str();
    let (code, said) = match (&args.text, args.annul) {
        (Some(text), _) => (2, Some(text)),
        (None, true) => (1, args.reason.as_ref()),
        (None, false) => (3, args.reason.as_ref()),
    };
    let has_lines = lines.is_some();
    let mut sale = with_lines(if args.debit { 56 } else { 61 }, lines);
    if has_lines && (args.gross || (BOLETAS.contains(&series) && !EXEMPT_BOLETAS.contains(&series))) {
        sale["Encabezado"]["IdDoc"]["MntBruto"] = 1.into();
    }
    let reference = reference(args, code, said.map(String::as_str));
    if sale.get("Referencia").is_some() {
        return Err(Failure::usage("La referencia la pone esta orden: quite Referencia del archivo."));
    }
    sale["Referencia"] = reference;
    Ok(sale)
}

/// A boleta of another system, of which only the total is known.
fn whole_boleta(id: &DocumentId, total: u64) -> Result<Value, Failure> {
    let series = id.series.0.as_str();
    if !BOLETAS.contains(&series) {
        return Err(Failure::usage(
            "--total es para una boleta; de otro documento diga su receptor y sus líneas, con --original.",
        ));
    }
    let mut line = json!({ "NmbItem": format!("Boleta {}", id.number), "QtyItem": 1, "PrcItem": total });
    if EXEMPT_BOLETAS.contains(&series) {
        exempt_line(&mut line);
    }
    Ok(json!([line]))
}

/// Whom it was for and what it sold; a note that corrects a text has no lines of it.
fn of_another_system(mut sale: Value, text: bool) -> Result<Value, Failure> {
    let Some(object) = sale.as_object_mut().filter(|sale| sale.contains_key("Encabezado")) else {
        return Err(Failure::usage(
            "--original es una venta: un objeto JSON con Encabezado (Receptor) y Detalle.",
        ));
    };
    object.remove("Referencia");
    if text {
        object.remove("Detalle");
        object.remove("DscRcgGlobal");
    }
    if let Some(Value::Object(header)) = object.get_mut("Encabezado") {
        header.remove("Totales");
        header.remove("Emisor");
        if let Some(Value::Object(id)) = header.get_mut("IdDoc") {
            // Of the original's own only the kind of its prices is the note's too.
            id.retain(|tag, _| tag == "MntBruto");
        }
    }
    Ok(sale)
}

fn exempt_line(line: &mut Value) {
    if let Value::Object(line) = line {
        line.entry("IndExe").or_insert_with(|| 1.into());
    }
}

fn reference(args: &Args, code: u8, reason: Option<&str>) -> Value {
    let mut reference = json!({ "TpoDocRef": args.id.series.0, "FolioRef": args.id.number, "CodRef": code });
    for (tag, said) in [("FchRef", args.date.as_deref()), ("RazonRef", reason)] {
        if let Some(said) = said {
            reference[tag] = said.into();
        }
    }
    reference
}

/// What is paid back or paid besides when a thing is exchanged (Res. Ex. SII 74/2020, F.7 to F.9): `None` when
/// both are worth the same. What each comes to the law says: what comes back as a note on the boleta, which is
/// refused when it is more than what is left of it, and what is taken as one that charges.
async fn exchange(args: &Args, api: &Api, returned: Value, taken: Value) -> Result<Option<Value>, Failure> {
    if !BOLETAS.contains(&args.id.series.0.as_str()) {
        return Err(Failure::usage(
            "Un cambio es de una boleta; una factura se corrige con --annul o --lines.",
        ));
    }
    let exempt = EXEMPT_BOLETAS.contains(&args.id.series.0.as_str());
    let mut worth = Vec::new();
    for (tipo, lines) in [(61, returned), (56, taken)] {
        let mut note = with_lines(tipo, Some(lines));
        match (exempt, &mut note["Detalle"]) {
            (false, _) => note["Encabezado"]["IdDoc"]["MntBruto"] = 1.into(),
            // What an exempt boleta sells does not say so, and in a note it does.
            (true, Value::Array(lines)) => lines.iter_mut().for_each(exempt_line),
            (true, line) => exempt_line(line),
        }
        note["Referencia"] = reference(args, 3, Some("Cambio de producto"));
        let preview = api.preview(note.to_string().into()).await?;
        let of = |tag: &str| preview.totals.get(tag).and_then(whole).unwrap_or_default();
        worth.push((of("MntTotal") - of("MntExe"), of("MntExe")));
    }
    let (taxed, free) = (worth[1].0 - worth[0].0, worth[1].1 - worth[0].1);
    if taxed.signum() * free.signum() < 0 {
        let why = "Lo afecto y lo exento del cambio van en sentidos opuestos: emita una nota por lo que se devuelve y una \
                   boleta por lo que se lleva.";
        return Err(Refusal::new("exchange-mixed", "", why).into());
    }
    if taxed == 0 && free == 0 {
        return Ok(None);
    }
    let more = taxed + free > 0;
    let line = |amount: i64, exempt: bool| {
        let mut line = json!({ "NmbItem": "Diferencia por cambio", "QtyItem": 1, "PrcItem": amount.abs() });
        if exempt {
            line["IndExe"] = 1.into();
        }
        line
    };
    let lines: Vec<Value> = [(taxed, false), (free, true)]
        .into_iter()
        .filter(|(amount, _)| *amount != 0)
        .map(|(amount, exempt)| line(amount, exempt))
        .collect();
    let reason = args.reason.as_deref().unwrap_or("Cambio de producto");
    // A boleta of exempt things alone is a 41.
    let tipo = match (more, taxed) {
        (true, 0) => 41,
        (true, _) => 39,
        (false, _) => 61,
    };
    let mut sale = with_lines(tipo, Some(lines.into()));
    sale["Referencia"] = match more {
        true => json!({ "TpoDocRef": args.id.series.0, "FolioRef": args.id.number, "RazonRef": reason }),
        false => reference(args, 3, Some(reason)),
    };
    if !more && taxed != 0 {
        sale["Encabezado"]["IdDoc"]["MntBruto"] = 1.into();
    }
    Ok(Some(sale))
}
