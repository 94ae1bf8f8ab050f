//! What the format demands beyond the schema: fields, RUTs, dates, and the references of notes.

use crate::{
    client::{Client, Dte},
    judging::{accepts, objects, rejects, verdict},
    maker::{self, Caf, Order, Stage::*, boleta, change, credit_note, factura},
};
use jiff::civil::date;
use sii_sim::{Config, Rules};

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
    // A service that is billed by periods goes to an address (Formato Boletas, DirRecep).
    rejects(
        boleta(7),
        &[change(Document, "<IndServicio>3", "<IndServicio>1")],
        "Receptor/DirRecep|66666666-6",
    );
}

#[test]
fn dates_must_agree_with_the_caf_and_the_calendar() {
    let before = [change(Document, "<FchEmis>2026-01-15", "<FchEmis>2026-01-04")];
    rejects(boleta(7), &before, "(HED-3-305)|(DTE-1-650)");
    objects(boleta(7), &[change(Document, "<FchEmis>2026-01-15", "<FchEmis>2026-01-11")], "(DTE-1-650)");
    accepts(&boleta(7).with(&[change(Document, "<FchEmis>2026-01-15", "<FchEmis>2026-01-12")]));
    objects(boleta(7), &[change(Document, "<FchEmis>2026-01-15", "<FchEmis>2026-01-16")], "(TED-1-647)");
    objects(boleta(7), &[change(Stamp, "<TSTED>2026-01-15T12", "<TSTED>2026-01-15T13")], "(TED-1-647)");
    objects(boleta(7), &[change(Stamp, "<TSTED>2026-01-15", "<TSTED>2026-01-04")], "(TED-1-646)");
    // A CAF may be used on the day it was authorised.
    let new = Caf::of(39, 1, 1000, date(2026, 1, 15), "99999999-9");
    accepts(&Order { caf: &new, ..boleta(7) });
    // A clock may be ten minutes ahead; it is 12:41 at the SII.
    accepts(&boleta(7).with(&[change(Stamp, "T12:34:56</TSTED>", "T12:51:00</TSTED>")]));
    objects(boleta(7), &[change(Stamp, "T12:34:56</TSTED>", "T12:51:01</TSTED>")], "(TED-1-647)");
    accepts(&boleta(7).with(&[change(Whole, "T12:34:56</TmstFirma>", "T12:51:00</TmstFirma>")]));
    objects(boleta(7), &[change(Whole, "T12:34:56</TmstFirma>", "T12:51:01</TmstFirma>")], "(TED-1-647)");
}

#[test]
fn every_line_has_a_name_and_no_text_a_character_from_outside() {
    let code = "(ENV-3-0)";
    rejects(boleta(7), &[change(Document, "<NmbItem>Libro usado exento", "<NmbItem> ")], code);
    rejects(boleta(7), &[change(Document, "Pan amasado (kg)", "Pan &#8364; 2")], code);
    rejects(boleta(7), &[change(Document, "Pan amasado (kg)", "Pan &#x41;masado")], code);
}

#[test]
fn a_large_boleta_names_its_buyer_and_how_it_was_paid() {
    let uf = |uf| Client::of(Config { rules: Rules { uf, ..Rules::default() }, ..Config::default() });
    // 135 UF of 79 pesos are 10,665: less than the boleta's 10,784.
    let (found, reasons) = verdict(&uf(79), &boleta(7));
    assert_eq!(found, "rejected");
    assert!(reasons[0].contains("(ENV-3-0)") && reasons[0].contains("RUTRecep"), "{reasons:?}");
    assert!(reasons[1].contains("MedioPago") && reasons.len() == 2, "{reasons:?}");
    assert_eq!(verdict(&uf(80), &boleta(7)).0, "accepted");
    // 135 UF to the peso are not above 135 UF.
    let exactly = [
        change(Document, "<MntExe>5000", "<MntExe>5016"),
        change(Document, "<MntTotal>10784", "<MntTotal>10800"),
        change(
            Document,
            "<PrcItem>5000</PrcItem>\n<MontoItem>5000",
            "<PrcItem>5016</PrcItem>\n<MontoItem>5016",
        ),
    ];
    assert_eq!(verdict(&uf(80), &boleta(7).with(&exactly)).0, "accepted");
    let named = [
        change(
            Document,
            "<IndServicio>3</IndServicio>\n",
            "<IndServicio>3</IndServicio>\n<MedioPago>1</MedioPago>\n",
        ),
        change(Document, "66666666-6", "77777777-7"),
    ];
    assert_eq!(verdict(&uf(79), &boleta(7).with(&named)).0, "accepted");
    let nameless = change(Document, "<RznSocRecep>CONSUMIDOR FINAL</RznSocRecep>\n", "");
    assert!(verdict(&uf(79), &boleta(7).with(&named).with(&[nameless])).1[0].contains("RznSocRecep"));
}

#[test]
fn a_factura_is_for_somebody() {
    let nobody = [change(Document, "77777777-7", "66666666-6")];
    rejects(factura(5), &nobody, "(ENV-3-0)");
    let foreigner = [change(Document, "77777777-7", "55555555-5")];
    rejects(factura(5), &foreigner, "(ENV-3-0)");
    let tourist = change(Document, "</IdDoc>", "<TipoFactEsp>1</TipoFactEsp>\n</IdDoc>");
    accepts(&factura(5).with(&foreigner).with(&[tourist]));
    let lenient = Rules { facturas_need_a_buyer: false, ..Rules::default() };
    let client = Client::of(Config { rules: lenient, ..Config::default() });
    assert_eq!(verdict(&client, &factura(5).with(&nobody)).0, "accepted");
}

#[test]
fn a_buyer_known_by_a_code_alone_has_one() {
    let coded = [change(
        Document,
        "<RUTRecep>66666666-6</RUTRecep>\n",
        "<RUTRecep>0-0</RUTRecep>\n<CdgIntRecep>C-17</CdgIntRecep>\n",
    )];
    accepts(&boleta(7).with(&coded));
    rejects(boleta(7), &[change(Document, "66666666-6", "0-0")], "CdgIntRecep");
    rejects(factura(5), &[change(Document, "77777777-7", "0-0")], "ceros a la izquierda");
}

#[test]
fn every_rut_of_a_document_is_looked_at() {
    let receptor = |to: &'static str| [change(Document, "77777777-7", to)];
    rejects(factura(5), &receptor("1-9"), "rango");
    rejects(factura(5), &receptor("07777777-6"), "ceros a la izquierda");
    let transport = "</Receptor>\n<Transporte>\n<RUTTrans>76192083-8</RUTTrans>\n<Chofer>\n<RUTChofer>11111111-2</RUTChofer>\n<NombreChofer>A</NombreChofer>\n</Chofer>\n</Transporte>\n";
    rejects(factura(5), &[change(Document, "</Receptor>\n", transport)], "RUTTrans|RUTChofer");
    rejects(
        factura(5),
        &[change(Document, "</Receptor>\n", "</Receptor>\n<RUTSolicita>76192083-8</RUTSolicita>\n")],
        "RUTSolicita",
    );
    rejects(
        factura(5),
        &[change(Document, "</Emisor>\n", "</Emisor>\n<RUTMandante>76192083-8</RUTMandante>\n")],
        "RUTMandante",
    );
    rejects(
        boleta(7),
        &[change(Document, "</Receptor>\n", "</Receptor>\n<RUTProvSW>76192083-8</RUTProvSW>\n")],
        "RUTProvSW",
    );
    rejects(
        boleta(7),
        &[change(Document, "<NmbItem>Pan", "<RUTMandante>76192083-8</RUTMandante>\n<NmbItem>Pan")],
        "Detalle/RUTMandante",
    );
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
    let other = "<Referencia>\n<NroLinRef>1</NroLinRef>\n<TpoDocRef>SET</TpoDocRef>\n<FolioRef>1</FolioRef>\n<FchRef>2026-01-15</FchRef>\n<RazonRef>CASO 1</RazonRef>\n</Referencia>\n<Referencia>\n<NroLinRef>2</NroLinRef>\n<TpoDocRef>33";
    let first = "<Referencia>\n<NroLinRef>1</NroLinRef>\n<TpoDocRef>33";
    let tested = credit_note(8, 5).with(&[change(Document, first, other)]);
    assert_eq!(verdict(&client, &tested), ("accepted".to_owned(), Vec::new()), "a test case needs no CodRef");
    let less = [
        change(
            Document,
            "<MntNeto>35113</MntNeto>\n<TasaIVA>19</TasaIVA>\n<IVA>6671</IVA>\n<MntTotal>41784",
            "<MntNeto>100</MntNeto>\n<TasaIVA>19</TasaIVA>\n<IVA>19</IVA>\n<MntTotal>119",
        ),
        change(
            Document,
            "<PrcItem>35113</PrcItem>\n<MontoItem>35113",
            "<PrcItem>100</PrcItem>\n<MontoItem>100",
        ),
    ];
    let (found, reasons) = verdict(&client, &credit_note(9, 5).with(&less));
    assert!(found == "objected" && reasons[0].contains("(REF-2-780)"), "{found} {reasons:?}");
}

#[test]
fn a_note_says_what_it_corrects() {
    let made = credit_note(2, 5).make();
    let reference = maker::between(&made, "<Referencia>", "</Referencia>").to_owned();
    let reference: &'static str =
        Box::leak(format!("\n<Referencia>{reference}</Referencia>").into_boxed_str());
    rejects(credit_note(2, 5), &[change(Document, reference, "")], "(REF-3-415)");
}

#[test]
fn a_note_may_travel_with_its_document() {
    let client = Client::new();
    client.deliver(Dte, &[(33, factura(5).make()), (61, credit_note(2, 5).make())]);
    client.wait(50);
    let totals = client.sim.ledger_at(client.now()).totals;
    assert_eq!((totals.accepted, totals.rejected), (2, 0));
}
