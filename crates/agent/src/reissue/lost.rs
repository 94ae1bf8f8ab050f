//! A document that waits and whose signed bytes can't be read leaves never. Who has its sale puts another in its place;
//! its folio is to be annulled.

use bytes::Bytes;
use timbre_core::{Document, GrantId, Number, Sale, TillData};
use timbre_store::{Issued, Row};

use super::{Again, Reissue};
use crate::elsewhere::may_have_left;
use crate::engine::{Agent, Answer, environment_word};
use crate::unread::is_damaged;
use crate::view::{ProblemView, ReissuedView};

impl Agent {
    /// It never left, and never will.
    pub(super) fn is_lost(&self, row: &Row) -> bool {
        row.never_left() && is_damaged(&self.0.reader.issued(&row.id))
    }

    /// Another may be put in its place: nobody thinks that it left from elsewhere.
    pub(crate) fn gives_its_place(&self, row: &Row) -> bool {
        self.is_lost(row) && !may_have_left(&self.0.reader, row)
    }

    pub(super) async fn instead_of_lost(
        &self,
        row: Row,
        order: Reissue,
        who: String,
    ) -> Answer<ReissuedView> {
        let (id, authority) = (row.id.clone(), self.authority());
        let Some(received) = order.sale else {
            return Err(ProblemView::conflict(
                "document-unreadable",
                format!(
                    "{id} está dañado en esta carpeta: no se puede leer ni enviar. Vuelva a emitirlo con los datos de la \
                     venta: otro documento va en su lugar, y su folio queda por anular."
                ),
            ));
        };
        // Without its bytes the authority can't be asked whether it has it.
        if may_have_left(&self.0.reader, &row) {
            return Err(ProblemView::conflict(
                "left-elsewhere",
                format!(
                    "{id} está dañado en esta carpeta y puede haberse enviado antes, o desde otra copia de ella. No se \
                     emite otro en su lugar, para que no haya dos: vea en el sitio del {authority} qué pasó con él y \
                     consulte a su contador."
                ),
            ));
        }
        let issuer = self.issuer()?;
        self.0.signer()?;
        self.trust_clock()?;
        let mut sale = Sale { key: row.key.clone(), ..Sale::read(received, None)? };
        sale.till.cajero.clone_from(&row.sold_by);
        let now = self.0.clock.now();
        let draft = self.0.reader.knowing(|known| self.0.regime.draft(&sale, &issuer, known, now))??;
        // As of whatever is made again: it is the same sale.
        if draft.series() != id.series || draft.totals() != row.totals {
            return Err(ProblemView::refused(
                "reissue-changes",
                format!(
                    "La venta no es la de {id}: tienen que ser los mismos el tipo de documento y los totales. Si es otra, \
                     emítala como venta nueva."
                ),
            ));
        }
        let print = self.prints_on_issue(&id.series, sale.till.impresora.as_deref());
        // An earlier version on the same folio was sent.
        let task = if row.version == 1 { format!("Nunca se envió al {authority}.") } else { String::new() };
        let again = Again {
            before: of_row(&row),
            row,
            sale,
            draft,
            number: Number::New,
            who,
            why: "el documento está dañado y no se puede leer; se usa un folio nuevo".to_owned(),
            task,
            void: None,
            print,
            regime: self.0.regime.clone(),
            answers: Vec::new(),
            keys: self.0.custody.clone(),
            clock: self.0.clock.clone(),
            zone: self.0.zone.clone(),
            authority,
        };
        self.make(&id, again, environment_word(issuer.environment)).await
    }
}

/// What the index knows of it. Its bytes, its range and who sent the sale are lost; another number asks for none of them.
fn of_row(row: &Row) -> Issued {
    Issued {
        document: Document {
            id: row.id.clone(),
            version: row.version,
            grant: GrantId(String::new()),
            channel: row.channel.clone(),
            date: row.date,
            stamped: row.issued,
            receiver: row.receiver.clone(),
            total: row.total,
            words: row.words.clone(),
            facts: serde_json::Value::Null,
            bytes: Bytes::new(),
        },
        key: row.key.clone(),
        sale_hash: row.sale_hash.clone(),
        from: None,
        till: TillData { cajero: row.sold_by.clone(), ..TillData::default() },
        warnings: Vec::new(),
        totals: row.totals.clone(),
        claims: row.claims.clone(),
        follows: row.follows.clone(),
        annuls: row.annuls.clone(),
        awaits_authority: row.awaits_authority,
        card: None,
        sale: Bytes::new(),
    }
}
