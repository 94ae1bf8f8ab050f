//! What each type of document of the DTE channel bears: taxes, forbidden fields, a guía's purpose, a note's
//! references. A sound document of each is accepted, and each rule is broken once.

use crate::{
    client::{Client, Dte},
    judging::{accepts, meets, objects, rejects, verdict},
    maker::{Order, Stage::*, change, credit_note, dte, factura, guia, wine_factura},
};

/// A line of this amount; `bears` stands before its `MontoItem`, `head` after its number.
fn line(n: u32, head: &str, bears: &str, amount: u64) -> String {
    format!(
        "<Detalle>\n<NroLinDet>{n}</NroLinDet>\n{head}<NmbItem>Cosa {n}</NmbItem>\n<QtyItem>1</QtyItem>\n<PrcItem>{amount}</PrcItem>\n{bears}<MontoItem>{amount}</MontoItem>\n</Detalle>\n"
    )
}

/// A line that says what it is and has no value.
fn bare_line() -> String {
    "<Detalle>\n<NroLinDet>1</NroLinDet>\n<NmbItem>Donde dice Uno debe decir Dos</NmbItem>\n<MontoItem>0</MontoItem>\n</Detalle>\n".to_owned()
}

fn reference(n: u32, kind: &str, folio: &str, code: &str) -> String {
    let code = if code.is_empty() { String::new() } else { format!("<CodRef>{code}</CodRef>\n") };
    let global = if folio == "0" { "<IndGlobal>1</IndGlobal>\n" } else { "" };
    format!(
        "<Referencia>\n<NroLinRef>{n}</NroLinRef>\n<TpoDocRef>{kind}</TpoDocRef>\n{global}<FolioRef>{folio}</FolioRef>\n<FchRef>2026-01-15</FchRef>\n{code}<RazonRef>Porque si</RazonRef>\n</Referencia>\n"
    )
}

fn net(net: u64) -> String {
    let iva = (net * 19 + 50) / 100;
    format!(
        "<MntNeto>{net}</MntNeto>\n<TasaIVA>19</TasaIVA>\n<IVA>{iva}</IVA>\n<MntTotal>{}</MntTotal>\n",
        net + iva
    )
}

/// Totals of a net value with these taxes, each with its rate and sign.
fn taxed(net: u64, taxes: &[(&str, &str, i64)]) -> String {
    let iva = (net * 19 + 50) / 100;
    let mut total = i64::try_from(net + iva).expect("small");
    let mut text = String::new();
    for (code, rate, amount) in taxes {
        let rate = if rate.is_empty() { String::new() } else { format!("<TasaImp>{rate}</TasaImp>\n") };
        text.push_str(&format!(
            "<ImptoReten>\n<TipoImp>{code}</TipoImp>\n{rate}<MontoImp>{}</MontoImp>\n</ImptoReten>\n",
            amount.abs()
        ));
        total += amount;
    }
    format!(
        "<MntNeto>{net}</MntNeto>\n<TasaIVA>19</TasaIVA>\n<IVA>{iva}</IVA>\n{text}<MntTotal>{total}</MntTotal>\n"
    )
}

fn with_taxes(net: u64, taxes: &[(&str, &str, i64)], lines: &str) -> Order<'static> {
    dte(33, 5, "<FmaPago>1</FmaPago>\n", &taxed(net, taxes), lines.trim_end())
}

fn bearing(code: &str) -> String {
    format!("<CodImpAdic>{code}</CodImpAdic>\n")
}

const OBJECTED: &str = "(HED-2-300)";

#[test]
fn every_tax_of_the_table_has_its_rate_and_its_base() {
    for (code, rate, amount) in [
        ("18", "5", 500),
        ("19", "12", 1200),
        ("23", "15", 1500),
        ("24", "31.5", 3150),
        ("25", "20.5", 2050),
        ("26", "20.5", 2050),
        ("27", "10", 1000),
        ("271", "18", 1800),
        ("44", "15", 1500),
        ("45", "50", 5000),
        ("53", "0.5", 50),
        // Kept back by who pays: off the total.
        ("15", "19", -1900),
        ("30", "10", -1000),
        ("32", "8", -800),
        ("33", "8", -800),
        ("34", "4", -400),
        ("36", "10", -1000),
        ("37", "10", -1000),
        ("48", "14", -1400),
    ] {
        let lines = line(1, "", &bearing(code), 10_000);
        accepts(&with_taxes(10_000, &[(code, rate, amount)], &lines));
        accepts(&with_taxes(10_000, &[(code, "", amount)], &lines));
        let more = amount + 2 * amount.signum();
        objects(with_taxes(10_000, &[(code, rate, more)], &lines), &[], OBJECTED);
        objects(with_taxes(10_000, &[(code, "", more)], &lines), &[], OBJECTED);
        objects(with_taxes(10_000, &[(code, "7", amount)], &lines), &[], OBJECTED);
    }
}

#[test]
fn a_tax_on_a_margin_or_on_the_slaughter_has_a_base_of_its_own() {
    let keeper = |field: &str| {
        format!("<Retenedor>\n<IndAgente>R</IndAgente>\n<{field}>3000</{field}>\n</Retenedor>\n")
    };
    for (code, rate, field, amount) in [
        ("14", "19", "MntMargComer", 570),
        ("50", "19", "MntMargComer", 570),
        ("17", "5", "MntBaseFaena", 150),
    ] {
        let lines = line(1, &keeper(field), &bearing(code), 10_000);
        accepts(&with_taxes(10_000, &[(code, rate, amount)], &lines));
        objects(with_taxes(10_000, &[(code, rate, amount + 2)], &lines), &[], OBJECTED);
    }
}

#[test]
fn two_taxes_stand_each_on_its_own_lines() {
    let lines =
        [line(1, "", &bearing("24"), 6_000), line(2, "", &bearing("27"), 3_000), line(3, "", "", 1_000)]
            .concat();
    let right = [("24", "31.5", 1_890), ("27", "10", 300)];
    accepts(&with_taxes(10_000, &right, &lines));
    objects(with_taxes(10_000, &right[..1], &lines), &[], OBJECTED);
    objects(
        with_taxes(10_000, &[("24", "31.5", 1_890), ("24", "31.5", 300), ("27", "10", 300)], &lines),
        &[],
        OBJECTED,
    );
    objects(with_taxes(10_000, &[("24", "31.5", 300), ("27", "10", 1_890)], &lines), &[], OBJECTED);
    // One code is said once, though both its lines be right.
    let twice = [("24", "31.5", 1_890), ("24", "31.5", 1_890), ("27", "10", 300)];
    objects(with_taxes(10_000, &twice, &lines), &[], "repetido");
    // A line may bear two.
    let both = line(1, "", &[bearing("18"), bearing("19")].concat(), 10_000);
    accepts(&with_taxes(10_000, &[("18", "5", 500), ("19", "12", 1_200)], &both));
}

fn off(kind: &str, value: &str) -> String {
    format!(
        "<DscRcgGlobal>\n<NroLinDR>1</NroLinDR>\n<TpoMov>D</TpoMov>\n<TpoValor>{kind}</TpoValor>\n<ValorDR>{value}</ValorDR>\n</DscRcgGlobal>\n"
    )
}

#[test]
fn a_percentage_off_the_whole_may_be_off_the_base_of_a_tax_or_not() {
    let lines =
        |discount: String| [line(1, "", &bearing("25"), 6_000), line(2, "", "", 4_000), discount].concat();
    for amount in [1_230, 1_107] {
        accepts(&with_taxes(9_000, &[("25", "20.5", amount)], &lines(off("%", "10"))));
    }
    objects(with_taxes(9_000, &[("25", "20.5", 1_170)], &lines(off("%", "10"))), &[], OBJECTED);
    // Pesos: of which lines, nobody says.
    accepts(&with_taxes(9_000, &[("25", "20.5", 1_170)], &lines(off("$", "1000"))));
    let all = [line(1, "", &bearing("25"), 10_000), off("$", "1000")].concat();
    accepts(&with_taxes(9_000, &[("25", "20.5", 1_845)], &all));
    objects(with_taxes(9_000, &[("25", "20.5", 1_900)], &all), &[], OBJECTED);
}

#[test]
fn prices_with_iva_bear_no_additional_tax() {
    let gross = wine_factura(5).with(&[
        change(
            Document,
            "<FchEmis>2026-01-15</FchEmis>\n",
            "<FchEmis>2026-01-15</FchEmis>\n<MntBruto>1</MntBruto>\n",
        ),
        change(Document, "<PrcItem>5000</PrcItem>", "<PrcItem>5950</PrcItem>"),
        change(Document, "<MontoItem>30000", "<MontoItem>35700"),
    ]);
    objects(gross, &[], OBJECTED);
}

#[test]
fn an_exempt_factura_bears_no_tax_at_all() {
    let exempt = |totals: &str, rest: &str| dte(34, 5, "<FmaPago>1</FmaPago>\n", totals, rest);
    let one = line(1, "", "", 9_000);
    accepts(&exempt("<MntExe>9000</MntExe>\n<MntTotal>9000</MntTotal>\n", one.trim_end()));
    for more in [
        "<TasaIVA>19</TasaIVA>\n",
        "<IVA>0</IVA>\n",
        "<ImptoReten>\n<TipoImp>28</TipoImp>\n<MontoImp>0</MontoImp>\n</ImptoReten>\n",
    ] {
        let totals = format!("<MntExe>9000</MntExe>\n{more}<MntTotal>9000</MntTotal>\n");
        rejects(exempt(&totals, one.trim_end()), &[], "(HED-3-211)");
    }
    // A discount off the whole, said of the exempt or not said.
    for onto in ["", "<IndExeDR>1</IndExeDR>\n"] {
        let discount = off("%", "10").replace("</DscRcgGlobal>", &format!("{onto}</DscRcgGlobal>"));
        let rest = [one.clone(), discount].concat();
        accepts(&exempt("<MntExe>8100</MntExe>\n<MntTotal>8100</MntTotal>\n", rest.trim_end()));
    }
}

#[test]
fn a_discount_off_the_exempt_leaves_the_taxed_alone() {
    let lines = [
        line(1, "", "", 10_000),
        line(2, "<IndExe>1</IndExe>\n", "", 5_000),
        off("$", "500").replace("</DscRcgGlobal>", "<IndExeDR>1</IndExeDR>\n</DscRcgGlobal>"),
    ]
    .concat();
    let totals = |exempt: u64, total: u64| {
        format!(
            "<MntNeto>10000</MntNeto>\n<MntExe>{exempt}</MntExe>\n<TasaIVA>19</TasaIVA>\n<IVA>1900</IVA>\n<MntTotal>{total}</MntTotal>\n"
        )
    };
    accepts(&dte(33, 5, "", &totals(4_500, 16_400), lines.trim_end()));
    rejects(dte(33, 5, "", &totals(5_000, 16_900), lines.trim_end()), &[], "(HED-3-211)");
}

#[test]
fn a_purchase_invoice_keeps_the_iva_back_and_says_who_does() {
    let agent = "<Retenedor>\n<IndAgente>R</IndAgente>\n</Retenedor>\n";
    let totals = taxed(10_000, &[("15", "19", -1_900)]);
    let purchase = |line: String| dte(46, 5, "", &totals, line.trim_end());
    accepts(&purchase(line(1, agent, &bearing("15"), 10_000)));
    objects(purchase(line(1, "", &bearing("15"), 10_000)), &[], "retencion sin IndAgente");
    // Added instead of taken off.
    let wrong = [change(Document, "<MntTotal>10000", "<MntTotal>13800")];
    rejects(purchase(line(1, agent, &bearing("15"), 10_000)), &wrong, "(HED-3-211)");
}

#[test]
fn fields_of_another_type_are_refused_where_only_the_official_forms_pass() {
    let id = |order: Order<'static>, field: &str| {
        let field: &'static str =
            Box::leak(format!("<FchEmis>2026-01-15</FchEmis>\n{field}\n").into_boxed_str());
        order.with(&[change(Document, "<FchEmis>2026-01-15</FchEmis>\n", field)])
    };
    for (order, field) in [
        (factura(5), "<IndNoRebaja>1</IndNoRebaja>"),
        (factura(5), "<IndTraslado>1</IndTraslado>"),
        (factura(5), "<TpoImpresion>T</TpoImpresion>"),
        (dte(56, 5, "", &net(100), &line(1, "", "", 100)), "<TipoFactEsp>1</TipoFactEsp>"),
        (credit_note(5, 1), "<TipoDespacho>1</TipoDespacho>"),
    ] {
        rejects(id(order, field), &[], "(ENV-3-0)");
    }
    for field in ["<IndServicio>1</IndServicio>", "<MntBruto>1</MntBruto>"] {
        let field: &'static str = Box::leak(format!("</IndTraslado>\n{field}\n").into_boxed_str());
        rejects(guia(9), &[change(Document, "</IndTraslado>\n", field)], "(ENV-3-0)");
    }
    let after = |order: Order<'static>, mark: &'static str, field: &str| {
        order.with(&[change(Document, mark, Box::leak(format!("{mark}{field}").into_boxed_str()))])
    };
    let agent = "<Retenedor>\n<IndAgente>R</IndAgente>\n</Retenedor>\n";
    let purchase = || {
        let line = line(1, agent, &bearing("15"), 10_000);
        dte(46, 5, "", &taxed(10_000, &[("15", "19", -1_900)]), line.trim_end())
    };
    let sale = || {
        let line = line(1, "", "", 100);
        dte(52, 9, "<IndTraslado>1</IndTraslado>\n", &net(100), line.trim_end())
    };
    let mandante = "<RUTMandante>76192083-9</RUTMandante>\n";
    let solicita = "<RUTSolicita>76192083-9</RUTSolicita>\n";
    let export = "<GuiaExport>\n<CdgTraslado>1</CdgTraslado>\n</GuiaExport>\n";
    rejects(after(purchase(), "</Emisor>\n", mandante), &[], "RUTMandante");
    rejects(after(sale(), "</Receptor>\n", solicita), &[], "RUTSolicita");
    rejects(after(factura(5), "</Acteco>\n", export), &[], "GuiaExport");
    // And those whose they are have them.
    accepts(&after(factura(5), "</Emisor>\n", mandante));
    accepts(&after(factura(5), "</Receptor>\n", solicita));
    accepts(&after(purchase(), "</Receptor>\n", solicita));
    accepts(&after(sale(), "</Acteco>\n", export));
    accepts(&id(factura(5), "<TipoDespacho>2</TipoDespacho>"));
    accepts(&id(purchase(), "<TipoDespacho>2</TipoDespacho>"));
    accepts(&after(sale(), "</IndTraslado>\n", "<TpoImpresion>T</TpoImpresion>\n"));
    accepts(&after(factura(5), "<FmaPago>1</FmaPago>\n", "<MedioPago>EF</MedioPago>\n"));
    rejects(after(sale(), "</IndTraslado>\n", "<MedioPago>EF</MedioPago>\n"), &[], "MedioPago");
    let lenient = Client::of(sii_sim::Config {
        rules: sii_sim::Rules { official_only: false, ..sii_sim::Rules::default() },
        ..sii_sim::Config::default()
    });
    let odd = id(factura(5), "<TpoImpresion>T</TpoImpresion>");
    assert_eq!(verdict(&lenient, &odd), ("accepted".to_owned(), Vec::new()));
}

#[test]
fn a_guia_says_what_its_goods_are_for() {
    accepts(&guia(9));
    rejects(guia(9), &[change(Document, "<IndTraslado>5</IndTraslado>\n", "")], "IndTraslado");
    rejects(guia(9), &[change(Document, "<RUTRecep>99999999-9", "<RUTRecep>77777777-7")], "traslado interno");
    let sale = |totals: &str, line: &str| {
        dte(52, 9, "<TipoDespacho>2</TipoDespacho>\n<IndTraslado>1</IndTraslado>\n", totals, line.trim_end())
    };
    let goods = line(1, "", "", 10_000);
    accepts(&sale(&net(10_000), &goods));
    rejects(sale("<MntTotal>0</MntTotal>\n", &goods), &[], "(HED-3-211)");
    // To sell, on consignment, given away, sent back, for export: the values may be left out.
    for purpose in ["2", "3", "4", "6", "7", "8"] {
        let id = format!("<IndTraslado>{purpose}</IndTraslado>\n");
        accepts(&dte(52, 9, &id, "<MntTotal>0</MntTotal>\n", bare_line().trim_end()));
        // Of the lines' values nothing need stand in the totals either.
        accepts(&dte(52, 9, &id, "<MntTotal>0</MntTotal>\n", goods.trim_end()));
        accepts(&dte(52, 9, &id, &net(10_000), goods.trim_end()));
        rejects(dte(52, 9, &id, &net(10_002), goods.trim_end()), &[], "(HED-3-211)");
    }
}

fn note(tipo: u16, folio: u64, totals: &str, line: &str, references: &str) -> Order<'static> {
    dte(tipo, folio, "", totals, [line, references].concat().trim_end())
}

/// A shop whose factura 5 (41,784) and credit note 50 on it, in part, the SII holds.
fn shop() -> Client {
    let client = Client::new();
    assert_eq!(verdict(&client, &factura(5)).0, "accepted");
    let part = note(61, 50, &net(1_000), &line(1, "", "", 1_000), &reference(1, "33", "5", "3"));
    assert_eq!(verdict(&client, &part), ("accepted".to_owned(), Vec::new()));
    client
}

#[track_caller]
fn said(client: &Client, order: &Order<'_>, expected: &str, code: &str) {
    let (found, reasons) = verdict(client, order);
    assert_eq!(found, expected, "{reasons:?}");
    assert_eq!(reasons.is_empty(), code.is_empty(), "{reasons:?}");
    assert!(reasons.iter().all(|reason| reason.contains(code)), "{code}: {reasons:?}");
}

#[test]
fn a_note_annuls_corrects_a_text_or_corrects_amounts() {
    let client = shop();
    let on = |code: &str| reference(1, "33", "5", code);
    let zero = "<MntTotal>0</MntTotal>\n";
    said(&client, &note(61, 2, zero, &bare_line(), &on("2")), "accepted", "");
    said(&client, &note(61, 3, &net(100), &line(1, "", "", 100), &on("3")), "accepted", "");
    said(&client, &note(56, 4, &net(100), &line(1, "", "", 100), &on("3")), "accepted", "");
    said(&client, &note(61, 6, &net(35_113), &line(1, "", "", 35_113), &on("1")), "accepted", "");
    // A debit note annuls a credit note: the factura stands again.
    let back = note(56, 7, &net(1_000), &line(1, "", "", 1_000), &reference(1, "61", "50", "1"));
    said(&client, &back, "accepted", "");
    // A text is corrected without money.
    said(&client, &note(61, 8, &net(100), &line(1, "", "", 100), &on("2")), "rejected", "(HED-3-211)");
    // What annuls is for all of it.
    said(&client, &note(61, 9, &net(100), &line(1, "", "", 100), &on("1")), "objected", "(REF-2-780)");
    // A note annuls only what counts the other way.
    said(&client, &note(56, 10, &net(35_113), &line(1, "", "", 35_113), &on("1")), "rejected", "no anula");
    let other = note(61, 11, &net(1_000), &line(1, "", "", 1_000), &reference(1, "61", "50", "1"));
    said(&client, &other, "rejected", "no anula");
}

#[test]
fn a_note_corrects_something_and_one_thing_when_it_annuls() {
    let client = shop();
    let one = |references: &str| note(61, 20, &net(100), &line(1, "", "", 100), references);
    said(&client, &one(&reference(1, "801", "44", "")), "rejected", "(REF-3-415)");
    said(&client, &one(&reference(1, "52", "44", "3")), "rejected", "(REF-3-415)");
    let two = [reference(1, "33", "5", "1"), reference(2, "61", "50", "3")].concat();
    said(&client, &one(&two), "rejected", "una sola referencia");
    let two = [reference(1, "33", "5", "3"), reference(2, "61", "50", "3")].concat();
    said(&client, &one(&two), "accepted", "");
    // A test case and a voucher are named beside it, or a voucher instead of a boleta.
    let beside =
        [reference(1, "SET", "1", ""), reference(2, "33", "5", "3"), reference(3, "48", "9", "")].concat();
    said(&client, &note(61, 21, &net(100), &line(1, "", "", 100), &beside), "accepted", "");
    said(
        &client,
        &note(61, 22, &net(100), &line(1, "", "", 100), &reference(1, "48", "9", "3")),
        "accepted",
        "",
    );
}

#[test]
fn no_reference_slips_past_the_books() {
    let client = shop();
    let one = |folio: u64, references: &str| note(61, folio, &net(100), &line(1, "", "", 100), references);
    said(&client, &one(30, &reference(1, "33", "ABC", "3")), "rejected", "(REF-3-750)");
    said(&client, &one(31, &reference(1, "33", "6", "3")), "rejected", "(REF-3-750)");
    said(&client, &one(32, &reference(1, "33", "0", "3")), "accepted", "");
    let alone = reference(1, "33", "0", "3").replace("<IndGlobal>1</IndGlobal>\n", "");
    said(&client, &one(33, &alone), "rejected", "IndGlobal");
    let named = reference(1, "33", "5", "3").replace("<FolioRef>", "<IndGlobal>1</IndGlobal>\n<FolioRef>");
    said(&client, &one(34, &named), "rejected", "IndGlobal");
    // Another company's document is another one.
    let theirs = reference(1, "33", "5", "3").replace("<FchRef>", "<RUTOtr>88888888-8</RUTOtr>\n<FchRef>");
    said(&client, &one(35, &theirs), "rejected", "(REF-3-750)");
    // Orders are numbered as their buyers like.
    let order = [
        reference(1, "33", "5", "3"),
        reference(2, "801", "0", "").replace("<IndGlobal>1</IndGlobal>\n", ""),
    ];
    said(&client, &one(36, &order.concat()), "accepted", "");
}

#[test]
fn lines_and_references_have_their_limits() {
    let lines = |n: u32| (1..=n).map(|i| line(i, "", "", 10)).collect::<String>();
    accepts(&dte(33, 5, "", &net(600), lines(60).trim_end()));
    let client = Client::new();
    let reply = client.upload(
        Dte,
        &crate::maker::latin1(&crate::maker::envelope(
            "EnvioDTE",
            &[(33, dte(33, 5, "", &net(610), lines(61).trim_end()).make())],
            &[],
        )),
    );
    assert!(reply.body_text().contains("LSX-00214"), "{}", reply.body_text());
    let references = |n: u32| (1..=n).map(|i| reference(i, "801", "44", "")).collect::<String>();
    accepts(&dte(33, 5, "", &net(10), [lines(1), references(40)].concat().trim_end()));
    let reply = client.upload(
        Dte,
        &crate::maker::latin1(&crate::maker::envelope(
            "EnvioDTE",
            &[(33, dte(33, 5, "", &net(10), [lines(1), references(41)].concat().trim_end()).make())],
            &[],
        )),
    );
    assert!(reply.body_text().contains("LSX-00214"), "{}", reply.body_text());
}

#[test]
fn a_boleta_has_a_thousand_lines_and_no_more() {
    let boleta = |n: u32| {
        let mut order = crate::maker::boleta(7);
        let head = order.body.split("<Detalle>").next().expect("a head").to_owned();
        let lines: String = (1..=n).map(|i| line(i, "", "", 1_190)).collect();
        let (gross, net) = (1_190 * n, 1_000 * n);
        let head = head.replace(
            "<MntNeto>4861</MntNeto>\n<MntExe>5000</MntExe>\n<IVA>923</IVA>\n<MntTotal>10784",
            &format!("<MntNeto>{net}</MntNeto>\n<IVA>{}</IVA>\n<MntTotal>{gross}", gross - net),
        );
        order.body = format!("{head}{}", lines.trim_end());
        order
    };
    accepts(&boleta(1_000));
    meets(&boleta(1_001), "rejected", "RSC");
}
