//! Sales that a card's voucher stands for, where the company declared so: they get no document but a record, which
//! is on disk before the till is answered, like a document, and which nothing sends.

use std::io::{self, Write};

use bytes::Bytes;
use timbre_core::{CardPart, Date, DocumentId, Issuer, Refusal, Sale, Timestamp, Voucher};
use timbre_store::{Committed, Fact, Row, StoreError, Vouched, VouchedRow, VouchedUndone, VoucherTerm};

use crate::engine::{Agent, Answer};
use crate::export::cell;
use crate::look::{day_of, in_order};
use crate::problem::same_or_other;
use crate::view::{
    IssuedView, ProblemView, UndoneView, VouchedView, VoucherOrder, VoucherSumsView, VoucherTermView,
    VoucherTermsView, VoucherUndoOrder, VouchersView,
};
use crate::writer::Issuance;

/// Records of a page, and of a piece of a file.
const PAGE: usize = 100;

/// The mark tells spreadsheets that it is UTF-8.
const HEAD: &str = "\u{feff}fecha;registrada;documento que reemplaza;total;medios;caja;cajero;clave;documento por el resto;deshecha\r\n";

/// What became of a sale that was handed in by a door that knows no vouchers.
#[derive(Debug, Clone, PartialEq)]
pub enum Sold {
    Issued(Box<IssuedView>),
    Recorded(Box<VouchedView>),
}

impl Agent {
    /// What was declared of card vouchers.
    pub fn vouchers(&self) -> VoucherTermsView {
        let terms = self.0.reader.voucher_terms().into_iter();
        VoucherTermsView {
            stands: self.0.reader.voucher_stands(self.0.today()).is_some(),
            terms: terms
                .map(|VoucherTerm { since, stands, two_sales }| VoucherTermView {
                    since: since.to_string(),
                    stands,
                    two_sales,
                })
                .collect(),
        }
    }

    /// Writes down what the company declared. A day that is over stays as its sales were made.
    pub async fn set_vouchers(&self, order: VoucherOrder) -> Answer<VoucherTermsView> {
        let who = self.named(&order.who)?;
        let since = day_of(&order.since)?;
        if since < self.0.today() {
            let detail = "Las ventas de los días que pasaron ya están hechas: elija hoy o un día que viene.";
            return Err(ProblemView::bad_request("voucher-past", detail));
        }
        let what = match (order.stands, order.two_sales) {
            (true, false) => format!("Desde el {since} el voucher de la tarjeta reemplaza al documento"),
            (true, true) => format!(
                "Desde el {since} el voucher de la tarjeta reemplaza al documento, y lo que se paga en parte con \
                 tarjeta son dos ventas"
            ),
            (false, _) => format!("Desde el {since} cada venta con tarjeta lleva su documento"),
        };
        let acted = Fact::Acted { who, what, documents: Vec::new() };
        let term = VoucherTerm { since, stands: order.stands, two_sales: order.stands && order.two_sales };
        let term = Fact::VoucherTerm(term);
        self.0.writer.commit(vec![term, acted]).await?;
        self.0.push(Vec::new(), false);
        Ok(self.vouchers())
    }

    /// Records a sale that its card's voucher stands for: on disk when this answers. The same key and the same sale
    /// are the same record, for ever.
    pub async fn record(&self, received: Bytes, key: Option<String>) -> Answer<VouchedView> {
        let size = received.len();
        let record = move |agent: Agent| async move { agent.record_now(received, key).await };
        self.with_sale(size, record).await
    }

    async fn record_now(&self, received: Bytes, key: Option<String>) -> Answer<VouchedView> {
        let mut sale = Sale::read(received, key)?;
        let Some(key) = sale.key.clone() else {
            return Err(key_missing());
        };
        if let Some(row) = self.0.reader.vouched(&key)? {
            return self.known_record(&row, &sale);
        }
        if let Some(row) = self.0.reader.by_key(&key)? {
            return Err(StoreError::KeyTaken { key, document: row.id }.into());
        }
        self.name_seller(&mut sale)?;
        let issuer = self.issuer()?;
        let now = self.0.clock.now();
        if !self.0.reader.knows_vouchers() {
            let message = "La empresa no tiene declarado que el voucher de la tarjeta reemplaza al documento: \
                           esta venta lleva el suyo.";
            return Err(Refusal::new("voucher-not-declared", "", message).into());
        }
        let (series, total, date) = match self.voucher(&sale, &issuer, now)? {
            Voucher::Whole { series, total, date } => (series, total, date),
            Voucher::Part(rest) if self.in_two(&rest) => return Err(two_sales().into()),
            Voucher::Part(_) => {
                let message = "La tarjeta paga una parte: emítala como siempre (POST /v1/documents), y queda registrada \
                               esa parte y emitido el documento por el resto.";
                return Err(Refusal::new("voucher-partly", "Timbre.Pagos", message).into());
            }
            Voucher::Nothing => {
                let message = "Esta venta no se pagó con tarjeta, o su documento no lo reemplaza un voucher (por su tipo, o \
                               porque para el día de la venta no está declarado): se emite como siempre.";
                return Err(Refusal::new("voucher-wants-document", "Timbre.Pagos", message).into());
            }
        };
        let vouched = Vouched {
            key: key.clone(),
            sale_hash: sale.hash.clone(),
            date,
            series,
            total,
            till: sale.till.clone(),
            sale: sale.received.clone(),
        };
        match self.0.writer.commit(vec![Fact::Vouched(Box::new(vouched))]).await {
            // It is on disk: nothing is read, for a read that fails must not answer it with an error.
            Ok(Committed { recorded, .. }) => {
                self.0.push(Vec::new(), false);
                let row =
                    recorded.first().ok_or_else(|| ProblemView::internal("la venta no quedó registrada"))?;
                Ok(self.record_view(row, None, false))
            }
            Err(error) => match self.0.reader.vouched(&key)? {
                // Asked twice at once: the other one has written it.
                Some(row) => self.known_record(&row, &sale),
                None => Err(error.into()),
            },
        }
    }

    /// Issues a sale, or records it where a card's voucher stands for its document. The same key is the same one, for
    /// ever, whatever is declared since.
    pub async fn sell(&self, received: Bytes, key: String) -> Answer<Sold> {
        let is_record = match self.0.reader.vouched(&key)? {
            Some(row) => row.rest.is_none(),
            None => self.0.reader.by_key(&key)?.is_none() && self.stands_for(received.clone())?,
        };
        match is_record {
            true => {
                let record = self.record(received, Some(key)).await?;
                Ok(Sold::Recorded(Box::new(record)))
            }
            false => {
                let issued = self.issue(received, Some(key)).await?;
                Ok(Sold::Issued(Box::new(issued)))
            }
        }
    }

    /// Does a card's voucher stand for all of that sale? What is wrong with it is told when it is issued.
    fn stands_for(&self, received: Bytes) -> Answer<bool> {
        if !self.0.reader.knows_vouchers() {
            return Ok(false);
        }
        let voucher = self.voucher(&Sale::read(received, None)?, &self.issuer()?, self.0.clock.now());
        Ok(matches!(voucher, Ok(Voucher::Whole { .. })))
    }

    /// Takes a record back that was typed twice, or with a wrong sum. It stays on the list, under its key, and counts no
    /// more. Undone again it is the one that was undone.
    pub async fn undo_record(&self, order: VoucherUndoOrder) -> Answer<VouchedView> {
        let VoucherUndoOrder { key, who, why } = order;
        let who = self.named(&who)?;
        let row = self.0.reader.vouched(&key)?.ok_or_else(|| unknown(&key))?;
        if row.undone.is_some() {
            return self.vouched(&row, true);
        }
        let why = why.trim().to_owned();
        let undone = VouchedUndone { key: key.clone(), who, why, total: row.total };
        match self.0.writer.commit(vec![Fact::VouchedUndone(undone)]).await {
            Ok(Committed { recorded, .. }) => {
                self.0.push(Vec::new(), false);
                let row =
                    recorded.first().ok_or_else(|| ProblemView::internal("el registro no quedó deshecho"))?;
                Ok(self.record_view(row, row.rest.as_ref(), false))
            }
            Err(error) => match self.0.reader.vouched(&key)?.filter(|row| row.undone.is_some()) {
                // Asked twice at once: the other one has written it.
                Some(row) => self.vouched(&row, true),
                None => Err(error.into()),
            },
        }
    }

    fn known_record(&self, row: &VouchedRow, sale: &Sale) -> Answer<VouchedView> {
        match row.sale_hash == sale.hash {
            true => self.vouched(row, true),
            false => Err(ProblemView::conflict(
                "key-conflict",
                format!(
                    "Esa clave ya se usó para registrar una venta, que no venía escrita igual. {}",
                    same_or_other("registrada:")
                ),
            )),
        }
    }

    /// What was declared for the sale's own day counts, which may be another than today (trade.md 13).
    fn voucher(&self, sale: &Sale, issuer: &Issuer, now: Timestamp) -> Answer<Voucher> {
        let stands = |day| self.0.reader.voucher_stands(day).is_some();
        Ok(self.0.reader.knowing(|known| self.0.regime.voucher(sale, issuer, known, now, &stands))??)
    }

    /// Is such a sale made in two, by what was declared for its day?
    fn in_two(&self, rest: &Sale) -> bool {
        let term = rest.card.as_ref().and_then(|card| self.0.reader.voucher_stands(card.date));
        term.is_some_and(|term| term.two_sales)
    }

    /// The sale that gets a document: this one, or what of it no card paid. Refuses what a voucher stands for as a
    /// whole: it would be declared twice.
    pub(crate) fn for_document(&self, sale: Sale, issuer: &Issuer, now: Timestamp) -> Answer<Sale> {
        match self.for_preview(sale, issuer, now)? {
            (sale, None) => Ok(sale),
            (_, Some(whole)) => Err(whole.into()),
        }
    }

    /// The same to be looked at: what a voucher stands for as a whole is the sale itself, with why no document of it
    /// will be made.
    pub(crate) fn for_preview(
        &self,
        sale: Sale,
        issuer: &Issuer,
        now: Timestamp,
    ) -> Answer<(Sale, Option<Refusal>)> {
        if !self.0.reader.knows_vouchers() {
            return Ok((sale, None));
        }
        match self.voucher(&sale, issuer, now)? {
            Voucher::Nothing => Ok((sale, None)),
            Voucher::Part(rest) if self.in_two(&rest) => Err(two_sales().into()),
            Voucher::Part(rest) => Ok((*rest, None)),
            Voucher::Whole { .. } => {
                let message = "La empresa declaró que el voucher de la tarjeta reemplaza al documento: emitir otro \
                               declararía la venta dos veces. Regístrela sin documento (POST /v1/vouchers).";
                Ok((sale, Some(Refusal::new("voucher-stands", "Timbre.Pagos", message))))
            }
        }
    }

    /// The records of some days, `AAAA-MM-DD`, the newest first.
    pub fn vouched_between(&self, from: &str, to: &str, cursor: Option<&str>) -> Answer<VouchersView> {
        let page = self.0.reader.vouchers(span(from, to)?, cursor.map(place).transpose()?, PAGE)?;
        Ok(VouchersView {
            rows: page.rows.iter().map(|row| self.vouched(row, false)).collect::<Answer<_>>()?,
            next: page.next.map(|(day, sequence)| format!("{day}.{sequence}")),
        })
    }

    /// The same, all of them, as a table for a spreadsheet.
    pub fn export_vouched(&self, from: &str, to: &str, out: &mut dyn Write) -> Answer<()> {
        let span = span(from, to)?;
        let written = |outcome: io::Result<()>| {
            outcome
                .map_err(|error| ProblemView::internal(format!("El archivo no se pudo escribir ({error}).")))
        };
        written(out.write_all(HEAD.as_bytes()))?;
        let mut cursor = None;
        loop {
            let page = self.0.reader.vouchers(span, cursor, PAGE)?;
            for row in &page.rows {
                let view = self.vouched(row, false)?;
                let undone = view
                    .undone
                    .as_ref()
                    .map(|undone| format!("{} {} ({}): {}", undone.at, undone.who, view.total, undone.why));
                // So that the column adds up to what counts.
                let total = if undone.is_some() { 0 } else { view.total };
                let text = |text: &Option<String>| text.clone().unwrap_or_default();
                let cells = [
                    view.date,
                    view.at,
                    view.kind,
                    total.to_string(),
                    view.means.join(", "),
                    text(&row.till.caja),
                    text(&row.till.cajero),
                    view.key,
                    text(&view.rest),
                    undone.unwrap_or_default(),
                ];
                let cells: Vec<_> = cells.iter().map(|text| cell(text)).collect();
                written(out.write_all(format!("{}\r\n", cells.join(";")).as_bytes()))?;
            }
            cursor = page.next;
            if cursor.is_none() {
                return written(out.flush());
            }
        }
    }

    /// A name for that file.
    pub fn vouched_name(&self) -> String {
        let now = self.0.clock.now().to_zoned(self.0.zone.clone());
        format!("ventas-con-voucher-{}.csv", now.strftime("%Y-%m-%d-%H%M%S"))
    }

    pub(crate) fn vouched_on(&self, day: Date) -> Result<VoucherSumsView, StoreError> {
        let sums = self.0.reader.vouched_on(day)?;
        Ok(VoucherSumsView { sales: sums.sales, total: sums.total.0 })
    }

    /// What of a sale that was just issued a card paid. Nothing is read: the sale is on disk, and a read that fails
    /// must not answer it with an error.
    pub(crate) fn part_issued(
        &self,
        issuance: &Issuance,
        card: Option<&CardPart>,
    ) -> Answer<Option<VouchedView>> {
        let row = &issuance.row;
        if issuance.repeated {
            return self.part_by_card(row);
        }
        let (Some(card), Some(key)) = (card, &row.key) else { return Ok(None) };
        let record = VouchedRow {
            sequence: row.order,
            // It came into its first state when it was written down.
            at: row.since,
            date: card.date,
            key: key.clone(),
            sale_hash: row.sale_hash.clone(),
            series: row.id.series.clone(),
            total: card.total,
            till: card.till.clone(),
            rest: Some(row.id.clone()),
            undone: None,
            frame: row.frame,
        };
        Ok(Some(self.record_view(&record, Some(&row.id), false)))
    }

    /// What of a document's sale a card paid, as it was recorded with it.
    pub(crate) fn part_by_card(&self, row: &Row) -> Answer<Option<VouchedView>> {
        let Some(key) = row.key.as_deref().filter(|_| self.0.reader.knows_vouchers()) else {
            return Ok(None);
        };
        self.0.reader.vouched(key)?.map(|row| self.vouched(&row, true)).transpose()
    }

    fn vouched(&self, row: &VouchedRow, repeated: bool) -> Answer<VouchedView> {
        let Some(first) = &row.rest else { return Ok(self.record_view(row, None, repeated)) };
        // Another document may have taken that one's place, and its key with it.
        let now = self.0.reader.by_key(&row.key)?.map(|row| row.id);
        Ok(self.record_view(row, now.as_ref().or(Some(first)), repeated))
    }

    fn record_view(&self, row: &VouchedRow, rest: Option<&DocumentId>, repeated: bool) -> VouchedView {
        let kind = self.0.regime.profile().kind(&row.series);
        VouchedView {
            key: row.key.clone(),
            at: row.at.to_string(),
            date: row.date.to_string(),
            kind: kind.map_or_else(|| row.series.0.clone(), |kind| kind.name.to_owned()),
            total: row.total.0,
            rest: rest.map(ToString::to_string),
            means: row.till.pagos.iter().map(|payment| payment.medio.clone()).collect(),
            repeated,
            undone: row.undone.as_ref().map(|undone| UndoneView {
                at: undone.at.to_string(),
                who: undone.who.clone(),
                why: undone.why.clone(),
            }),
        }
    }
}

fn unknown(key: &str) -> ProblemView {
    ProblemView::not_found(format!("entre las ventas con voucher la de la clave «{key}»"))
}

fn two_sales() -> Refusal {
    let message = "Una parte se paga con tarjeta, y el voucher ya es el documento de esa parte: cobre en dos \
                   ventas, una con lo que va con tarjeta y otra con el resto.";
    Refusal::new("voucher-partly", "Timbre.Pagos", message)
}

fn key_missing() -> ProblemView {
    let detail = "El registro de una venta con voucher lleva siempre una clave (Idempotency-Key).";
    ProblemView::bad_request("key-missing", detail)
}

/// The same of a sale that gets its document beside the record.
pub(crate) fn part_without_key() -> ProblemView {
    let detail = "Una venta que la tarjeta paga en parte lleva siempre una clave (Idempotency-Key).";
    ProblemView::bad_request("key-missing", detail)
}

fn span(from: &str, to: &str) -> Answer<(Date, Date)> {
    let (from, to) = (day_of(from)?, day_of(to)?);
    in_order(Some(from), Some(to))?;
    Ok((from, to))
}

fn place(cursor: &str) -> Answer<(Date, u64)> {
    let parts = cursor.split_once('.');
    parts
        .and_then(|(day, sequence)| Some((day.parse().ok()?, sequence.parse().ok()?)))
        .ok_or_else(|| ProblemView::bad_request("cursor-invalid", "El cursor no es de esta lista."))
}
