//! `timbre check`: reads the whole store back, verifies every document, and says whether all is sound.
//! It needs no agent and repairs nothing.

use std::cell::Cell;
use std::path::Path;

use serde_json::{Value, json};

use crate::door::{self, CheckReport, Checked};
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::words::thousands;

pub fn run(data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    let folder = door::folder(data);
    if !folder.join("journal").is_dir() {
        return Err(Failure::refused("folder-missing", format!("No hay datos en {}.", folder.display())));
    }
    let percent = Cell::new(u64::MAX);
    let report = door::check(&folder, &|read, all| {
        let now = (read * 100).checked_div(all).unwrap_or(100);
        if percent.replace(now) != now {
            out.progress(&format!("Leyendo y verificando: {now} %"));
        }
    })?;
    out.progress("");
    if out.json {
        out.object(&object(&report))?;
    } else {
        lines(&report).iter().try_for_each(|line| out.line(line))?;
    }
    Ok(if report.lost_data() { Exit::Damaged } else { Exit::Done })
}

/// The index's standing, by the name the store gives it: `Agrees`, `Behind`, `Differs`, `NotOpened`.
fn index(report: &CheckReport) -> String {
    let told = format!("{:?}", report.index);
    told.split([' ', '(', '{']).next().unwrap_or_default().to_owned()
}

fn object(checked: &Checked) -> Value {
    let report = &checked.store;
    let unsound: Vec<_> = checked
        .unsound
        .iter()
        .map(|u| json!({ "document": u.document, "version": u.version, "findings": u.findings }))
        .collect();
    let damage: Vec<_> = report
        .damage
        .iter()
        .map(|d| json!({ "place": d.place, "bytes": d.bytes, "frames": d.frames, "why": d.why, "documents": d.documents }))
        .collect();
    json!({
        "sound": !checked.lost_data(),
        "documents": report.documents,
        "segments": report.segments, "batches": report.batches, "frames": report.frames, "bytes": report.bytes,
        "torn": report.torn.map(|(place, bytes)| json!({ "place": place, "bytes": bytes })),
        "damage": damage,
        "missing": report.missing,
        "repeated": report.repeated,
        "unsound": unsound,
        "ends_early": report.ends_early,
        "locked": report.locked,
        "index": index(report).to_lowercase(),
    })
}

fn lines(checked: &Checked) -> Vec<String> {
    let report = &checked.store;
    let mut lines = vec![if checked.lost_data() {
        "Hay datos dañados o faltan: no siga emitiendo en esta carpeta y pida ayuda.".to_owned()
    } else {
        "Los datos están sanos.".to_owned()
    }];
    lines.push(format!(
        "Diario: {} documentos, {} hechos en {} segmentos, {} bytes",
        thousands(report.documents),
        thousands(report.frames),
        thousands(report.segments),
        thousands(report.bytes)
    ));
    for damage in &report.damage {
        let (segment, offset) = (damage.place.segment, damage.place.offset);
        lines.push(format!(
            "Daño en el segmento {segment}, posición {offset} ({} bytes): {}",
            damage.bytes, damage.why
        ));
    }
    for (first, last) in &report.missing {
        lines.push(format!("Faltan los documentos {first} a {last}: sus folios se entregaron"));
    }
    for (id, version) in &report.repeated {
        lines.push(format!("{id} está dos veces en su versión {version}"));
    }
    for unsound in &checked.unsound {
        let of = match unsound.version {
            1 => unsound.document.to_string(),
            version => format!("{} en su versión {version}", unsound.document),
        };
        let found: Vec<_> = unsound.findings.iter().map(|f| format!("{} ({})", f.message, f.code)).collect();
        lines.push(format!("{of} no es lo que se firmó: {}", found.join(" ")));
    }
    if let Some((_, bytes)) = report.torn {
        lines.push(format!(
            "El final quedó a medio escribir ({bytes} bytes, nadie recibió respuesta): se corta al abrir"
        ));
    }
    if report.ends_early > 0 {
        lines.push(format!(
            "Al diario le faltan sus últimos {} hechos: hay quien los recuerda y aquí no están. Parece una copia antigua",
            thousands(report.ends_early)
        ));
    }
    if let Some(locked) = &report.locked {
        lines.push(locked.to_string());
        // Of some types nobody remembers a single one.
        let used = |mark: &&door::Mark| mark.next > 1;
        lines.extend(locked.beyond.iter().filter(used).map(|mark| {
            let last = thousands(mark.next - 1);
            format!("Tipo {}: pueden haberse usado los folios hasta el {last}", mark.series)
        }));
        lines.push("Para seguir emitiendo: timbre unlock".to_owned());
    }
    lines.push(match index(report).as_str() {
        "Agrees" => "Índice: al día".to_owned(),
        "Behind" => "Índice: le faltan los últimos hechos, que se agregan al abrir".to_owned(),
        "Differs" => "Índice: no coincide con el diario; se rehace al abrir, sin pérdida".to_owned(),
        _ => {
            "Índice: no se pudo mirar (está en uso o dañado); si hace falta se rehace del diario, sin pérdida"
                .to_owned()
        }
    });
    lines
}
