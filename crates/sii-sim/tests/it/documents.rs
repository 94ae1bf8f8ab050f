//! Documents as a whole: sound ones are accepted, and each of these is not, for exactly one thing broken in its
//! stamp, its CAF, its signature or its place among others.

use crate::{
    client::{Boleta, Client, form, upload_form},
    judging::{accepts, meets, objects, rejects, verdict},
    maker::{
        self, Caf, Change, Order, Signatory, Stage::*, boleta, change, factura, gross_factura, wine_factura,
    },
};
use jiff::civil::date;
use sii_sim::{Company, Config, Desk, Holder, Registry, Root, Rules};

/// Changes the letter after that text into another one.
fn flip(order: &Order<'_>, at: maker::Stage, before: &str) -> Change {
    let made = order.make();
    let (_, rest) = made.split_once(before).expect("the text before");
    let letter = &rest[..1];
    let other = if letter == "A" { "B" } else { "A" };
    let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    change(at, leak(format!("{before}{letter}")), leak(format!("{before}{other}")))
}

#[test]
fn sound_documents_are_accepted() {
    accepts(&boleta(7));
    accepts(&factura(5));
    accepts(&gross_factura(6));
    accepts(&wine_factura(8));
}

#[test]
fn a_document_without_namespaces_of_its_own_is_accepted() {
    accepts(&Order { clothes: "", ..boleta(7) });
    accepts(&Order { clothes: "", ..factura(5) });
}

#[test]
fn namespaces_that_leak_in_from_the_envelope_break_the_signature() {
    // Signed as if the envelope's namespaces counted, but not written on the DTE.
    let leaked = [change(Signed, maker::NAMESPACES, "xmlns=\"http://www.sii.cl/SiiDte\"")];
    rejects(boleta(7), &leaked, "(DTE-3-505)");
}

#[test]
fn an_altered_document_is_not_the_one_that_was_signed() {
    let code = "(DTE-3-505)";
    rejects(boleta(7), &[change(Signed, "Pan amasado", "Pan amasada")], code);
    rejects(boleta(7), &[flip(&boleta(7), Signed, "<SignatureValue>")], code);
    rejects(boleta(7), &[flip(&boleta(7), Signed, "<DigestValue>")], code);
    rejects(factura(5), &[change(Signed, "</Detalle>\n<Detalle>", "</Detalle>\n\n<Detalle>")], code);
    rejects(boleta(7), &[change(Signed, "<X509Certificate>MII", "<X509Certificate>MIJ")], code);
    rejects(boleta(7), &[change(Signed, maker::C14N, maker::ENVELOPED)], "RSC");
}

#[test]
fn the_certificate_must_be_known_in_time_and_enabled() {
    let stranger = Signatory::self_made();
    rejects(Order { signatory: &stranger, ..boleta(7) }, &[], "emisor desconocido");
    let expired = Signatory::new(&Holder { not_after: "20260110000000Z".to_owned(), ..Holder::default() });
    rejects(Order { signatory: &expired, ..boleta(7) }, &[], "no vigente");
    let other = Signatory::new(&Holder { rut: "22222222-2".to_owned(), ..Holder::default() });
    rejects(Order { signatory: &other, ..factura(5) }, &[], "(ENV-3-6)");
}

#[test]
fn the_stamp_must_say_what_the_document_says() {
    for (from, to) in [
        ("<MNT>10784</MNT>", "<MNT>10785</MNT>"),
        ("<F>7</F>", "<F>8</F>"),
        ("<FE>2026-01-15</FE>", "<FE>2026-01-14</FE>"),
        ("<RR>66666666-6</RR>", "<RR>77777777-7</RR>"),
        ("<RSR>CONSUMIDOR FINAL</RSR>", "<RSR>CONSUMIDOR</RSR>"),
        ("<IT1>Café", "<IT1>Cafe"),
        ("<RE>99999999-9</RE><TD>39</TD><F>", "<RE>88888888-8</RE><TD>39</TD><F>"),
    ] {
        rejects(boleta(7), &[change(Stamp, from, to)], "(TED-3-640)");
    }
}

#[test]
fn a_buyer_without_a_name_is_stamped_with_nothing_or_his_rut() {
    let nameless = change(Document, "<RznSocRecep>CONSUMIDOR FINAL</RznSocRecep>\n", "");
    accepts(&boleta(7).with(&[nameless]));
    accepts(&boleta(7).with(&[nameless, change(Stamp, "<RSR></RSR>", "<RSR>66666666-6</RSR>")]));
    rejects(boleta(7), &[nameless, change(Stamp, "<RSR></RSR>", "<RSR>ALGUIEN</RSR>")], "(TED-3-640)");
    rejects(boleta(7), &[change(Stamp, "<RSR>CONSUMIDOR FINAL", "<RSR>66666666-6")], "(TED-3-640)");
}

#[test]
fn the_stamp_must_be_signed_with_the_key_of_its_caf() {
    let code = "(TED-2-510)";
    rejects(boleta(7), &[change(Stamped, "<TSTED>2026-01-15T12:34:56", "<TSTED>2026-01-15T12:34:57")], code);
    rejects(boleta(7), &[flip(&boleta(7), Stamped, "</DD><FRMT algoritmo=\"SHA1withRSA\">")], code);
    // The stamp of one CAF with the text of another, both genuine.
    let mine = Caf::of(39, 1, 1000, date(2026, 1, 5), "99999999-9");
    let theirs = Order { caf: &mine, ..boleta(7) }.make();
    let theirs = maker::between(&theirs, "<FRMT algoritmo=\"SHA1withRSA\">", "</FRMT>").to_owned();
    let ours = boleta(7).make();
    let ours = maker::between(&ours, "<FRMT algoritmo=\"SHA1withRSA\">", "</FRMT>").to_owned();
    let swap = [Change {
        at: Stamped,
        from: Box::leak(ours.into_boxed_str()),
        to: Box::leak(theirs.into_boxed_str()),
    }];
    rejects(boleta(7), &swap, code);
    rejects(boleta(7), &[change(Stamp, "<DD>", "<DD xmlns:q=\"urn:q\">")], code);
}

#[test]
fn a_stamp_may_be_spread_over_lines() {
    accepts(
        &boleta(7).with(&[
            change(Stamped, "<DD><RE>", "<DD>\n  <RE>"),
            change(Stamped, "</DD><FRMT", "</DD>\n<FRMT"),
        ]),
    );
}

#[test]
fn the_caf_must_be_genuine_and_lend_this_folio() {
    rejects(boleta(7), &[change(Stamp, "<H>1000</H>", "<H>9000</H>")], "(CAF-3-514)");
    rejects(boleta(7), &[change(Stamp, "<FA>2026-01-05</FA>", "<FA>2026-01-04</FA>")], "(CAF-3-514)");
    rejects(boleta(7), &[flip(&boleta(7), Stamp, "<FRMA algoritmo=\"SHA1withRSA\">")], "(CAF-3-514)");
    rejects(boleta(7), &[change(Stamp, "<IDK>999</IDK>", "<IDK>100</IDK>")], "(CAF-3-516)");
    rejects(boleta(1001), &[], "fuera de rango");
    let foreign = Caf::of(39, 1, 1000, date(2026, 1, 5), "88888888-8");
    rejects(Order { caf: &foreign, ..boleta(7) }, &[], "CAF de 88888888-8");
    rejects(Order { caf: maker::caf(41), ..boleta(7) }, &[], "CAF de tipo 41");
}

#[test]
fn a_caf_of_a_factura_holds_for_six_months_and_that_of_a_boleta_for_ever() {
    let old = Caf::of(33, 1, 1000, date(2025, 7, 14), "99999999-9");
    rejects(Order { caf: &old, ..factura(5) }, &[], "(CAF-3-517)");
    let last_day = Caf::of(33, 1, 1000, date(2025, 7, 15), "99999999-9");
    accepts(&Order { caf: &last_day, ..factura(5) });
    let ancient = Caf::of(39, 1, 1000, date(2020, 7, 14), "99999999-9");
    accepts(&Order { caf: &ancient, ..boleta(7) });
}

#[test]
fn the_siis_own_portal_signs_with_a_namespace_it_does_not_write() {
    let namespace = "xmlns=\"http://www.sii.cl/SiiDte\"";
    accepts(&Order { clothes: "", signed_as: Some(namespace), ..factura(5) });
    // With a namespace that is written the other one is not guessed.
    rejects(
        Order { clothes: maker::NAMESPACES, signed_as: Some(namespace), ..factura(5) },
        &[],
        "(DTE-3-505)",
    );
}

#[test]
fn an_early_fault_hides_the_later_ones() {
    let expired = Caf::of(33, 1, 1000, date(2025, 7, 14), "99999999-9");
    // From the last group to the first: each new fault hides those before it.
    let mut changes = vec![change(Document, "<FchEmis>2026-01-15", "<FchEmis>2026-01-10")];
    objects(factura(5), &changes, "(DTE-1-650)");
    let mut hides = |more: Change, code: &str| {
        changes.push(more);
        rejects(factura(5), &changes, code);
    };
    hides(change(Document, "<MntTotal>41784", "<MntTotal>41785"), "(HED-3-211)");
    hides(change(Document, "<Acteco>472101", "<Acteco>472102"), "(HED-3-861)");
    hides(change(Document, "<GiroRecep>Servicios</GiroRecep>\n", ""), "(ENV-3-0)");
    hides(change(Signed, "<NmbItem>Bolsa", "<NmbItem>Saco"), "(DTE-3-505)");
    hides(change(Stamp, "<MNT>41785", "<MNT>41786"), "(TED-3-640)");
    hides(change(Stamped, "<TSTED>2026-01-15T12:34:56", "<TSTED>2026-01-15T12:34:57"), "(TED-2-510)");
    hides(change(Stamp, "<H>1000</H>", "<H>9000</H>"), "(CAF-3-514)");
    meets(&Order { caf: &expired, ..factura(5) }.with(&changes), "rejected", "(CAF-3-517)");
}

#[test]
fn the_sender_of_the_cover_is_the_one_of_the_upload() {
    let two = Company { signers: &["11111111-1", "22222222-2"], ..Desk::company().clone() };
    let registry = Registry::empty()
        .with_company(two)
        .with_authority(maker::training_authority())
        .with_root(Root::read(Desk::ca()).expect("the training CA"));
    let client = Client::of(Config { registry, ..Config::default() });
    let other = Signatory::new(&Holder { rut: "22222222-2".to_owned(), ..Holder::default() });
    let file = maker::latin1(&maker::envelope("EnvioBOLETA", &[(39, boleta(7).make())], &[]));
    let body = form(("22222222", "2"), ("99999999", "9"), &file);
    let reply = client.send(Boleta, &upload_form(Boleta, &client.token_of(Boleta, &other), body));
    let track = maker::between(&reply.body_text(), "\"trackid\":", ",").to_owned();
    client.wait(50);
    let status = client.boleta_status(&track);
    assert_eq!(status["estado"], "RCT");
    let error = &status["detalle_rep_rech"][0]["error"][0];
    assert_eq!((&error["seccion"], &error["codigo"]), (&"CRT".into(), &11.into()));
}

#[test]
fn a_folio_is_taken_once() {
    let client = Client::new();
    assert_eq!(verdict(&client, &boleta(7)).0, "accepted");
    // The same bytes in another envelope: with a document beside it, so that the file differs.
    let track = client.deliver(Boleta, &[(39, boleta(7).make()), (39, boleta(8).make())]);
    client.wait(50);
    let status = client.boleta_status(&track);
    assert_eq!(status["estadistica"][0]["rechazados"], 1);
    assert_eq!(status["detalle_rep_rech"][0]["error"][0]["codigo"], 100);
    let other = boleta(7).with(&[change(Document, "Pan amasado", "Pan integral")]);
    assert!(verdict(&client, &other).1[0].contains("(DTE-3-101)"));
    let ledger = client.sim.ledger_at(client.now());
    let document = ledger.document("T39F7").expect("in the ledger");
    assert_eq!((document.verdict, document.offered, document.versions.len()), ("accepted", 2, 2));
    assert_eq!(ledger.totals.duplicated, 1);
}

#[test]
fn a_rejected_document_leaves_its_folio_free_unless_the_setting_burns_it() {
    let wrong = || boleta(7).with(&[change(Document, "<MntTotal>10784", "<MntTotal>10785")]);
    let client = Client::new();
    assert_eq!(verdict(&client, &wrong()).0, "rejected");
    assert_eq!(verdict(&client, &boleta(7)).0, "accepted");
    assert_eq!(client.sim.ledger().totals.duplicated, 0);
    let client = Client::of(Config {
        rules: Rules { rejected_burns_folio: true, ..Rules::default() },
        ..Config::default()
    });
    assert_eq!(verdict(&client, &wrong()).0, "rejected");
    assert!(verdict(&client, &boleta(7)).1[0].contains("(DTE-3-101)"));
}

#[test]
fn the_ledger_bears_the_digest_of_the_documents_own_bytes() {
    let client = Client::new();
    let dte = boleta(7).make();
    let digest = openssl::sha::sha256(&maker::latin1(&dte));
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    client.deliver(Boleta, &[(39, dte)]);
    assert_eq!(client.sim.ledger().document("T39F7").expect("there").sha256, hex);
}
