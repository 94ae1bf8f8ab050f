//! A small shop to test with: a folder, its facts, and one door to open it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;
use tempfile::TempDir;
use timbre_core::regime::{Kind, PrintGate};
use timbre_core::{
    Amount, Cause, ChannelId, Claims, Company, Date, DocState, Document, DocumentId, Environment, Grant,
    GrantId, KeyError, ParcelId, Party, Profile, Series, TillData, Timestamp, Weight,
};

use crate::sealing::{self, Key, SegmentKeys};
use crate::{
    CheckReport, Fact, Filter, GrantLoaded, Issued, Moved, OpenOptions, Opened, Reader, Row, Sending, Store,
    StoreError, Vouched, VouchedUndone, VoucherTerm,
};

/// What the documents of this shop are.
pub static LAW: Profile = Profile {
    country: "XX",
    authority: "X",
    zone: "UTC",
    kinds: &[Kind { series: "39", name: "", term: None, weight: Weight::Sale, instead: &[] }],
    print: PrintGate::OnSeal,
};

pub struct Shop {
    pub root: TempDir,
    pub options: OpenOptions,
}

impl Shop {
    /// An empty folder, with an anchor beside it.
    pub fn new() -> Shop {
        let root = tempfile::tempdir().unwrap();
        let anchor = Some(root.path().join("anchor.json"));
        let options = OpenOptions { anchor, ..OpenOptions::default() };
        fs::create_dir(root.path().join("data")).unwrap();
        Shop { root, options }
    }

    /// The same with somebody who keeps the keys of sealed segments. What is written is in clear until it is sealed.
    pub fn with_keys() -> Shop {
        let mut shop = Shop::new();
        shop.options.keys = Some(Arc::new(Keeper::new()));
        shop
    }

    /// What is written from its first fact on is sealed.
    pub fn sealed() -> Shop {
        let shop = Shop::with_keys();
        shop.open().set_sealing(true, vec![acted("seal")], at(0)).unwrap().unwrap();
        shop
    }

    pub fn without_anchor() -> Shop {
        let mut shop = Shop::new();
        shop.options.anchor = None;
        shop
    }

    /// A shop with a company and one CAF of boletas 1 to 100.
    pub fn ready() -> (Shop, Store) {
        let shop = Shop::new();
        let store = shop.stocked();
        (shop, store)
    }

    pub fn stocked(&self) -> Store {
        let mut store = self.open();
        store.commit(vec![company("1-9"), caf("a", "39", 1, 100)], at(0)).unwrap();
        store
    }

    pub fn dir(&self) -> PathBuf {
        self.root.path().join("data")
    }

    pub fn journal(&self) -> PathBuf {
        self.dir().join("journal")
    }

    pub fn segment(&self, number: u32) -> PathBuf {
        crate::segments::path(&self.journal(), number)
    }

    #[track_caller]
    pub fn open(&self) -> Store {
        self.open_said().0
    }

    #[track_caller]
    pub fn open_said(&self) -> (Store, Opened) {
        Store::open(&self.dir(), &self.options, &|_, _| {}).unwrap()
    }

    pub fn try_open(&self) -> Result<(Store, Opened), StoreError> {
        Store::open(&self.dir(), &self.options, &|_, _| {})
    }

    #[track_caller]
    pub fn check(&self) -> CheckReport {
        let OpenOptions { anchor, keys, .. } = &self.options;
        crate::check(&self.dir(), anchor.as_deref(), keys.clone(), &mut |_| {}, &|_, _| {}).unwrap()
    }

    /// What is in the index is there again once it is made anew from the journal.
    #[track_caller]
    pub fn is_the_same_made_anew(&self, store: Store) {
        let before = everything(&store.reader());
        drop(store);
        self.delete_index();
        assert_eq!(everything(&self.open().reader()), before);
    }

    pub fn delete_index(&self) {
        fs::remove_dir_all(self.dir().join("db")).unwrap();
    }

    pub fn delete_anchor(&self) {
        for file in ["anchor.json", "anchor.base"] {
            let _ = fs::remove_file(self.root.path().join(file));
        }
    }

    /// The anchor as it stands beside a folder that is new.
    pub fn renew_anchor(&self) {
        self.delete_anchor();
        let memory = crate::anchor::Memory::of_nothing();
        fs::write(self.root.path().join("anchor.base"), serde_json::to_vec(&memory).unwrap()).unwrap();
    }

    /// Copies the whole folder elsewhere; [`Shop::put_back`] undoes what came after.
    pub fn backup(&self, name: &str) {
        copy(&self.dir(), &self.root.path().join(name));
    }

    pub fn put_back(&self, name: &str) {
        fs::remove_dir_all(self.dir()).unwrap();
        copy(&self.root.path().join(name), &self.dir());
    }
}

/// Keeps keys as a vault does: closed with one of its own.
#[derive(Debug)]
pub struct Keeper(Key);

impl Keeper {
    pub fn new() -> Keeper {
        Keeper(sealing::fresh_key().unwrap())
    }
}

impl SegmentKeys for Keeper {
    fn close(&self, key: &Key) -> Result<Vec<u8>, KeyError> {
        sealing::seal(&self.0, 0, b"keeper", &**key).map_err(|e| KeyError::Failed(e.to_string()))
    }

    fn open(&self, closed: &[u8]) -> Result<Key, KeyError> {
        let opened = sealing::unseal(&self.0, b"keeper", closed).ok_or(KeyError::Locked)?;
        Ok(Key::new(opened.try_into().map_err(|_| KeyError::Locked)?))
    }
}

/// A fact about no document.
pub fn line() -> Fact {
    Fact::Line { what: "internet".into(), up: true, why: String::new() }
}

pub fn acted(what: &str) -> Fact {
    Fact::Acted { who: "ana".to_owned(), what: what.to_owned(), documents: Vec::new() }
}

pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => _ = fs::copy(entry.path(), target).unwrap(),
        }
    }
}

/// Second `n` of the test's day.
pub fn at(n: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + n).unwrap()
}

pub fn date(day: i8) -> Date {
    Date::new(2026, 11, day).unwrap()
}

pub fn id(number: u64) -> DocumentId {
    DocumentId::new("39", number)
}

pub fn company(id: &str) -> Fact {
    let company = Company {
        id: id.to_owned(),
        name: "Almacén Ñuñoa".to_owned(),
        data: json!({"acteco": 472101, "factor": 1.10}),
    };
    Fact::Company { company, environment: Environment::Training }
}

pub fn grant(name: &str, series: &str, first: u64, last: u64) -> Grant {
    Grant {
        id: GrantId(name.to_owned()),
        series: Series(series.to_owned()),
        first,
        last,
        environment: Environment::Training,
        issuer: "1-9".to_owned(),
        authorised: date(1),
        expires: None,
        public: format!("<CAF>{name}</CAF>"),
    }
}

pub fn caf(name: &str, series: &str, first: u64, last: u64) -> Fact {
    shared_caf(name, series, (first, last), (1, 1), None)
}

pub fn shared_caf(
    name: &str,
    series: &str,
    (first, last): (u64, u64),
    share: (u32, u32),
    used_up_to: Option<u64>,
) -> Fact {
    Fact::GrantLoaded(Box::new(GrantLoaded {
        grant: grant(name, series, first, last),
        share,
        used_up_to,
        again: false,
        sealed: Bytes::from(format!("sealed key of {name}")),
    }))
}

/// A person lifts the lock.
#[track_caller]
pub fn unlock(store: &mut Store, second: i64) {
    let fact = store.locked().unwrap().lifted_by("ana", BTreeMap::new(), None);
    store.commit(vec![fact], at(second)).unwrap();
}

/// A document of grant `a`.
pub fn sale(number: u64) -> Issued {
    sale_of("a", number)
}

pub fn sale_of(grant: &str, number: u64) -> Issued {
    let document = Document {
        id: id(number),
        version: 1,
        grant: GrantId(grant.to_owned()),
        channel: ChannelId("boleta".to_owned()),
        date: date(22),
        stamped: at(number as i64),
        receiver: Party { id: "76.192.083-9".to_owned(), name: "José Muñoz".to_owned() },
        total: Amount(1000 + number as i64),
        words: "Pan amasado".to_owned(),
        facts: json!({"CodIVA": 19, "Qty": 1.50}),
        bytes: Bytes::from(format!("<DTE>{number} \u{f1}</DTE>")),
    };
    Issued {
        document,
        key: Some(format!("key-{number}")),
        sale_hash: format!("hash-{number}"),
        from: None,
        till: TillData::default(),
        warnings: Vec::new(),
        totals: json!({"MntTotal": 1000 + number}),
        claims: Claims::default(),
        follows: Vec::new(),
        annuls: None,
        awaits_authority: false,
        card: None,
        sale: Bytes::from(format!("{{\"n\":{number}}}")),
    }
}

pub fn issued(issued: Issued) -> Fact {
    Fact::Issued(Box::new(issued))
}

/// From that day on card vouchers stand for documents.
pub fn declared(day: i8) -> Fact {
    Fact::VoucherTerm(VoucherTerm { since: date(day), stands: true, two_sales: false })
}

/// That record is taken back.
pub fn undone(key: &str, total: i64) -> Fact {
    let (key, who, why) = (key.to_owned(), "Rosa".to_owned(), "digitada dos veces".to_owned());
    Fact::VouchedUndone(VouchedUndone { key, who, why, total: Amount(total) })
}

/// The record of a sale that a card's voucher stands for.
pub fn vouched(key: &str, date: Date, total: i64) -> Fact {
    Fact::Vouched(Box::new(Vouched {
        key: key.to_owned(),
        sale_hash: "hash".to_owned(),
        date,
        series: Series("39".to_owned()),
        total: Amount(total),
        till: TillData::default(),
        sale: Bytes::from(format!("{{\"{key}\":1}}")),
    }))
}

/// Issues boletas of grant `a`, one batch each; sled is told of them all.
#[track_caller]
pub fn issue(store: &mut Store, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        store.commit(vec![issued(sale(number))], at(number as i64)).unwrap();
        store.settle().unwrap();
    }
}

pub fn moved(number: u64, from: DocState, to: DocState, cause: Cause) -> Fact {
    Fact::Moved(Moved { document: id(number), version: 1, from, to, cause, next_try: None, attempts: 1 })
}

pub fn sending(parcel: &str, numbers: &[u64]) -> Fact {
    Fact::Sending(Sending {
        parcel: ParcelId(parcel.to_owned()),
        channel: ChannelId("boleta".to_owned()),
        documents: numbers.iter().map(|n| (id(*n), 1)).collect(),
        attempt: 1,
        sha256: format!("sha of {parcel}"),
        head: Bytes::from_static(b"<EnvioBOLETA>"),
        tail: Bytes::from_static(b"</EnvioBOLETA>"),
    })
}

/// A parcel leaves: the fact and its documents' moves, one batch.
pub fn depart(parcel: &str, numbers: &[u64]) -> Vec<Fact> {
    let step = |n: &u64| moved(*n, DocState::Generado, DocState::Enviando, Cause::Sending);
    let mut facts = vec![sending(parcel, numbers)];
    facts.extend(numbers.iter().map(step));
    facts
}

/// All rows, newest first.
pub fn all(reader: &Reader) -> Vec<Row> {
    reader.list(&Filter::default(), None, usize::MAX).unwrap().rows
}

/// Everything that the index answers, to compare before and after.
pub fn everything(reader: &Reader) -> BTreeMap<String, String> {
    let mut told = BTreeMap::new();
    let mut tell = |what: &str, value: String| _ = told.insert(what.to_owned(), value);
    for row in all(reader) {
        tell(&format!("history {}", row.id), format!("{:?}", reader.history(&row.id).unwrap()));
        tell(&format!("document {}", row.id), format!("{:?}", reader.issued(&row.id).unwrap()));
        tell(&format!("row {}", row.id), format!("{row:?}"));
    }
    tell("counts", format!("{:?}", reader.counts()));
    tell("kinds", format!("{:?}", reader.kinds()));
    tell("told", format!("{:?}", reader.told().unwrap()));
    tell("ranges", format!("{:?}", reader.ranges()));
    tell("queue", format!("{:?}", reader.queue(usize::MAX).unwrap()));
    tell("parcels", format!("{:?}", reader.parcels().unwrap()));
    tell("company", format!("{:?}", reader.company()));
    tell("certificate", format!("{:?}", reader.certificate().unwrap()));
    tell("line", format!("{:?}", reader.line()));
    let series = Series("39".to_owned());
    tell("unheld", format!("{:?}", reader.unheld(&series, 0).unwrap()));
    tell("hours", format!("{:?}", reader.hours(&series, Timestamp::UNIX_EPOCH).unwrap()));
    tell("stamp", format!("{:?}", reader.last_stamp()));
    tell("today", format!("{:?}", reader.issued_on(date(22))));
    told
}
