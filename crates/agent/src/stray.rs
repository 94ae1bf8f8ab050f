//! Documents under way whose parcel is lost: its *sending* frame can't be read, and the index was made again without it.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use timbre_core::{Cause, DocState, Document, Parcel};
use timbre_store::{Fact, Reader, Row, Sending};

use crate::conversation::{Phase, TalkError, moved};
use crate::meaning::calm;
use crate::sender::{Sender, hex};

/// How many are taken up in one commit.
const AT_ONCE: usize = 100;

/// Why one that the authority took is in doubt.
const WHY: &str = "no queda registro del envío en que iba: se pregunta por él";

/// What a person was called for before the authority was asked.
const CALLED: &str = "Iba en un envío del que no queda registro";

impl Sender {
    /// Each is asked about in a parcel of its own, since what of the lost one arrived tells nothing that can be read:
    /// found, it has its verdict; absent, its own bytes go again in another envelope.
    pub(crate) async fn take_up_strays(&self) -> Result<(), TalkError> {
        let strays = self.reader().under_way_without_parcel()?;
        for rows in strays.chunks(AT_ONCE) {
            let mut facts = Vec::new();
            for row in rows {
                if let Some(document) = self.readable(&row.id, row.version).await? {
                    facts.push((row.clone(), self.asking(document)));
                }
            }
            self.writer()
                .apply(move |reader| {
                    facts.into_iter().flat_map(|(row, asking)| taken_up(reader, &row, asking)).collect()
                })
                .await?;
        }
        Ok(())
    }

    /// A parcel of which nothing leaves: no attempt, no envelope.
    fn asking(&self, document: Arc<Document>) -> Vec<Fact> {
        let parcel = Parcel {
            id: self.new_parcel(),
            channel: document.channel.clone(),
            head: Default::default(),
            tail: Default::default(),
            documents: vec![document],
        };
        let sending = Fact::Sending(Sending {
            parcel: parcel.id.clone(),
            channel: parcel.channel.clone(),
            documents: parcel
                .documents
                .iter()
                .map(|document| (document.id.clone(), document.version))
                .collect(),
            attempt: 0,
            sha256: hex(&Sha256::digest(parcel.body())),
            head: parcel.head,
            tail: parcel.tail,
        });
        let mark = self.mark(&parcel.id, "envío perdido", Some(Phase::Parted), Some(self.now()));
        vec![sending, mark]
    }
}

/// Whatever it was, it is in doubt now. Nothing where something came of it meanwhile.
fn taken_up(reader: &Reader, before: &Row, asking: Vec<Fact>) -> Vec<Fact> {
    let now = reader.row(&before.id).ok().flatten();
    let Some(row) = now.filter(|row| {
        (row.version, row.state, &row.parcel) == (before.version, before.state, &before.parcel)
    }) else {
        return Vec::new();
    };
    let doubt = moved(&row, Cause::Doubt { why: WHY.to_owned() }, None)
        .filter(|_| row.state != DocState::Verificando);
    let was_called = row.attention.as_deref().is_some_and(|why| why.starts_with(CALLED));
    doubt.into_iter().chain(asking).chain(calm(&row).filter(|_| was_called)).collect()
}
