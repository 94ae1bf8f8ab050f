//! The second look: what the SII, or a careful receiver, would say about a document or an envelope,
//! whoever made it. It trusts nothing that it reads, and changes nothing.

mod body;
mod envelope;
mod obligations;
mod signature;
mod stamp;
mod structure;

use timbre_core::{Finding, Severity};

use crate::codes;
use crate::dom::{self, Element, Space};
use crate::latin1;
use crate::tags::envelope::DTE;

/// The largest file that is looked at. The SII tells of no limit in bytes, and takes 2,000 facturas of 60 lines
/// (schema EnvioDTE_v10), some 40 MB; this is for our own memory, of which a file takes fifteen times its size.
const LARGEST: usize = 64 * 1024 * 1024;
/// Findings that are told; a broken envelope of 500 documents has said enough by then.
const MOST: usize = 1_000;

/// A part of a file that no signature covers, and that nothing else would give away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsigned {
    pub name: &'static str,
    pub why: &'static str,
}

/// All of them. What stands elsewhere is signed, or is compared with what is.
pub static UNSIGNED: [Unsigned; 5] = [
    Unsigned {
        name: "prólogo",
        why: "la declaración <?xml …?>, que dice la codificación y no es parte de lo firmado",
    },
    Unsigned {
        name: "certificado",
        why: "lo que el certificado dice aparte de su clave: la firma se comprueba con la clave, y no se consulta a quien lo \
              emitió",
    },
    Unsigned {
        name: "blancos",
        why: "los espacios y saltos de línea dentro de una etiqueta y después del sobre; los que hay entre elementos sí se firman",
    },
    Unsigned {
        name: "comentarios",
        why: "los comentarios <!-- … -->, que la forma que se firma (C14N) deja fuera",
    },
    Unsigned {
        name: "escritura",
        why: "otra manera de escribir lo mismo fuera del timbre: comillas simples en un atributo, &#65; por A, CDATA",
    },
];

/// Everything found; empty when the document is sound.
pub fn verify(bytes: &[u8]) -> Vec<Finding> {
    let mut look = Look::default();
    look.file(bytes);
    look.findings
}

/// A look at one file.
#[derive(Default)]
struct Look {
    findings: Vec<Finding>,
    /// The document being looked at: `T39F7`.
    document: String,
}

impl Look {
    fn tell(&mut self, severity: Severity, code: &str, place: &str, message: impl Into<String>) {
        if self.findings.len() >= MOST {
            return;
        }
        let place = match (self.document.as_str(), place) {
            ("", place) => place.to_owned(),
            (document, "") => document.to_owned(),
            (document, place) => format!("{document} {place}"),
        };
        let authority_codes = match (self.document.as_str(), code) {
            // The signature of the whole envelope.
            ("", "signature-digest" | "signature-value" | "signature-reference") => vec!["RFR".to_owned()],
            _ => codes::of(code),
        };
        self.findings.push(Finding {
            severity,
            code: code.to_owned(),
            place,
            message: message.into(),
            authority_codes,
        });
    }

    fn refuses(&mut self, code: &str, place: &str, message: impl Into<String>) {
        self.tell(Severity::Refuses, code, place, message);
    }

    fn objects(&mut self, code: &str, place: &str, message: impl Into<String>) {
        self.tell(Severity::Objects, code, place, message);
    }

    fn file(&mut self, bytes: &[u8]) {
        if bytes.len() > LARGEST {
            return self.too_large(format!("pesa {} bytes y se revisan hasta {LARGEST}", bytes.len()));
        }
        let text = self.decoded(bytes);
        self.lines(&text);
        match dom::read(&text) {
            Err(broken @ dom::Broken::TooMany) => self.too_large(broken.to_string()),
            Err(broken) => {
                self.refuses("xml-malformed", "", format!("No es un documento legible: {broken}."))
            }
            Ok(root) => self.root(&root, &text),
        }
    }

    /// What is beyond our own limits: the SII may well take it.
    fn too_large(&mut self, why: String) {
        let message = format!("Timbre no revisó el archivo, y nada dice de lo que haría el SII: {why}.");
        self.tell(Severity::Note, "file-too-large", "", message);
    }

    /// ISO-8859-1, whatever it says: the SII reads nothing else, and stamps are over those bytes.
    fn decoded(&mut self, bytes: &[u8]) -> String {
        let start = latin1::decode(&bytes[..bytes.len().min(200)]);
        let text = match encoding(&start) {
            Some(name) if name.eq_ignore_ascii_case("UTF-8") => {
                let message = "El archivo se declara UTF-8; el SII exige ISO-8859-1.";
                self.refuses("encoding", "", message);
                String::from_utf8_lossy(bytes).into_owned()
            }
            _ => latin1::decode(bytes),
        };
        if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
    }

    fn lines(&mut self, text: &str) {
        if let Some((at, line)) = text.lines().enumerate().find(|(_, line)| line.chars().count() > 4_090) {
            let message = format!(
                "La línea {} tiene {} caracteres; el SII corta en 4.090 (CHR-00002).",
                at + 1,
                line.chars().count()
            );
            self.refuses("line-too-long", "", message);
        }
    }

    fn root(&mut self, root: &Element, text: &str) {
        match root.name.as_str() {
            "DTE" => self.dte(root, None, text),
            "EnvioDTE" | "EnvioBOLETA" => self.envelope(root, text),
            other => {
                let message = format!("La raíz es <{other}>; se esperaba DTE, EnvioDTE o EnvioBOLETA.");
                self.refuses("root-unknown", "", message);
            }
        }
    }

    /// One document, alone or inside of an envelope whose namespaces are `around`.
    fn dte(&mut self, dte: &Element, around: Option<&[Space]>, text: &str) {
        self.attributes(dte, "DTE", &[("version", Some("1.0"))]);
        let Some(documento) = dte.child("Documento") else {
            let name = dte.elements().next().map_or("nada", |e| e.name.as_str());
            return self.tell(
                Severity::Note,
                "content-not-checked",
                "",
                format!("El DTE contiene {name}; Timbre revisa los que contienen Documento."),
            );
        };
        let leaf = |tag: &str| documento.text_at(&["Encabezado", "IdDoc", tag]).unwrap_or_default();
        self.document = format!("T{}F{}", leaf("TipoDTE"), leaf("Folio"));
        self.structure(dte, DTE, "DTE");
        self.attributes(documento, "Documento", &[("ID", None)]);
        let body = self.body(documento);
        self.stamp(documento, &body, text);
        self.document_signature(dte, documento, around);
        self.document.clear();
    }
}

/// The encoding that a file declares in its prolog.
fn encoding(text: &str) -> Option<&str> {
    let (prolog, _) = text.strip_prefix("<?xml")?.split_once("?>")?;
    let (_, said) = prolog.split_once("encoding")?;
    let name = dom::trimmed(said).strip_prefix('=').map(dom::trimmed)?;
    name.strip_prefix(['"', '\''])?.split(['"', '\'']).next()
}

#[cfg(test)]
mod tests;
