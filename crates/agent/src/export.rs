//! What a search found, as a file: a table for a spreadsheet, or the documents themselves.

use std::io::{self, Write};

use timbre_store::{Filter, Page, Row};

use crate::engine::{Agent, Answer, missing};
use crate::look::filter_of;
use crate::show;
use crate::view::{ProblemView, Query};

/// Rows read at a time.
const PAGE: usize = 500;

/// What the file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One line a document, for a spreadsheet of Chile: semicolons, UTF-8 with its mark.
    Csv,
    /// The signed bytes of each, one after the other, untouched.
    Xml,
}

impl Form {
    pub fn from_word(word: &str) -> Option<Form> {
        match word {
            "csv" => Some(Form::Csv),
            "xml" => Some(Form::Xml),
            _ => None,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Form::Csv => "csv",
            Form::Xml => "xml",
        }
    }

    /// The most documents of one file.
    fn most(self) -> u64 {
        match self {
            Form::Csv => 100_000,
            Form::Xml => 10_000,
        }
    }
}

impl Agent {
    /// Writes all that `query` wants, newest first; how many documents they are. Refused, before anything is
    /// written, where they are more than one file takes.
    pub fn export(&self, query: &Query, form: Form, out: &mut dyn Write) -> Answer<u64> {
        let filter = filter_of(query, self.0.regime.profile())?;
        let found = self.0.reader.found(&filter, usize::MAX, self.0.regime.profile())?.documents;
        if found > form.most() {
            let (found, most) = (show::thousands(found), show::thousands(form.most()));
            let detail = format!(
                "Son {found} documentos, y un archivo lleva hasta {most}: elija un período más corto."
            );
            return Err(ProblemView::refused("export-too-large", detail));
        }
        let (head, tail) = match form {
            Form::Csv => (HEAD, ""),
            Form::Xml => self.0.regime.collection(),
        };
        let written = |outcome: io::Result<()>| outcome.map_err(|error| cut(&error));
        written(out.write_all(head.as_bytes()))?;
        let mut many = 0;
        self.each_page(&filter, &mut |row| {
            many += 1;
            match form {
                Form::Csv => written(out.write_all(self.line(row).as_bytes())),
                Form::Xml => {
                    let document = self.0.reader.document(&row.id)?.ok_or_else(|| missing(&row.id))?;
                    written(out.write_all(&document.bytes).and_then(|()| out.write_all(b"\n")))
                }
            }
        })?;
        written(out.write_all(tail.as_bytes()).and_then(|()| out.flush()))?;
        Ok(many)
    }

    /// A name for the file: what it is and when it was made.
    pub fn export_name(&self, form: Form) -> String {
        let now = self.0.clock.now().to_zoned(self.0.zone.clone());
        format!("documentos-{}.{}", now.strftime("%Y-%m-%d-%H%M%S"), form.word())
    }

    fn each_page(&self, filter: &Filter, take: &mut dyn FnMut(&Row) -> Answer<()>) -> Answer<()> {
        let mut cursor = None;
        loop {
            let Page { rows, next, .. } = self.0.reader.list(filter, cursor, PAGE)?;
            rows.iter().try_for_each(&mut *take)?;
            match next {
                Some(next) => cursor = Some(next),
                None => return Ok(()),
            }
        }
    }

    fn line(&self, row: &Row) -> String {
        let view = self.row(row);
        // A spreadsheet reads no moment with a zone.
        let issued = row.issued.to_zoned(self.0.zone.clone());
        let text = |text: Option<String>| text.unwrap_or_default();
        let cells = [
            view.id,
            view.kind,
            view.folio.to_string(),
            view.date,
            issued.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            view.receiver_id,
            view.receiver,
            view.total.to_string(),
            view.state,
            text(view.attention),
            text(view.track),
            text(view.annulled_by),
            text(view.replaced_by),
            text(view.error),
            text(view.sold_by),
        ];
        let cells: Vec<_> = cells.iter().map(|text| cell(text)).collect();
        format!("{}\r\n", cells.join(";"))
    }
}

/// The mark tells spreadsheets that it is UTF-8.
const HEAD: &str = "\u{feff}id;tipo;folio;fecha;emitido (hora local);rut receptor;receptor;total;estado;necesita atención;TrackID;\
                    anulado por;reemplazado por;error;cajero\r\n";

/// One cell. What a spreadsheet would take for a formula is text: a name is whatever a customer says.
pub(crate) fn cell(text: &str) -> String {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let formula = !number && text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let plain = format!("{}{text}", if formula { "'" } else { "" });
    match plain.contains([';', '"', '\n', '\r']) {
        true => format!("\"{}\"", plain.replace('"', "\"\"")),
        false => plain,
    }
}

fn cut(error: &io::Error) -> ProblemView {
    ProblemView::internal(format!("El archivo no se pudo escribir ({error})."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_a_formula_and_never_breaks_its_line() {
        for (text, written) in [
            ("Panadería Ñuñoa", "Panadería Ñuñoa"),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-1190", "-1190"),
            ("-1+2", "'-1+2"),
            ("a;b \"c\"\nd", "\"a;b \"\"c\"\"\nd\""),
            ("", ""),
        ] {
            assert_eq!(cell(text), written);
        }
    }
}
