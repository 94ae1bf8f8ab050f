//! `timbre stats`: the panel's numbers.

use std::path::Path;

use serde_json::Value;
use timbre_agent::view::Counters;

use super::through;
use crate::door::Need;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::words::{environment_word, moment};

pub async fn run(data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    through(data, Need::Look, async |api| {
        let stats = api.stats().await?;
        if out.json {
            out.object(&stats)?;
        } else {
            lines(&stats, api.snapshot().await?.counters).iter().try_for_each(|line| out.line(line))?;
            let notices = api.health().await?.notices;
            notices.iter().try_for_each(|notice| out.line(format!("Aviso: {notice}")))?;
        }
        Ok(Exit::Done)
    })
    .await
}

/// States one by one: people read the panel's five counters instead, programs both.
const STATES: [&str; 9] =
    ["queued", "sending", "sent", "verifying", "pending", "accepted", "objected", "rejected", "errors"];

/// The names people know the others by.
const NAMES: [(&str, &str); 14] = [
    ("to_annul", "Folios por anular en el SII"),
    ("skipped", "Folios saltados o perdidos, por revisar"),
    ("environment", "Ambiente"),
    ("total", "Documentos"),
    ("issued_today", "Emitidos hoy"),
    ("workers_active", "Trabajadores activos"),
    ("workers_allowed", "Trabajadores permitidos"),
    ("folios_left", "Folios disponibles"),
    ("folios_run_out", "Se acaban a este ritmo"),
    ("deadline", "Plazo más próximo"),
    ("forecast", "Todo enviado"),
    ("clock", "Reloj"),
    ("last_answer", "Última respuesta del SII"),
    ("fsyncs", "Escrituras a disco"),
];

fn lines(stats: &Value, counters: Counters) -> Vec<String> {
    let Some(fields) = stats.as_object() else { return vec![stats.to_string()] };
    let panel = [
        ("Por enviar", counters.queued),
        ("Enviando", counters.sending),
        ("En el SII", counters.at_authority),
        ("Aceptados", counters.accepted),
        ("Con problema", counters.problem),
    ];
    let name = |key: &str| {
        let known = NAMES.iter().find(|(known, _)| *known == key);
        known.map_or_else(|| key.replace('_', " "), |(_, name)| (*name).to_owned())
    };
    let counted = panel.map(|(name, count)| (name.to_owned(), count.to_string()));
    let (place, others): (Vec<_>, Vec<_>) = fields
        .iter()
        .filter(|(key, _)| !STATES.contains(&key.as_str()))
        .map(|(key, value)| (name(key), told(value)))
        .partition(|(name, _)| name == "Ambiente");
    let all: Vec<_> = place.into_iter().chain(counted).chain(others).collect();
    let width = all.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    all.into_iter().map(|(name, text)| format!("{name:<width$}  {text}")).collect()
}

fn told(value: &Value) -> String {
    match value {
        Value::Null => "—".to_owned(),
        Value::Bool(true) => "sí".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => moment(environment_word(text)),
        Value::Object(fields) => {
            let inner = |(key, inner): (&String, &Value)| format!("{} {}", part(key), told(inner));
            fields.iter().map(inner).collect::<Vec<_>>().join(" · ")
        }
        Value::Array(items) if items.is_empty() => "—".to_owned(),
        Value::Array(items) => items.iter().map(told).collect::<Vec<_>>().join(", "),
        Value::Number(number) => number.to_string(),
    }
}

/// The names inside a deadline and an answer; a type of document is its own name.
fn part(key: &str) -> &str {
    match key {
        "document" => "documento",
        "at" => "fecha",
        "what" => "pregunta",
        "ok" => "bien",
        "took_ms" => "milisegundos",
        "text" => "respuesta",
        "stands" => "detenido sin cobertura",
        "level" => "por ciento del plazo",
        "offset_seconds" => "segundos del SII menos los de este equipo",
        "good" => "bien",
        "tolerance_seconds" => "tolerancia",
        "seen" => "visto",
        "stops" => "impide vender",
        "accepted_by" => "aceptado por",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_the_panels_counters_by_their_spanish_names() {
        let stats = serde_json::json!({
            "queued": 3, "pending": 4, "environment": "training", "folios_left": {"39": 10},
            "deadline": {"document": "T39F1", "at": "2026-11-22T13:58:03Z"}, "new_thing": null,
            "folios_run_out": {"39": "2026-11-28T21:40:00Z", "33": null}, "forecast": "2026-11-22T14:10:00Z",
        });
        let counters = Counters { queued: 7, problem: 1, ..Counters::default() };
        assert_eq!(
            lines(&stats, counters),
            [
                "Ambiente                entrenamiento",
                "Por enviar              7",
                "Enviando                0",
                "En el SII               0",
                "Aceptados               0",
                "Con problema            1",
                "Folios disponibles      39 10",
                "Plazo más próximo       documento T39F1 · fecha 22-11-2026 10:58:03",
                "new thing               —",
                "Se acaban a este ritmo  39 28-11-2026 18:40:00 · 33 —",
                "Todo enviado            22-11-2026 11:10:00",
            ]
        );
    }
}
