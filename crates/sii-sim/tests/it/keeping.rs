//! A simulator with a folder forgets nothing that it was answered for, however it ends.

use crate::{
    client::{Boleta, Client, Dte},
    maker::{boleta, factura, latin1},
};
use sii_sim::{Config, Refused, Sim};
use std::{fs, io::Write, path::Path};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn spoil(folder: &Path, bytes: &[u8]) {
    let path = folder.join("libro.jsonl");
    let mut file = fs::OpenOptions::new().append(true).open(path).expect("the book");
    file.write_all(bytes).expect("written");
}

#[test]
fn what_was_pending_goes_on_and_no_track_is_given_twice() {
    let folder = folder();
    let before = Client::open(folder.path());
    let boletas = before.deliver(Boleta, &[(39, boleta(7).make())]);
    let facturas = before.deliver(Dte, &[(33, factura(5).make())]);
    before.wait(20);
    let stage = before.boleta_status(&boletas)["estado"].clone();
    drop(before);

    let after = Client::open(folder.path());
    assert_eq!(after.sim.ledger().totals.processing, 2, "as of the last it heard");
    after.wait(20);
    assert_eq!(after.boleta_status(&boletas)["estado"], stage);
    let other = after.deliver(Boleta, &[(39, boleta(8).make())]);
    assert!(other != boletas && other != facturas);
    after.wait(60);
    assert_eq!(after.boleta_status(&boletas)["estado"], "EPR");
    assert!(after.dte_status(&facturas).contains("<ACEPTADOS>1</ACEPTADOS>"));
    let ledger = after.sim.ledger_at(after.now());
    assert_eq!((ledger.totals.accepted, ledger.totals.duplicated), (3, 0));
    assert_eq!(ledger.document("T33F5").expect("kept").tracks, [facturas]);
}

#[test]
fn a_file_and_a_folio_are_known_again() {
    let folder = folder();
    let file = latin1(&crate::maker::envelope("EnvioDTE", &[(33, factura(5).make())], &[]));
    let first = Client::open(folder.path()).deliver_file(Dte, &file);
    for times in 1..3 {
        let again = Client::open(folder.path()).upload(Dte, &file).body_text();
        assert!(again.contains(&format!("ya fue enviado {times} veces con Trackid {first}")), "{again}");
    }
    let client = Client::open(folder.path());
    let other = factura(5).with(&[crate::maker::change(crate::maker::Stage::Document, "Bolsa", "Saco")]);
    let track = client.deliver(Dte, &[(33, other.make())]);
    client.wait(60);
    assert!(client.dte_status(&track).contains("<RECHAZADOS>1</RECHAZADOS>"));
    let document = client.sim.ledger_at(client.now());
    let document = document.document("T33F5").expect("kept");
    assert_eq!((document.verdict, document.offered), ("accepted", 3));
}

#[test]
fn a_line_that_was_being_written_is_cut_and_a_damaged_one_costs_its_number() {
    let folder = folder();
    let first = Client::open(folder.path()).deliver(Boleta, &[(39, boleta(7).make())]);
    spoil(folder.path(), b"{\"upload\":{\"channel\":\"bol");
    let client = Client::open(folder.path());
    let second: u64 = client.deliver(Boleta, &[(39, boleta(8).make())]).parse().expect("a number");
    assert_eq!(second, first.parse::<u64>().expect("a number") + 1);
    drop(client);
    spoil(folder.path(), b"{\"upload\":{}}\n");
    let client = Client::open(folder.path());
    let third: u64 = client.deliver(Boleta, &[(39, boleta(9).make())]).parse().expect("a number");
    assert_eq!(third, second + 2);
    assert_eq!(client.sim.ledger().totals.documents, 3);
}

#[test]
fn one_simulator_at_a_time_has_a_folder_and_one_without_leaves_nothing() {
    let folder = folder();
    let first = Sim::open(Config::default(), folder.path()).expect("ours");
    assert!(Sim::open(Config::default(), folder.path()).is_err());
    drop(first);
    assert!(Sim::open(Config::default(), folder.path()).is_ok());
}

#[test]
fn the_desk_lends_a_folio_once_and_a_range_again() {
    let folder = folder();
    let client = Client::open(folder.path());
    let lend = |client: &Client, tipo, from, to| client.sim.lend(tipo, from, to, client.now());
    let file = lend(&client, 39, 1, 100).expect("free");
    assert_eq!(lend(&client, 39, 100, 200), Err(Refused::Overlap { from: 1, to: 100 }));
    assert!(lend(&client, 33, 1, 100).is_ok(), "another type has its own folios");
    assert!(lend(&client, 39, 101, 200).is_ok());
    drop(client);
    let client = Client::open(folder.path());
    assert_eq!(lend(&client, 39, 1, 100), Ok(file));
    assert_eq!(lend(&client, 39, 150, 150), Err(Refused::Overlap { from: 101, to: 200 }));
    assert_eq!(lend(&client, 40, 1, 2), Err(Refused::Type(40)));
    for (from, to) in [(0, 5), (6, 5), (1, 10_000_000_000)] {
        assert_eq!(lend(&client, 41, from, to), Err(Refused::Range));
    }
}
