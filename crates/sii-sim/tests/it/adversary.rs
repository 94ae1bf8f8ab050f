//! Subtle wrongs, each one thing that a careless or a cunning client might send, and odd forms that are right all
//! the same.

use crate::{
    client::{Boleta, Channel, Client, Dte, form, header, root, upload, upload_form},
    judging::{accepts, channel, objects, rejects, verdict},
    maker::{
        self, Caf, Change, Order, Signatory, Stage::*, between, boleta, change, dte, envelope, factura,
        gross_factura, guia, latin1, latin1_text, wine_factura,
    },
};
use jiff::civil::date;
use sii_sim::{Company, Config, Desk, Holder, Registry, Root};

fn leak(text: impl Into<String>) -> &'static str {
    Box::leak(text.into().into_boxed_str())
}

/// What becomes of an envelope of these documents: `STATUS` and text where it is refused on the spot, else the
/// verdict on each with its reasons.
fn fate(channel: Channel, file: &[u8]) -> String {
    let client = Client::new();
    let reply = client.upload(channel, file).body_text();
    client.wait(50);
    let documents = client.sim.ledger_at(client.now()).documents;
    if documents.is_empty() {
        return reply;
    }
    documents.iter().map(|one| format!("{} {} {:?}\n", one.id, one.verdict, one.reasons)).collect()
}

#[track_caller]
fn falls(channel: Channel, file: &[u8], code: &str) {
    let fate = fate(channel, file);
    assert!(
        fate.contains(code) && !fate.contains("accepted") && !fate.contains("<STATUS>0<"),
        "{code}: {fate}"
    );
}

fn one(order: &Order<'_>, changes: &[Change]) -> Vec<u8> {
    latin1(&envelope(root(channel(order)), &[(order.tipo, order.make())], changes))
}

#[test]
fn a_stamp_is_of_its_own_document_and_its_own_caf() {
    // The whole stamp of another document, sound in itself.
    let stamp = |order: &Order<'_>| {
        leak(format!(
            "<TED version=\"1.0\">{}</TED>",
            between(&order.make(), "<TED version=\"1.0\">", "</TED>")
        ))
    };
    let swap = [change(Stamped, stamp(&boleta(7)), stamp(&boleta(8)))];
    rejects(boleta(7), &swap, "(TED-3-640)");
    // The right text, signed with the key of the company's other CAF.
    let older = Caf::of(39, 1, 500, date(2026, 1, 4), "99999999-9");
    let frmt = |order: &Order<'_>| {
        leak(
            between(&order.make(), "\"SHA1withRSA\">", "</FRMT>")
                .rsplit('>')
                .next()
                .expect("a value")
                .to_owned(),
        )
    };
    let theirs = frmt(&Order { caf: &older, ..boleta(7) });
    rejects(boleta(7), &[change(Stamped, frmt(&boleta(7)), theirs)], "(TED-2-510)");
    // A CAF of another company, of another type, and a folio just outside on either side.
    let foreign = Caf::of(33, 1, 1000, date(2026, 1, 5), "88888888-8");
    rejects(Order { caf: &foreign, ..factura(5) }, &[], "(CAF-3-516)");
    rejects(Order { caf: maker::caf(34), ..factura(5) }, &[], "(CAF-3-516)");
    let narrow = Caf::of(33, 6, 9, date(2026, 1, 5), "99999999-9");
    rejects(Order { caf: &narrow, ..factura(5) }, &[], "(CAF-3-516)");
    rejects(Order { caf: &narrow, ..factura(10) }, &[], "(CAF-3-516)");
    accepts(&Order { caf: &narrow, ..factura(6) });
    accepts(&Order { caf: &narrow, ..factura(9) });
}

#[test]
fn a_stamp_is_signed_in_the_files_own_bytes() {
    // Signed in UTF-8: of two bytes a letter, though it reads the same.
    let order = boleta(7);
    let dd = format!("<DD>{}</DD>", between(&order.make(), "<DD>", "</DD>"));
    let frmt = maker::caf(39).stamp_of(dd.as_bytes());
    let right = maker::caf(39).stamp_of(&latin1(&dd));
    rejects(boleta(7), &[change(Stamped, leak(right), leak(frmt))], "(TED-2-510)");
    // Blanks inside a value are signed too, and whatever else stands there.
    rejects(boleta(7), &[change(Stamped, "<RSR>", "<RSR> ")], "(TED-2-510)");
    rejects(boleta(7), &[change(Stamped, "<DD>", "<DD><?pi x?>")], "(TED-2-510)");
}

#[test]
fn a_document_is_signed_by_who_may_over_itself() {
    let stranger = Signatory::self_made();
    rejects(Order { signatory: &stranger, ..factura(5) }, &[], "(DTE-3-505)");
    let nobody = Signatory::new(&Holder { rut: "22222222-2".to_owned(), ..Holder::default() });
    rejects(Order { signatory: &nobody, ..boleta(7) }, &[], "(ENV-3-6)");
    // The signature of another document of ours, whose reference then names that one or is bent to name this one.
    let other = factura(6).make();
    let theirs = leak(between(&other, "<Signature xmlns", "</Signature>").to_owned());
    let ours = leak(between(&factura(5).make(), "<Signature xmlns", "</Signature>").to_owned());
    rejects(factura(5), &[change(Signed, ours, theirs)], "(DTE-3-505)");
    let bent = leak(theirs.replace("#F6T33", "#F5T33"));
    rejects(factura(5), &[change(Signed, ours, bent)], "(DTE-3-505)");
    // Signed soundly, and said to be over something else.
    for uri in ["", "#SetDoc", "#F6T33", "F5T33", "#xpointer(id('F5T33'))"] {
        rejects(Order { uri: Some(uri), ..factura(5) }, &[], "(DTE-3-505)");
    }
    // An empty reference, one to the set.
    for uri in ["URI=\"\"", "URI=\"#SetDoc\"", "URI=\"#xpointer(id('F5T33'))\""] {
        rejects(factura(5), &[change(Signed, "URI=\"#F5T33\"", uri)], "(DTE-3-505)");
    }
}

#[test]
fn nothing_is_wrapped_around_what_was_signed() {
    let whole = factura(5).make();
    let documento =
        leak(format!("<Documento {}</Documento>", between(&whole, "<Documento ", "</Documento>")));
    let forged = leak(documento.replace("<MntTotal>41784", "<MntTotal>1").replace("F5T33", "F5T33b"));
    // The forged one first, the signed one after it, or hidden in the signature.
    for (from, to) in [
        (documento, leak(format!("{forged}\n{documento}"))),
        (documento, leak(format!("{documento}\n{forged}"))),
        (
            "</KeyInfo></Signature>\n</DTE>",
            leak(format!("</KeyInfo><Object>{documento}</Object></Signature>\n</DTE>")),
        ),
    ] {
        let file = one(&factura(5).with(&[change(Signed, from, to)]), &[]);
        let fate = fate(Dte, &file);
        assert!(fate.contains("<STATUS>7<"), "{fate}");
    }
    // Two that bear one ID, and two sets.
    let twice = envelope("EnvioDTE", &[(33, whole.clone()), (33, whole)], &[]);
    falls(Dte, &latin1(&twice), "LSX-00105");
    let set = one(&factura(5), &[]);
    let text = latin1_text(&set);
    let inner = between(&text, "<SetDTE ID=\"SetDoc\">", "</SetDTE>").replace("F5T33", "F5T33b");
    let second = text.replacen("</SetDTE>", &format!("</SetDTE><SetDTE ID=\"Otro\">{inner}</SetDTE>"), 1);
    falls(Dte, &latin1(&second), "<STATUS>7<");
}

#[test]
fn a_folio_is_good_once_also_within_one_envelope() {
    let client = Client::new();
    // It bears another ID, and is signed with it.
    let other =
        Order { id: Some("G7T39"), ..boleta(7).with(&[change(Document, "Pan amasado", "Pan integral")]) };
    client.deliver(Boleta, &[(39, boleta(7).make()), (39, other.make())]);
    client.wait(50);
    let ledger = client.sim.ledger_at(client.now());
    assert_eq!(ledger.document("T39F7").expect("there").verdict, "accepted");
    let versions = &ledger.document("T39F7").expect("there").versions;
    assert!(versions[1].reasons[0].contains("(DTE-3-101)"), "{versions:?}");
}

#[test]
fn numbers_are_what_they_must_be_to_the_peso() {
    for (order, from, to, code) in [
        (factura(5), "<IVA>6671", "<IVA>6673", "(HED-3-211)"),
        (factura(5), "<MntNeto>35113", "<MntNeto>35115", "(HED-3-211)"),
        (gross_factura(6), "<MntTotal>5980", "<MntTotal>5981", "(HED-3-211)"),
        (wine_factura(5), "<MontoImp>6150", "<MontoImp>6250", "(HED-2-300)"),
        (factura(5), "<PrcItem>990<", "<PrcItem>991<", "(HED-3-100)"),
        (factura(5), "<QtyItem>3<", "<QtyItem>2.999999<", ""),
    ] {
        let (found, reasons) = verdict(&Client::new(), &order.with(&[change(Document, from, to)]));
        let exact = from == "<QtyItem>3<";
        // 2.999999 × 12,345 is 37,034.99: still 37,035.
        assert_eq!(found == "accepted", exact, "{to}: {reasons:?}");
        assert!(exact || reasons.iter().any(|reason| reason.contains(code)), "{to}: {reasons:?}");
    }
    let iva =
        [change(Document, "<IVA>6671", "<IVA>6672"), change(Document, "<MntTotal>41784", "<MntTotal>41785")];
    objects(factura(5), &iva, "(HED-1-232)");
}

#[test]
fn every_rut_and_every_date_is_looked_at() {
    rejects(factura(5), &[change(Document, "77777777-7", "77777777-K")], "(ENV-3-0)");
    rejects(factura(5), &[change(Document, "<RUTRecep>77777777-7", "<RUTRecep>99999-7")], "(ENV-3-0)");
    rejects(factura(5), &[change(Document, "<RUTEmisor>99999999-9", "<RUTEmisor>88888888-8")], "");
    rejects(
        boleta(7),
        &[change(Document, "<FchEmis>2026-01-15", "<FchEmis>2026-01-04")],
        "(HED-3-305)|(DTE-1-650)",
    );
    objects(boleta(7), &[change(Document, "<FchEmis>2026-01-15", "<FchEmis>2026-01-11")], "(DTE-1-650)");
    objects(boleta(7), &[change(Stamp, "<TSTED>2026-01-15", "<TSTED>2026-01-04")], "(TED-1-646)");
    objects(boleta(7), &[change(Stamp, "<TSTED>2026-01-15", "<TSTED>2026-01-16")], "(TED-1-647)");
    objects(boleta(7), &[change(Document, "<FchEmis>2026-01-15", "<FchEmis>2026-01-16")], "(TED-1-647)");
    for date in ["2026-02-30", "2026-1-15", "15-01-2026", "2026-01-15Z", ""] {
        let day = leak(format!("<FchEmis>{date}<"));
        let file = one(&factura(5).with(&[change(Signed, "<FchEmis>2026-01-15<", day)]), &[]);
        falls(Dte, &file, "<STATUS>7<");
    }
}

#[test]
fn the_bytes_are_what_the_prolog_says() {
    let file = latin1_text(&one(&factura(5), &[]));
    let prolog = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>";
    for (to, code) in [
        ("\u{ef}\u{bb}\u{bf}<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>", "SCH-00001"),
        ("\n<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>", "SCH-00001"),
        ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "SCH-00001"),
        ("<?xml version=\"1.0\"?>", "SCH-00001"),
        ("<?xml version=\"1.0\" encoding=\"UTF-8\"?><!-- encoding=\"ISO-8859-1\" -->", "SCH-00001"),
        ("<?xml version=\"1.0\" encoding=\"UTF-8\" encoding=\"ISO-8859-1\"?>", "<STATUS>7<"),
        ("<?xml version=\"1.0\" x=\" encoding=\"ISO-8859-1\"?>", "<STATUS>7<"),
        ("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><!DOCTYPE EnvioDTE>", "<STATUS>7<"),
        (
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><!DOCTYPE EnvioDTE [<!ENTITY t \"41784\">]>",
            "<STATUS>7<",
        ),
    ] {
        falls(Dte, &latin1(&file.replacen(prolog, to, 1)), code);
    }
    // Letters of two bytes under a prolog of one.
    falls(Dte, file.as_bytes(), "RFR");
}

#[test]
fn entities_are_not_for_smuggling() {
    for (from, to, code) in [("Bolsa", "Bo&#108;sa", "(ENV-3-0)"), ("Bolsa", "Bolsa &#x1F600;", "(ENV-3-0)")]
    {
        let order = factura(5).with(&[change(Signed, from, to)]);
        let fate = fate(Dte, &one(&order, &[]));
        assert!(fate.contains(code) || fate.contains("(DTE-3-505)"), "{fate}");
        assert!(!fate.contains("accepted"), "{fate}");
    }
    falls(Dte, &one(&factura(5).with(&[change(Signed, "Bolsa", "&bolsa;")]), &[]), "<STATUS>7<");
}

#[test]
fn a_form_is_refused_for_each_thing_that_is_amiss() {
    let file = one(&boleta(7), &[]);
    let whole = form(("11111111", "1"), ("99999999", "9"), &file);
    let client = Client::new();
    let refused = |edit: &dyn Fn(&mut sii_sim::Request), status: u16| {
        let mut request = upload_form(Boleta, &client.token(Boleta), whole.clone());
        edit(&mut request);
        let reply = client.send(Boleta, &request);
        assert_eq!(reply.status, status, "{}", reply.body_text());
    };
    let set = |request: &mut sii_sim::Request, name: &str, value: &str| {
        request.headers.retain(|(key, _)| key != name);
        request.headers.push(header(name, value));
    };
    refused(&|r| r.headers.retain(|(key, _)| key != "User-Agent"), 401);
    for agent in [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120",
        "PROG 1.0",
        "mozilla/4.0 (compatible; PROG 1.0;",
    ] {
        refused(&|r| set(r, "User-Agent", agent), 401);
    }
    refused(&|r| r.headers.retain(|(key, _)| key != "Cookie"), 400);
    refused(&|r| set(r, "Cookie", "token=abc"), 400);
    refused(&|r| set(r, "Cookie", "TOKEN=AAAAAAAAAAAAA"), 401);
    refused(&|r| set(r, "Content-Length", "10"), 411);
    refused(&|r| set(r, "Transfer-Encoding", "chunked"), 400);
    refused(&|r| set(r, "Content-Type", "multipart/mixed; boundary=XYZ"), 400);
    refused(&|r| set(r, "Content-Type", "multipart/form-data: boundary=XYZ"), 400);
    refused(&|r| set(r, "Content-Type", "multipart/form-data; boundary=ABC"), 400);
    // A token that has slept for more than an hour.
    let token = client.token(Boleta);
    client.wait(3_601);
    let late = client.send(Boleta, &upload(Boleta, &token, &file));
    assert_eq!(late.status, 401);
    assert_eq!(client.sim.ledger().totals.documents, 0);
}

/// Somebody whom the SII knows, and who has no say in this company.
#[test]
fn a_sender_without_a_say_in_the_company_brings_nothing_and_learns_nothing() {
    let theirs = Company { rut: "88888888-8", signers: &["22222222-2"], ..Desk::company().clone() };
    let registry = Registry::empty()
        .with_company(Desk::company().clone())
        .with_company(theirs)
        .with_authority(maker::training_authority())
        .with_root(Root::read(Desk::ca()).expect("the training CA"));
    let client = Client::of(Config { registry, ..Config::default() });
    let other = Signatory::new(&Holder { rut: "22222222-2".to_owned(), ..Holder::default() });
    for channel in [Dte, Boleta] {
        let order = if channel == Dte { factura(5) } else { boleta(7) };
        let body = form(("22222222", "2"), ("99999999", "9"), &one(&order, &[]));
        let reply = client.send(channel, &upload_form(channel, &client.token_of(channel, &other), body));
        match channel {
            Dte => assert!(reply.body_text().contains("<STATUS>1<"), "{}", reply.body_text()),
            Boleta => assert_eq!(reply.status, 401, "{}", reply.body_text()),
        }
    }
    assert_eq!(client.sim.ledger().totals.documents, 0);
    let track = client.deliver(Dte, &[(33, factura(5).make())]);
    let token = client.token_of(Dte, &other);
    let asked = [("RutCompania", "99999999"), ("DvCompania", "9"), ("TrackId", &track), ("Token", &token)];
    let told = client.soap("/DTEWS/QueryEstUp.jws", "getEstUp", &asked);
    assert!(told.contains("<ESTADO>106</ESTADO>"), "{told}");
}

#[test]
fn what_is_odd_and_right_is_accepted() {
    // Blanks and comments where no value is.
    accepts(&boleta(7).with(&[change(Document, "</IdDoc>\n", "</IdDoc>\n\n")]));
    accepts(&guia(9));
    accepts(&dte(
        52,
        9,
        "<TipoDespacho>2</TipoDespacho>\n<IndTraslado>1</IndTraslado>\n",
        "<MntNeto>100</MntNeto>\n<TasaIVA>19</TasaIVA>\n<IVA>19</IVA>\n<MntTotal>119</MntTotal>\n",
        "<Detalle>\n<NroLinDet>1</NroLinDet>\n<NmbItem>Caja</NmbItem>\n<QtyItem>1</QtyItem>\n<PrcItem>100</PrcItem>\n<MontoItem>100</MontoItem>\n</Detalle>",
    ));
    for (from, to) in [
        // Texts: quotes as they are, an entity of XML, every letter of Latin-1 that prints.
        ("<NmbItem>Bolsa", "<NmbItem>Bolsa \"L'Oréal\" &lt;1 kg&gt; ¿½×ÿ"),
        ("<NmbItem>Bolsa", "<NmbItem>  Bolsa  con   blancos "),
        // Numbers with zeros that do not count.
        ("<QtyItem>3<", "<QtyItem>3.000000<"),
        ("<PrcItem>990<", "<PrcItem>990.00<"),
        ("<TasaIVA>19<", "<TasaIVA>19.00<"),
        ("<ValorDR>10<", "<ValorDR>10.00<"),
        // Fields that may be there.
        ("<FmaPago>1</FmaPago>\n", "<FmaPago>1</FmaPago>\n<FchVenc>2026-02-15</FchVenc>\n"),
        ("<Acteco>472101</Acteco>\n", "<Telefono>+56 2 2345 6789</Telefono>\n<Acteco>472101</Acteco>\n"),
        ("</NmbItem>\n<QtyItem>2", "</NmbItem>\n<DscItem>De papel</DscItem>\n<QtyItem>2"),
        (
            "<CmnaRecep>Providencia</CmnaRecep>\n",
            "<CmnaRecep>Providencia</CmnaRecep>\n<CiudadRecep>Santiago</CiudadRecep>\n",
        ),
    ] {
        accepts(&factura(5).with(&[change(Document, from, to)]));
    }
    // Without the cents that a price may have: 12345.004 × 3 is 37,035.012.
    accepts(&factura(5).with(&[change(Document, "<PrcItem>12345<", "<PrcItem>12345.004<")]));
    // The file: line ends of Windows, a standalone prolog with single quotes, a comment between two documents.
    for (from, to) in [
        ("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>", "<?xml version='1.0' encoding='ISO-8859-1'?>"),
        (
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>",
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\" standalone=\"no\"?>",
        ),
        ("</DTE>\n</SetDTE>", "</DTE>\n<!-- nota --></SetDTE>"),
        ("</SetDTE>\n<Signature", "</SetDTE>\n\n<Signature"),
    ] {
        let fate = fate(Dte, &one(&factura(5), &[change(File, from, to)]));
        assert_eq!(fate, "T33F5 accepted []\n", "{to}");
    }
    let windows = latin1_text(&one(&factura(5), &[])).replace('\n', "\r\n");
    assert_eq!(fate(Dte, &latin1(&windows)), "T33F5 accepted []\n");
    // A form whose file is application/xml, and whose last boundary has no line end.
    let client = Client::new();
    let body = latin1_text(&form(("11111111", "1"), ("99999999", "9"), &one(&factura(5), &[])));
    let body = body.replace("Content-Type: text/xml", "Content-Type: application/xml");
    let reply = client.send(Dte, &upload_form(Dte, &client.token(Dte), latin1(body.trim_end())));
    assert!(reply.body_text().contains("<STATUS>0<"), "{}", reply.body_text());
}
