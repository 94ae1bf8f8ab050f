//! What a second look found, in words: for a terminal, and for the window.

use timbre_agent::show::thousands;
use timbre_store::Mark;

use super::Checked;

/// `1 segmento`, `1.200 segmentos`.
fn many(n: u64, what: &str) -> String {
    format!("{} {what}{}", thousands(n), if n == 1 { "" } else { "s" })
}

impl Checked {
    /// The index's standing, by the name the store gives it: `Agrees`, `Behind`, `Differs`, `Kept`, `NotOpened`.
    pub fn index(&self) -> String {
        let told = format!("{:?}", self.store.index);
        told.split([' ', '(', '{']).next().unwrap_or_default().to_owned()
    }

    /// The whole, line by line; the first says whether all is well.
    pub fn words(&self) -> Vec<String> {
        let report = &self.store;
        let mut lines = vec![match (self.lost_data(), &report.unread) {
            (true, _) => {
                let sell = match (report.locked.is_some(), report.keys_lost) {
                    (true, _) => "",
                    (false, true) => {
                        " Cargue otra vez el certificado o el CAF que no se puede leer: sin él no se vende."
                    }
                    (false, false) => " Puede seguir vendiendo: ningún folio se usa dos veces.",
                };
                format!(
                    "Hay datos dañados o faltan: copie la carpeta de datos a otro disco y pida ayuda.{sell}"
                )
            }
            (false, Some(_)) => "No se pudo leer lo cifrado: lo demás está sano.".to_owned(),
            (false, None) => "Los datos están sanos.".to_owned(),
        }];
        lines.push(format!(
            "Diario: {}, {} en {}, {}",
            many(report.documents, "documento"),
            many(report.frames, "hecho"),
            many(report.segments, "segmento"),
            many(report.bytes, "byte")
        ));
        for damage in &report.damage {
            let (segment, offset) = (damage.place.segment, damage.place.offset);
            lines.push(format!(
                "Daño en el segmento {segment}, posición {offset} ({}): {}",
                many(damage.bytes, "byte"),
                damage.why
            ));
        }
        for (place, bytes) in &report.overtaken {
            lines.push(format!(
                "En el segmento {}, posición {}, volvió lo que se quitó tras un error de escritura ({}): no cuenta, nadie \
                 supo de ello, y no falta nada",
                place.segment,
                place.offset,
                many(*bytes, "byte")
            ));
        }
        for (first, last) in &report.missing {
            lines.push(match first == last {
                true => format!("Falta el documento {first}: su folio se entregó"),
                false => format!("Faltan los documentos {first} a {last}: sus folios se entregaron"),
            });
        }
        if !report.sealed.is_empty() {
            lines.push(format!("Cifrados: {} de {}", report.sealed.len(), many(report.segments, "segmento")));
        }
        if let Some((facts, why)) = &report.unread {
            lines.push(format!(
                "La cadena está completa, pero {} hechos cifrados no se pudieron leer ni verificar sus firmas ({why}). \
                 Si la llave se perdió: timbre vault recover",
                thousands(*facts)
            ));
        }
        for (id, version) in &report.repeated {
            lines.push(format!("{id} está dos veces en su versión {version}"));
        }
        for unsound in &self.unsound {
            let of = match unsound.version {
                1 => unsound.document.to_string(),
                version => format!("{} en su versión {version}", unsound.document),
            };
            let found: Vec<_> =
                unsound.findings.iter().map(|f| format!("{} ({})", f.message, f.code)).collect();
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
            let used = |mark: &&Mark| mark.next > 1;
            lines.extend(locked.beyond.iter().filter(used).map(|mark| {
                let last = thousands(mark.next - 1);
                format!("Tipo {}: pueden haberse usado los folios hasta el {last}", mark.series)
            }));
        }
        lines.push(match self.index().as_str() {
            "Agrees" => "Índice: al día".to_owned(),
            "Behind" => "Índice: le faltan los últimos hechos, que se agregan al abrir".to_owned(),
            "Differs" => "Índice: no coincide con el diario; se rehace al abrir, sin pérdida".to_owned(),
            "Kept" => "Índice: sano; conserva lo que al diario dañado le falta".to_owned(),
            _ => {
                "Índice: no se pudo mirar (está en uso o dañado); si hace falta se rehace del diario, sin pérdida"
                    .to_owned()
            }
        });
        lines
    }
}
