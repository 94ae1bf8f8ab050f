//! Paper: a signed document becomes a ticket's bytes or a sheet, beside one RSA-2048 signature; and what memory a
//! hundred sheets take.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::sign::Signer;
use timbre_core::paper::Copy;
use timbre_core::receipt::Receipt;
use timbre_core::{Amount, ChannelId, Date, Document, DocumentId, GrantId, Party, TillData, Timestamp};
use timbre_printer::{Profile, pdf, ticket};

use crate::Done;
use crate::machine::{most_resident, resident};
use crate::table::{Figure, ms, ratio};
use crate::yardstick::median;

const ROUNDS: usize = 200;
/// As many pages as one file is asked for, and as are made one after the other.
const PAGES: usize = 100;
/// Says to a second process that it is to tell the memory of so many.
pub const MEMORY: &str = "TIMBRE_BENCH_PAGES";

pub fn measure() -> Done<Vec<Figure>> {
    let (short, long) = (document("001-descuento-global")?, document("010-sesenta-lineas")?);
    let key = PKey::from_rsa(Rsa::generate(2048)?)?;
    let sign = || -> Done<()> {
        Signer::new(openssl::hash::MessageDigest::sha1(), &key)?.sign_oneshot_to_vec(&[b'x'; 700])?;
        Ok(())
    };
    let print = |document: &Document| -> Done<()> {
        ticket(&receipt(document), Copy::Original, &Profile::default())?;
        Ok(())
    };
    let sheet = |document: &Document| -> Done<()> {
        pdf(&receipt(document), &[Copy::Original], None)?;
        Ok(())
    };
    let mut seen: [Vec<Duration>; 4] = Default::default();
    for _ in 0..ROUNDS {
        // In turns, so that whatever else the machine does falls on all.
        seen[0].push(took(sign)?);
        seen[1].push(took(|| print(&short))?);
        seen[2].push(took(|| print(&long))?);
        seen[3].push(took(|| sheet(&short))?);
    }
    let [signature, small, large, page] = seen.each_ref().map(|seen| median(seen));
    // Two sheets each.
    let pages = took(|| {
        pdf(&receipt(&long), &[Copy::Original; PAGES / 2], None)?;
        Ok(())
    })?;
    let stick = || format!("one RSA-2048 signature: {}", ms(signature));
    let mut figures = vec![
        Figure::time("a ticket's bytes, one line", small).beside(stick(), ratio(small, signature)).aim(5.0),
        Figure::time("a ticket's bytes, 60 lines", large).beside(stick(), ratio(large, signature)),
        Figure::time("a sheet in PDF", page).beside(stick(), ratio(page, signature)).at_most(30.0),
        Figure::time("100 sheets in one PDF", pages),
    ];
    figures.extend(memory()?);
    Ok(figures)
}

/// In a process of its own, in which nothing else has left memory to be used again; only Linux tells.
fn memory() -> Done<Vec<Figure>> {
    let said = Command::new(std::env::current_exe()?).env(MEMORY, "").stderr(Stdio::inherit()).output()?;
    let Some([one, ten, hundred, most]) = serde_json::from_slice::<Option<[f64; 4]>>(&said.stdout)? else {
        return Ok(Vec::new());
    };
    let beside = |words: &str, megabytes: f64| format!("{words}: {megabytes:.1} MB");
    Ok(vec![
        Figure::megabytes("memory after 100 sheets, one by one", hundred)
            .beside(beside("after ten of them", ten), hundred / ten)
            .aim(1.1),
        Figure::megabytes("memory with 100 sheets in one PDF, at most", most)
            .beside(beside("after one sheet", one), most / one),
    ])
}

/// The other side of [`memory`]: megabytes after one sheet, ten and a hundred, one by one, and at the most when as many
/// have gone into one file.
pub fn tell_memory() -> Done<()> {
    let (short, long) = (document("001-descuento-global")?, document("010-sesenta-lineas")?);
    let after = |sheets: usize| -> Done<Option<f64>> {
        for _ in 0..sheets {
            pdf(&receipt(&short), &[Copy::Original], None)?;
        }
        Ok(resident())
    };
    let (one, ten, hundred) = (after(1)?, after(9)?, after(90)?);
    pdf(&receipt(&long), &[Copy::Original; PAGES / 2], None)?;
    let all = one.zip(ten).zip(hundred).zip(most_resident());
    let all = all.map(|(((one, ten), hundred), most)| [one, ten, hundred, most]);
    println!("{}", serde_json::to_string(&all)?);
    Ok(())
}

fn took(work: impl FnOnce() -> Done<()>) -> Done<Duration> {
    let begun = Instant::now();
    work()?;
    Ok(begun.elapsed())
}

fn receipt(document: &Document) -> Receipt {
    timbre_app::regime().receipt(document, &TillData::default())
}

/// A golden document, as if the authority's own CAF had stamped it: only then has it box and stamp.
fn document(name: &str) -> Done<Document> {
    let file = std::fs::read(format!("../crates/chile/tests/golden/factura/{name}.xml"))?;
    let text: String = file.iter().map(|&byte| char::from(byte)).collect();
    let from = text.find("<DTE").ok_or("a DTE")?;
    let real = text[from..].replace("<IDK>999</IDK>", "<IDK>300</IDK>");
    Ok(Document {
        id: DocumentId::new("33", 1),
        version: 1,
        grant: GrantId(String::new()),
        channel: ChannelId(String::new()),
        date: Date::constant(2026, 1, 15),
        stamped: Timestamp::UNIX_EPOCH,
        receiver: Party::default(),
        total: Amount(0),
        words: String::new(),
        facts: serde_json::json!({ "FchResol": "2014-08-22", "NroResol": 80, "UnidadSII": "ÑUÑOA" }),
        bytes: real.trim_end().chars().map(|letter| letter as u8).collect(),
    })
}
