//! A file of sales: each is checked as if it were issued, and gets its key, before any of it is. The issuing is
//! that of any other sale, one after the other.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;
use timbre_core::{Issuer, Refusal, Sale, Series};
use timbre_store::Row;

use crate::engine::{Agent, Answer};
use crate::sales::rows::{self, RowMap};
use crate::sales::{Entry, Offer, Sales};
use crate::sealing::said;
use crate::show::thousands;
use crate::view::{BatchSaleView, BatchView, ProblemView, RefusalView};
use crate::writer::IssueError;
use crate::{foresight, show};

/// The most sales of one file.
const MOST: usize = 2_000;

impl Agent {
    /// Reads a file of sales (JSON, one a line or an array, or the regime's table) and says of each what issuing it would
    /// do. A sale without a key of its own gets one by what it says, so that the same file issues nothing twice; `anew`
    /// takes sales that were issued on an earlier day for new ones.
    pub fn check_batch(&self, file: &[u8], anew: bool) -> Answer<BatchView> {
        let issuer = self.issuer()?;
        self.0.signer()?;
        self.trust_clock()?;
        let mut batch = Batch { agent: self, issuer, anew, seen: BTreeMap::new(), wanted: BTreeMap::new() };
        let mut sales = Vec::new();
        match self.sheet_of(file)? {
            None => {
                for entry in Sales::new(file) {
                    batch.take(&mut sales, entry.map_err(ProblemView::internal)?)?;
                }
            }
            Some(map) => {
                for (mut entry, lines) in rows::read_with_lines(&map, file) {
                    // The column only tells one sale from another: the next file's first sale is 1, too.
                    if let Ok(offer) = &mut entry.offer {
                        offer.key = None;
                    }
                    let read = entry.offer.is_ok();
                    batch.take(&mut sales, entry)?;
                    let Some(sale) = sales.last_mut().filter(|_| read) else { continue };
                    for told in sale.refusals.iter_mut().chain(&mut sale.warnings) {
                        told.path = map.place(&told.path, &lines);
                    }
                }
            }
        }
        if sales.is_empty() {
            return Err(ProblemView::refused("batch-empty", "El archivo no trae ninguna venta."));
        }
        Ok(BatchView { sales, short: batch.short() })
    }

    /// The table that shops fill in, as a file to begin with: what to call it, so that no earlier one is in its place, and
    /// what is in it.
    pub fn example_sheet(&self) -> Answer<(String, &'static str)> {
        let sheet = self.0.regime.sheet().ok_or_else(|| ProblemView::not_found("una planilla de ejemplo"))?;
        let now = self.0.clock.now().to_zoned(self.0.zone.clone());
        Ok((format!("{}-{}.csv", sheet.name, now.strftime("%Y-%m-%d-%H%M%S")), sheet.example))
    }

    /// How this file is read, where it is a table and no JSON.
    fn sheet_of(&self, file: &[u8]) -> Answer<Option<RowMap>> {
        let text = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file).trim_ascii_start();
        if text.is_empty() || text.starts_with(b"{") || text.starts_with(b"[") {
            return Ok(None);
        }
        let Some(sheet) = self.0.regime.sheet() else { return Ok(None) };
        let map: RowMap = serde_json::from_str(sheet.map).map_err(ProblemView::internal)?;
        Ok(Some(map.separated_as(file)))
    }
}

struct Batch<'a> {
    agent: &'a Agent,
    issuer: Issuer,
    anew: bool,
    /// How often each sale was met: two that say the same are two sales.
    seen: BTreeMap<String, u32>,
    /// Folios that the file asks for, by type.
    wanted: BTreeMap<Series, u64>,
}

impl Batch<'_> {
    fn take(&mut self, sales: &mut Vec<BatchSaleView>, entry: Entry) -> Answer<()> {
        if sales.len() == MOST {
            let detail =
                format!("El archivo trae más de {} ventas: divídalo en partes.", thousands(MOST as u64));
            return Err(ProblemView::refused("batch-too-large", detail));
        }
        sales.push(match entry.offer {
            Ok(offer) => self.look(entry.line, offer)?,
            Err(refusal) => refused(entry.line, Bytes::new(), &[refusal]),
        });
        Ok(())
    }

    fn look(&mut self, line: u64, Offer { key: own, body }: Offer) -> Answer<BatchSaleView> {
        let sale = match Sale::read(body.clone(), own) {
            Ok(sale) => sale,
            Err(all) => return Ok(refused(line, body, &all.0)),
        };
        let (key, known) = match sale.key.clone() {
            Some(key) => (key.clone(), self.agent.0.reader.by_key(&key)?),
            None => self.key_of(&sale)?,
        };
        if let Some(row) = known {
            if row.sale_hash != sale.hash {
                let problem: ProblemView = IssueError::Conflict(row.id).into();
                return Ok(BatchSaleView {
                    key,
                    refusals: vec![said_no(problem)],
                    ..refused(line, body, &[])
                });
            }
            let (kind, totals) = (self.kind(&row.id.series), row.totals.clone());
            let issued = Some(self.agent.row(&row));
            return Ok(BatchSaleView { key, kind, totals, issued, ..refused(line, body, &[]) });
        }
        let now = self.agent.0.clock.now();
        let sale = match self.agent.for_document(sale, &self.issuer, now) {
            Ok(sale) => sale,
            Err(problem) => {
                return Ok(BatchSaleView {
                    key,
                    refusals: vec![said_no(problem)],
                    ..refused(line, body, &[])
                });
            }
        };
        let inner = &self.agent.0;
        let draft = inner.reader.knowing(|known| inner.regime.draft(&sale, &self.issuer, known, now))?;
        let said = match draft.and_then(|draft| Ok(said(&*draft)?)) {
            Ok(said) => said,
            Err(all) => return Ok(BatchSaleView { key, ..refused(line, body, &all.0) }),
        };
        *self.wanted.entry(said.series.clone()).or_default() += 1;
        let (kind, warnings) = (self.kind(&said.series), show::refusals(&said.warnings));
        Ok(BatchSaleView { key, kind, totals: said.totals, warnings, ..refused(line, body, &[]) })
    }

    /// The key of a sale that has none: what it says, and the how-manieth it is that says so.
    fn key_of(&mut self, sale: &Sale) -> Answer<(String, Option<Row>)> {
        let times = self.seen.entry(sale.hash.clone()).or_default();
        *times += 1;
        let key = match *times {
            1 => format!("archivo-{}", sale.hash),
            times => format!("archivo-{}-{times}", sale.hash),
        };
        let inner = &self.agent.0;
        let known = inner.reader.by_key(&key)?;
        let today = inner.today();
        match known {
            Some(row) if self.anew && inner.day(row.issued) != today => {
                let key = format!("{key}-{today}");
                let known = inner.reader.by_key(&key)?;
                Ok((key, known))
            }
            known => Ok((key, known)),
        }
    }

    fn kind(&self, series: &Series) -> String {
        let kind = self.agent.0.regime.profile().kind(series);
        kind.map_or_else(|| series.0.clone(), |kind| kind.name.to_owned())
    }

    /// The types of which the file asks for more folios than there are.
    fn short(&self) -> Vec<String> {
        let folios = foresight::folios(&self.agent.0);
        let left = |series: &Series| {
            let own = folios.iter().find(|view| view.series == series.0);
            own.map_or(0, |view| view.left)
        };
        let lacking = self.wanted.iter().map(|(series, wanted)| (series, *wanted, left(series)));
        let lacking = lacking.filter(|(_, wanted, left)| wanted > left);
        let say = |(series, wanted, left)| {
            format!(
                "{}: el archivo pide {wanted} folios y quedan {left}. Cargue un CAF antes de emitir.",
                self.kind(series)
            )
        };
        lacking.map(say).collect()
    }
}

fn refused(line: u64, sale: Bytes, refusals: &[Refusal]) -> BatchSaleView {
    BatchSaleView {
        line,
        key: String::new(),
        sale: String::from_utf8_lossy(&sale).into_owned(),
        kind: String::new(),
        totals: Value::Null,
        refusals: show::refusals(refusals),
        warnings: Vec::new(),
        issued: None,
    }
}

fn said_no(problem: ProblemView) -> RefusalView {
    RefusalView {
        code: problem.code,
        path: "key".to_owned(),
        message: problem.detail,
        authority_codes: Vec::new(),
    }
}
