//! `timbre check`: reads the whole store back and says whether it is sound.

use std::path::Path;

use serde_json::Value;

use crate::door;
use crate::failure::{Exit, Failure};
use crate::out::Out;

pub fn run(data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    let (report, exit) = door::check(data)?;
    if out.json {
        out.object(&report)?;
        return Ok(exit);
    }
    let verdict = match exit {
        Exit::Done => "Los datos están sanos.",
        Exit::Refused | Exit::Usage | Exit::Unreachable => "La revisión encontró problemas.",
        Exit::Damaged => "Hay datos dañados: no siga emitiendo en esta carpeta y pida ayuda.",
    };
    out.line(verdict)?;
    lines(&report, 1).iter().try_for_each(|line| out.line(line))?;
    Ok(exit)
}

/// A report as indented lines, whatever it holds.
fn lines(value: &Value, depth: usize) -> Vec<String> {
    let pad = "  ".repeat(depth);
    let leaf = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut out = Vec::new();
    let mut each = |name: Option<&str>, value: &Value| match value {
        Value::Null => {}
        Value::Object(_) | Value::Array(_) => {
            if let Some(name) = name {
                out.push(format!("{pad}{}:", name.replace('_', " ")));
            }
            out.extend(lines(value, depth + 1));
        }
        other => out.push(match name {
            Some(name) => format!("{pad}{}: {}", name.replace('_', " "), leaf(other)),
            None => format!("{pad}{}", leaf(other)),
        }),
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, inner)| each(Some(name), inner)),
        Value::Array(items) => items.iter().for_each(|inner| each(None, inner)),
        other => each(None, other),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_indented_lines() {
        let report = serde_json::json!({"frames": 12, "findings": [{"place": "journal/1", "what": null}], "note": "x"});
        assert_eq!(lines(&report, 1), ["  frames: 12", "  findings:", "      place: journal/1", "  note: x"]);
    }
}
