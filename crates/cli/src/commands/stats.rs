//! `timbre stats`: the panel's numbers.

use std::path::Path;

use serde_json::Value;

use super::through;
use crate::door::Need;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::words::{environment_word, moment};

pub async fn run(data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    through(data, Need::Store, async |api| {
        let stats = api.stats().await?;
        if out.json {
            out.object(&stats)?;
        } else {
            lines(&stats).iter().try_for_each(|line| out.line(line))?;
        }
        Ok(Exit::Done)
    })
    .await
}

/// The names people know them by.
const NAMES: [(&str, &str); 18] = [
    ("environment", "Ambiente"),
    ("queued", "Por enviar"),
    ("sending", "Enviando"),
    ("sent", "En el SII"),
    ("verifying", "Verificando"),
    ("pending", "Pendientes"),
    ("accepted", "Aceptados"),
    ("objected", "Aceptados con reparos"),
    ("rejected", "Rechazados"),
    ("errors", "Necesitan atención"),
    ("total", "Documentos"),
    ("issued_today", "Emitidos hoy"),
    ("workers_active", "Trabajadores activos"),
    ("workers_allowed", "Trabajadores permitidos"),
    ("folios_left", "Folios disponibles"),
    ("deadline", "Plazo más próximo"),
    ("last_answer", "Última respuesta del SII"),
    ("fsyncs", "Escrituras a disco"),
];

fn lines(stats: &Value) -> Vec<String> {
    let Some(fields) = stats.as_object() else { return vec![stats.to_string()] };
    let name = |key: &str| {
        let known = NAMES.iter().find(|(known, _)| *known == key);
        known.map_or_else(|| key.replace('_', " "), |(_, name)| (*name).to_owned())
    };
    let width = fields.keys().map(|key| name(key).chars().count()).max().unwrap_or(0);
    fields.iter().map(|(key, value)| format!("{:<width$}  {}", name(key), told(value))).collect()
}

fn told(value: &Value) -> String {
    match value {
        Value::Null => "—".to_owned(),
        Value::Bool(true) => "sí".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => moment(environment_word(text)),
        Value::Object(fields) => {
            fields.iter().map(|(key, inner)| format!("{key} {}", told(inner))).collect::<Vec<_>>().join(" · ")
        }
        Value::Array(items) if items.is_empty() => "—".to_owned(),
        Value::Array(items) => items.iter().map(told).collect::<Vec<_>>().join(", "),
        Value::Number(number) => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_spanish_names() {
        let stats = serde_json::json!({"queued": 3, "folios_left": {"39": 10}, "new_thing": null});
        assert_eq!(
            lines(&stats),
            ["Por enviar          3", "Folios disponibles  39 10", "new thing           —",]
        );
    }
}
