//! Documents: sound ones are accepted, and each of these is not, for exactly one thing broken.

use crate::{
    client::{Boleta, Channel, Client, Dte},
    maker::{
        self, Caf, Change, Order, Signatory, Stage::*, boleta, change, credit_note, factura, gross_factura,
        wine_factura,
    },
};
use jiff::civil::date;
use sii_sim::{Config, Holder, Rules};

fn channel(order: &Order<'_>) -> Channel {
    if matches!(order.tipo, 39 | 41) { Boleta } else { Dte }
}

/// Delivers one document, waits for the verdict, and gives it with its reasons.
#[track_caller]
fn verdict(client: &Client, order: &Order<'_>) -> (String, Vec<String>) {
    client.deliver(channel(order), &[(order.tipo, order.make())]);
    client.wait(50);
    // The ledger's time is the last the simulator heard of.
    let ledger = client.sim.ledger_at(client.now());
    let document = ledger.document(&format!("T{}F{}", order.tipo, order.folio)).expect("in the ledger");
    let version = document.versions.last().expect("a version");
    (version.verdict.to_owned(), version.reasons.clone())
}

#[track_caller]
fn accepts(order: &Order<'_>) {
    assert_eq!(verdict(&Client::new(), order), ("accepted".to_owned(), Vec::new()));
}

#[track_caller]
fn meets(order: &Order<'_>, expected: &str, code: &str) {
    let (found, reasons) = verdict(&Client::new(), order);
    assert_eq!(found, expected, "{reasons:?}");
    assert!(reasons.len() == 1 || expected == "rejected", "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.contains(code)), "{code} is not in {reasons:?}");
}

#[track_caller]
fn rejects(order: Order<'_>, changes: &[Change], code: &str) {
    meets(&order.with(changes), "rejected", code);
}

#[track_caller]
fn objects(order: Order<'_>, changes: &[Change], code: &str) {
    meets(&order.with(changes), "objected", code);
}

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
fn an_exempt_boleta_has_no_iva() {
    let exempt = Order { tipo: 41, caf: maker::caf(41), ..boleta(7) };
    let lines = [
        change(Document, "<TipoDTE>39", "<TipoDTE>41"),
        change(Document, "<MntNeto>4861</MntNeto>\n", ""),
        change(Document, "<MntExe>5000", "<MntExe>10784"),
        change(Document, "<IVA>923</IVA>\n", ""),
    ];
    accepts(&exempt.with(&lines));
    let with_iva = Order { tipo: 41, caf: maker::caf(41), ..boleta(7) };
    rejects(with_iva, &[change(Document, "<TipoDTE>39", "<TipoDTE>41")], "(HED-3-211)");
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
fn a_line_must_be_its_quantity_times_its_price() {
    rejects(boleta(7), &[change(Document, "<MontoItem>1804", "<MontoItem>1805")], "(HED-3-100)");
    rejects(
        gross_factura(5),
        &[change(Document, "<DescuentoMonto>500", "<DescuentoMonto>499")],
        "(HED-3-100)",
    );
    let no_price = [change(Document, "<PrcItem>5000</PrcItem>\n", "")];
    objects(boleta(7), &no_price, "(DET-1-200)");
}

#[test]
fn totals_must_add_up() {
    let code = "(HED-3-211)";
    rejects(boleta(7), &[change(Document, "<MntTotal>10784", "<MntTotal>10785")], code);
    rejects(boleta(7), &[change(Document, "<MntExe>5000", "<MntExe>4990")], code);
    rejects(
        boleta(7),
        &[change(Document, "<MntNeto>4861", "<MntNeto>4863"), change(Document, "<IVA>923", "<IVA>921")],
        code,
    );
    rejects(boleta(7), &[change(Document, "<IVA>923</IVA>\n", "")], "(ENV-3-0)");
    rejects(factura(5), &[change(Document, "<MntTotal>41784", "<MntTotal>41783")], code);
    rejects(factura(5), &[change(Document, "<ValorDR>10<", "<ValorDR>11<")], code);
    rejects(factura(5), &[change(Document, "<TasaIVA>19", "<TasaIVA>18")], code);
    rejects(gross_factura(5), &[change(Document, "<MntBruto>1</MntBruto>\n", "")], code);
    rejects(wine_factura(5), &[change(Document, "<MntTotal>41850", "<MntTotal>35700")], code);
}

#[test]
fn a_single_peso_in_neto_or_iva_is_an_objection() {
    let code = "(HED-1-232)";
    let shifted =
        [change(Document, "<MntNeto>4861", "<MntNeto>4860"), change(Document, "<IVA>923", "<IVA>924")];
    let (verdict, reasons) = verdict(&Client::new(), &boleta(7).with(&shifted));
    assert_eq!((verdict.as_str(), reasons.len()), ("objected", 2));
    assert!(reasons.iter().all(|reason| reason.contains(code)), "{reasons:?}");
    let iva =
        [change(Document, "<IVA>6671", "<IVA>6670"), change(Document, "<MntTotal>41784", "<MntTotal>41783")];
    objects(factura(5), &iva, code);
}

#[test]
fn an_additional_tax_must_match_its_lines() {
    let other = [change(Document, "<CodImpAdic>25", "<CodImpAdic>26")];
    let (verdict, reasons) = verdict(&Client::new(), &wine_factura(5).with(&other));
    assert_eq!(verdict, "objected");
    assert!(reasons.iter().all(|reason| reason.contains("(HED-2-300)")), "{reasons:?}");
}

#[test]
fn data_that_the_format_demands_must_be_there() {
    rejects(factura(5), &[change(Document, "<GiroRecep>Servicios</GiroRecep>\n", "")], "(ENV-3-0)");
    rejects(
        factura(5),
        &[change(Document, "<DirOrigen>Av. Irarrázaval 1234</DirOrigen>\n", "")],
        "(ENV-3-0)",
    );
    rejects(factura(5), &[change(Document, "77777777-7", "77777777-8")], "digito verificador");
    rejects(factura(5), &[change(Document, "<Acteco>472101", "<Acteco>472102")], "(HED-3-861)");
    objects(factura(5), &[change(Document, "(ENTRENAMIENTO)", "(PRUEBA)")], "(HED-1-863)");
    rejects(boleta(7), &[change(Document, "<IndServicio>3", "<IndServicio>4")], "66666666-6");
}

#[test]
fn dates_must_agree_with_the_caf_and_the_calendar() {
    let before = [change(Document, "<FchEmis>2026-01-15", "<FchEmis>2026-01-04")];
    rejects(boleta(7), &before, "(HED-3-305)");
    objects(boleta(7), &[change(Document, "<FchEmis>2026-01-15", "<FchEmis>2026-01-11")], "(DTE-1-650)");
    accepts(&boleta(7).with(&[change(Document, "<FchEmis>2026-01-15", "<FchEmis>2026-01-12")]));
    objects(boleta(7), &[change(Document, "<FchEmis>2026-01-15", "<FchEmis>2026-01-16")], "(TED-1-647)");
    objects(boleta(7), &[change(Stamp, "<TSTED>2026-01-15T12", "<TSTED>2026-01-15T13")], "(TED-1-647)");
    objects(boleta(7), &[change(Stamp, "<TSTED>2026-01-15", "<TSTED>2026-01-04")], "(TED-1-646)");
}

#[test]
fn a_note_needs_its_document_received_and_processed() {
    let client = Client::new();
    let note = credit_note(2, 5);
    assert!(verdict(&client, &note).1[0].contains("(REF-3-750)"));
    client.deliver(Dte, &[(33, factura(5).make())]);
    client.wait(49);
    let early = verdict(&client, &credit_note(3, 5));
    assert!(early.1[0].contains("(REF-3-750)"), "the factura is still in process");
    // The uploader knows the file of the note for so long.
    client.wait(900);
    assert_eq!(verdict(&client, &note).0, "accepted");
    let other = credit_note(4, 5).with(&[change(Document, "77777777-7", "76192083-9")]);
    assert!(verdict(&client, &other).1[0].contains("(REF-3-751)"));
    let reason = credit_note(6, 5).with(&[change(Document, "<CodRef>1</CodRef>\n", "")]);
    assert!(verdict(&client, &reason).1[0].contains("(REF-3-758)"));
}

#[test]
fn a_note_may_travel_with_its_document() {
    let client = Client::new();
    client.deliver(Dte, &[(33, factura(5).make()), (61, credit_note(2, 5).make())]);
    client.wait(50);
    let totals = client.sim.ledger_at(client.now()).totals;
    assert_eq!((totals.accepted, totals.rejected), (2, 0));
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
