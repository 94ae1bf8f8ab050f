//! `timbre company`: who issues, in which environment, under which resolution. What is not said
//! stays as it was; what the tags must hold is the agent's to check.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use timbre_core::Date;

use super::through;
use crate::door::Need;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::values;
use crate::words::environment_word;

#[derive(clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Guarda los datos de la empresa; lo que no se nombra queda como estaba
    Set(Box<Set>),
    /// Muestra los datos guardados
    Show,
}

#[derive(clap::Args, Default)]
#[command(arg_required_else_help = true)]
struct Set {
    /// RUT de la empresa
    #[arg(long, value_name = "RUT")]
    rut: Option<String>,
    /// Razón social
    #[arg(long, value_name = "TEXTO")]
    razon_social: Option<String>,
    /// Giro
    #[arg(long, value_name = "TEXTO")]
    giro: Option<String>,
    /// Código de actividad económica (se puede repetir, hasta cuatro)
    #[arg(long, value_name = "CÓDIGO", value_parser = values::number::<u32>)]
    acteco: Vec<u32>,
    /// Dirección de origen
    #[arg(long, value_name = "TEXTO")]
    direccion: Option<String>,
    /// Comuna de origen
    #[arg(long, value_name = "TEXTO")]
    comuna: Option<String>,
    /// Ciudad de origen
    #[arg(long, value_name = "TEXTO")]
    ciudad: Option<String>,
    /// Dirección de la casa matriz, que se imprime si se vende en otra parte: Calle Uno 1, Providencia
    #[arg(long, value_name = "TEXTO")]
    casa_matriz: Option<String>,
    /// Unidad del SII, que se imprime bajo el recuadro de facturas, guías y notas: SANTIAGO CENTRO
    #[arg(long, value_name = "UNIDAD")]
    unidad_sii: Option<String>,
    /// Fecha de la resolución del SII (AAAA-MM-DD)
    #[arg(long, value_name = "FECHA", value_parser = values::date)]
    resolucion_fecha: Option<Date>,
    /// Número de la resolución del SII (0 en certificación)
    #[arg(long, value_name = "N", value_parser = values::number::<u32>)]
    resolucion_numero: Option<u32>,
    /// Valor de la UF de un día, en pesos: 39.123,45. Sobre 135 UF una boleta lleva el RUT y el nombre del comprador; sin este valor
    /// se usa la UF más baja que puede ser, y se piden antes
    #[arg(long, value_name = "PESOS", requires = "uf_fecha")]
    uf_valor: Option<String>,
    /// Día de esa UF (AAAA-MM-DD)
    #[arg(long, value_name = "FECHA", value_parser = values::date, requires = "uf_valor")]
    uf_fecha: Option<Date>,
    /// certificacion o produccion; no se puede cambiar después
    #[arg(long, value_name = "AMBIENTE", value_parser = environment)]
    ambiente: Option<String>,
    /// Los mismos datos en un archivo JSON, con las etiquetas del SII
    #[arg(long, value_name = "ARCHIVO")]
    file: Option<PathBuf>,
}

fn environment(text: &str) -> Result<String, String> {
    match text.to_lowercase().as_str() {
        "certificacion" | "certificación" | "certification" => Ok("certification".to_owned()),
        "produccion" | "producción" | "production" => Ok("production".to_owned()),
        _ => Err(format!("«{text}» no es un ambiente; puede ser certificacion o produccion")),
    }
}

pub async fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    let set = match args.what {
        What::Show => {
            return through(data, Need::Look, async |api| tell(&api.company().await?, out)).await;
        }
        What::Set(set) => set,
    };
    let file = set.file.as_deref().map(read).transpose()?;
    through(data, Need::Setup, async |api| {
        let body = body(&set, file.as_ref(), &api.company().await?)?;
        tell(&api.set_company(&body).await?, out)
    })
    .await
}

fn read(path: &Path) -> Result<Value, Failure> {
    let bytes = std::fs::read(path).map_err(|e| Failure::unreadable(path, &e))?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|e| {
        Failure::usage(format!(
            "{} no es un JSON válido (línea {}, columna {}).",
            path.display(),
            e.line(),
            e.column()
        ))
    })?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(Failure::usage(format!("{} debe ser un objeto JSON.", path.display())))
    }
}

/// The company's tags: an answer holds them under `data`, a file may hold nothing else.
fn tags(value: &Value) -> Map<String, Value> {
    let inner = value.get("data").unwrap_or(value);
    let mut tags = inner.as_object().cloned().unwrap_or_default();
    tags.shift_remove("environment");
    if let Some(rut) = tags.shift_remove("RUT") {
        tags.insert("RUTEmisor".to_owned(), rut);
    }
    tags
}

/// What was known, over it the file, over it the options.
fn body(set: &Set, file: Option<&Value>, known: &Value) -> Result<Value, Failure> {
    let mut place = known.get("environment").and_then(Value::as_str).map(str::to_owned);
    let mut data = tags(known);
    if let Some(file) = file {
        if let Some(text) = file.get("environment").and_then(Value::as_str) {
            place = Some(environment(text).map_err(Failure::usage)?);
        }
        data.extend(tags(file));
    }
    place = set.ambiente.clone().or(place);
    let texts = [
        ("RUTEmisor", &set.rut),
        ("RznSoc", &set.razon_social),
        ("GiroEmis", &set.giro),
        ("DirOrigen", &set.direccion),
        ("CmnaOrigen", &set.comuna),
        ("CiudadOrigen", &set.ciudad),
        ("CasaMatriz", &set.casa_matriz),
        ("UnidadSII", &set.unidad_sii),
        ("ValorUF", &set.uf_valor),
    ];
    data.extend(texts.into_iter().filter_map(|(tag, text)| Some((tag.to_owned(), json!(text.as_ref()?)))));
    data.extend(set.resolucion_fecha.map(|date| ("FchResol".to_owned(), json!(date.to_string()))));
    data.extend(set.uf_fecha.map(|date| ("FchUF".to_owned(), json!(date.to_string()))));
    data.extend(set.resolucion_numero.map(|number| ("NroResol".to_owned(), json!(number))));
    if !set.acteco.is_empty() {
        data.insert("Acteco".to_owned(), json!(set.acteco));
    }
    let place = place.ok_or_else(|| {
        Failure::usage("Falta --ambiente: certificacion o produccion. No se puede cambiar después.")
    })?;
    Ok(json!({ "environment": place, "data": data }))
}

fn tell(company: &Value, out: Out) -> Result<Exit, Failure> {
    if out.json {
        out.object(company)?;
    } else if company.is_null() {
        out.note("No hay empresa todavía: guárdela con «timbre company set».");
    } else {
        page(company).iter().try_for_each(|line| out.line(line))?;
    }
    Ok(Exit::Done)
}

fn page(company: &Value) -> Vec<String> {
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut field = |name: &str, value: Option<&Value>| {
        if let Some(value) = value {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            fields.push((name.to_owned(), text));
        }
    };
    field("Empresa", company.get("name"));
    field("RUT", company.get("id"));
    let place = company.get("environment").and_then(Value::as_str).map(|word| json!(environment_word(word)));
    field("Ambiente", place.as_ref());
    for (tag, value) in &tags(company) {
        field(tag, Some(value));
    }
    let width = fields.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    fields.into_iter().map(|(name, text)| format!("{name:<width$}  {text}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_stays_as_it_was() {
        let known = json!({"environment": "certification", "id": "1-9", "name": "A", "data": {"RznSoc": "A", "GiroEmis": "g"}});
        let set = Set { razon_social: Some("B".to_owned()), acteco: vec![472_101], ..Set::default() };
        let file = json!({"GiroEmis": "h"});
        assert_eq!(
            body(&set, Some(&file), &known).unwrap(),
            json!({"environment": "certification", "data": {"RznSoc": "B", "GiroEmis": "h", "Acteco": [472_101]}})
        );
    }

    #[test]
    fn the_uf_is_said_with_its_day_and_the_rest_stays() {
        let known = json!({"environment": "certification", "data": {"RznSoc": "A", "ValorUF": "38000.1", "FchUF": "2025-01-01"}});
        let line = |arguments: &[&str]| {
            let words = ["timbre", "company", "set"].iter().chain(arguments);
            <crate::line::Line as clap::Parser>::try_parse_from(words).map(|_| ())
        };
        assert!(line(&["--uf-valor", "39.123,45"]).is_err(), "of which day it is");
        assert!(line(&["--uf-fecha", "2026-11-26"]).is_err());
        assert!(line(&["--uf-valor", "39.123,45", "--uf-fecha", "2026-11-26"]).is_ok());
        let set = Set {
            uf_valor: Some("39.123,45".to_owned()),
            uf_fecha: Some(values::date("2026-11-26").unwrap()),
            ..Set::default()
        };
        let data = json!({"RznSoc": "A", "ValorUF": "39.123,45", "FchUF": "2026-11-26"});
        assert_eq!(body(&set, None, &known).unwrap()["data"], data);
    }

    #[test]
    fn a_first_company_says_its_environment() {
        let set = Set { rut: Some("76192083-9".to_owned()), ..Set::default() };
        assert!(body(&set, None, &Value::Null).unwrap_err().to_string().contains("--ambiente"));
        let set = Set { ambiente: Some(environment("Producción").unwrap()), ..set };
        assert_eq!(body(&set, None, &Value::Null).unwrap()["environment"], "production");
    }

    #[test]
    fn a_company_is_a_page() {
        let known = json!({"environment": "certification", "id": "76192083-9", "name": "A", "data": {"FchResol": "2014-08-22"}});
        assert_eq!(
            page(&known),
            ["Empresa   A", "RUT       76192083-9", "Ambiente  certificación", "FchResol  2014-08-22",]
        );
    }
}
