//! A journal of any length in seconds: one document that was signed once, copied under other folios. The frames
//! are written here from their description (`store/src/frame.rs`), so that nothing of the product can do this.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use timbre_core::{Cause, DocState, DocumentId, ParcelId, Timestamp};
use timbre_store::{Answered, Fact, Issued, Moved, Sending};

use crate::Done;

const HEADER: usize = 80;
const MAGIC: [u8; 4] = [0xE5, b'T', b'J', 0x1A];
/// As long as the product's own segments.
const SEGMENT: u64 = 64 << 20;
/// Documents of a parcel.
const PARCEL: u64 = 50;
/// Between two sales.
const PACE_SECONDS: i64 = 30;

/// How far the copies' lives have come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// Issued and nothing else: all of them wait.
    Waiting,
    /// Sent in parcels, answered, accepted.
    Accepted,
}

/// Appends `many` copies of `template` to the journal of a folder that nobody has open. The last one is issued
/// now, those before it one every half minute.
pub fn copies(folder: &Path, template: &Issued, many: u64, life: Life) -> Done<()> {
    let mut tape = Tape::behind(&folder.join("journal"))?;
    let first = template.document.id.number + 1;
    let now = Timestamp::now();
    let at = |n: u64| now - jiff::SignedDuration::from_secs(PACE_SECONDS * (many - n) as i64);
    let mut n = 0;
    while n < many {
        let group: Vec<u64> = (n..many.min(n + PARCEL)).collect();
        for k in &group {
            tape.batch(at(*k), &[copy(template, first + k, at(*k))])?;
        }
        if life == Life::Accepted {
            let ids: Vec<_> = group.iter().map(|k| id(template, first + k)).collect();
            journey(template, &ids, n).iter().try_for_each(|facts| tape.batch(at(n), facts))?;
        }
        n += PARCEL;
    }
    tape.end()
}

fn id(template: &Issued, number: u64) -> DocumentId {
    DocumentId { series: template.document.id.series.clone(), number }
}

fn copy(template: &Issued, number: u64, at: Timestamp) -> Fact {
    let mut issued = template.clone();
    issued.document.id = id(template, number);
    issued.document.stamped = at;
    issued.document.date = at.to_zoned(jiff::tz::TimeZone::UTC).date();
    issued.key = Some(crate::shop::scattered(number | 1 << 40));
    issued.sale_hash = format!("{number:064x}");
    Fact::Issued(Box::new(issued))
}

/// A parcel from its first byte to its verdict, a batch for each step.
fn journey(template: &Issued, ids: &[DocumentId], n: u64) -> [Vec<Fact>; 3] {
    let parcel = ParcelId(format!("{n:032x}"));
    let moved = |from, to, cause: &Cause| {
        let moved = |id: &DocumentId| {
            Fact::Moved(Moved {
                document: id.clone(),
                version: 1,
                from,
                to,
                cause: cause.clone(),
                next_try: None,
                attempts: 1,
            })
        };
        ids.iter().map(moved).collect::<Vec<_>>()
    };
    let answered = |what: &str, state: Option<serde_json::Value>| {
        Fact::Answered(Answered {
            parcel: parcel.clone(),
            document: None,
            what: what.to_owned(),
            status: Some(200),
            took_ms: 500,
            state: state.map(timbre_core::State),
            due: None,
            heard: vec![b'x'; 300].into(),
        })
    };
    let sending = Fact::Sending(Sending {
        parcel: parcel.clone(),
        channel: template.document.channel.clone(),
        documents: ids.iter().map(|id| (id.clone(), 1)).collect(),
        attempt: 1,
        sha256: format!("{n:064x}"),
        head: vec![b'h'; 1200].into(),
        tail: vec![b't'; 2000].into(),
    });
    use DocState::{Aceptado, Enviado, Enviando, Generado};
    let sent = Cause::Sent { track: n.to_string() };
    let behind = |first, mut rest: Vec<Fact>| {
        rest.insert(0, first);
        rest
    };
    [
        behind(sending, moved(Generado, Enviando, &Cause::Sending)),
        behind(
            answered("subir envío", Some(serde_json::json!({ "phase": "probe" }))),
            moved(Enviando, Enviado, &sent),
        ),
        behind(
            answered("estado del envío", None),
            moved(Enviado, Aceptado, &Cause::Accepted { remarks: vec![], given: None }),
        ),
    ]
}

/// The end of a journal, being written.
struct Tape {
    folder: PathBuf,
    file: BufWriter<File>,
    segment: u32,
    length: u64,
    batch: u64,
    sequence: u64,
    before: [u8; 32],
}

impl Tape {
    /// Goes on behind the last frame, in a segment of its own.
    fn behind(folder: &Path) -> Done<Tape> {
        let last = (1..).take_while(|n| segment(folder, *n).exists()).last().ok_or("there is a journal")?;
        let bytes = fs::read(segment(folder, last))?;
        let (mut at, mut tip) = (0, (0, 0, [0; 32]));
        while let Some(head) = bytes.get(at..at + HEADER) {
            let number =
                |from: usize| u64::from_be_bytes(head[from..from + 8].try_into().unwrap_or_default());
            let length = HEADER + u32::from_be_bytes(head[12..16].try_into()?) as usize;
            let frame = bytes.get(at..at + length).ok_or("whole frames")?;
            tip = (number(16), number(24), Sha256::digest(frame).into());
            at += length;
        }
        let file = BufWriter::new(File::create(segment(folder, last + 1))?);
        let (batch, sequence, before) = tip;
        Ok(Tape { folder: folder.to_owned(), file, segment: last + 1, length: 0, batch, sequence, before })
    }

    fn batch(&mut self, at: Timestamp, facts: &[Fact]) -> Done<()> {
        if self.length >= SEGMENT {
            self.file.flush()?;
            self.segment += 1;
            self.file = BufWriter::new(File::create(segment(&self.folder, self.segment))?);
            self.length = 0;
        }
        self.batch += 1;
        for (n, fact) in facts.iter().enumerate() {
            self.frame(at, fact, n + 1 == facts.len())?;
        }
        Ok(())
    }

    fn frame(&mut self, at: Timestamp, fact: &Fact, last: bool) -> Done<()> {
        let mut body = Vec::new();
        let json = serde_json::to_vec(fact)?;
        for part in [&json[..]].into_iter().chain(fact.blobs().into_iter().map(|blob| &blob[..])) {
            body.extend_from_slice(&(part.len() as u32).to_be_bytes());
            body.extend_from_slice(part);
        }
        self.sequence += 1;
        let mut head = Vec::with_capacity(HEADER);
        head.extend_from_slice(&MAGIC);
        head.extend_from_slice(&[1, fact.kind(), u8::from(last), 0]);
        head.extend_from_slice(&0u32.to_be_bytes());
        head.extend_from_slice(&(body.len() as u32).to_be_bytes());
        head.extend_from_slice(&self.batch.to_be_bytes());
        head.extend_from_slice(&self.sequence.to_be_bytes());
        head.extend_from_slice(&at.as_microsecond().to_be_bytes());
        head.extend_from_slice(&self.before);
        head.extend_from_slice(&crc32fast::hash(&body).to_be_bytes());
        head.extend_from_slice(&crc32fast::hash(&head).to_be_bytes());
        self.before = Sha256::new().chain_update(&head).chain_update(&body).finalize().into();
        self.file.write_all(&head)?;
        self.file.write_all(&body)?;
        self.length += (head.len() + body.len()) as u64;
        Ok(())
    }

    fn end(mut self) -> Done<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        Ok(())
    }
}

fn segment(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{number:06}.tj"))
}
