//! What of a sale a card's voucher stands for, and the boleta that is left for the rest.

mod desk;

use desk::folder::Folder;
use serde_json::{Value, json};
use timbre_chile::regime::Chile;
use timbre_core::{Date, Refusals, Regime, Sale, Voucher};

fn ask(sale: &Value) -> Result<Voucher, Refusals> {
    ask_of(sale, &|_| true)
}

fn ask_of(sale: &Value, stands: &dyn Fn(Date) -> bool) -> Result<Voucher, Refusals> {
    let sale = desk::sale(&sale.to_string()).expect("a sale");
    Chile::default().voucher(&sale, &desk::issuer(), &Folder::default(), desk::now(), stands)
}

#[track_caller]
fn rest(sale: &Value) -> Sale {
    match ask(sale) {
        Ok(Voucher::Part(rest)) => *rest,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(sale: &Value, code: &str) {
    let refusals = ask(sale).expect_err("refused").0;
    assert_eq!(refusals.iter().map(|refusal| &*refusal.code).collect::<Vec<_>>(), [code]);
}

fn boleta(tipo: u16, lines: Value, till: Value) -> Value {
    json!({ "Encabezado": { "IdDoc": { "TipoDTE": tipo } }, "Detalle": lines, "Timbre": till })
}

fn line(price: u64) -> Value {
    json!({ "NmbItem": "Pan", "QtyItem": 1, "PrcItem": price })
}

fn mixed(card: i64, cash: i64) -> Value {
    json!({ "Pagos": [{ "Medio": "Débito", "Monto": card }, { "Medio": "efectivo", "Monto": cash }] })
}

#[test]
fn the_rest_is_one_line_and_the_till_keeps_what_belongs_to_each_part() {
    let mut till = mixed(1_000, 5_000);
    till["Vuelto"] = json!(3_000);
    till["Redondeo"] = json!(-3);
    till["Propina"] = json!(0);
    till["Caja"] = json!("2");
    // Cash: 2.003 of the sale, rounded to 2.000.
    let rest = rest(&boleta(39, json!([line(3_003)]), till));
    let draft = desk::draft(std::str::from_utf8(&rest.received).unwrap()).expect("a boleta of its own");
    assert_eq!((draft.totals()["MntTotal"].as_i64(), draft.series().0.as_str()), (Some(2_003), "39"));
    let line = &rest.body["Detalle"][0];
    assert_eq!(rest.body["Detalle"].as_array().unwrap().len(), 1);
    assert_eq!(line["NmbItem"], "Saldo de la venta pagada en parte con tarjeta");
    assert_eq!(line["DscItem"], "Venta por $3.003; con tarjeta $1.000, según su voucher");
    let names = |till: &timbre_core::TillData| {
        till.pagos.iter().map(|payment| payment.medio.clone()).collect::<Vec<_>>()
    };
    let card = rest.card.as_ref().expect("the card's part");
    assert_eq!(
        (card.total.0, names(&card.till), card.till.caja.as_deref()),
        (1_000, vec!["Débito".to_owned()], Some("2"))
    );
    assert_eq!((card.till.propina, card.till.redondeo, card.till.vuelto), (None, None, None));
    assert_eq!(names(&rest.till), ["efectivo"]);
    let extra = [rest.till.vuelto, rest.till.redondeo, rest.till.propina].map(|amount| amount.unwrap().0);
    assert_eq!(extra, [3_000, -3, 0]);
    // What the document is made of again is the rest; key and hash are the whole's.
    let again = Sale::read(rest.received.clone(), None).unwrap();
    assert_eq!((again.body, again.till), (rest.body, rest.till));
    assert_ne!(again.hash, rest.hash);
}

#[test]
fn all_exempt_stays_exempt_and_both_kinds_at_once_are_refused() {
    let rest = rest(&boleta(41, json!([line(3_000)]), mixed(1_000, 2_000)));
    let draft = desk::draft(std::str::from_utf8(&rest.received).unwrap()).expect("a boleta of its own");
    assert_eq!((draft.totals()["MntExe"].as_i64(), draft.series().0.as_str()), (Some(2_000), "41"));
    let mut exempt = line(1_000);
    exempt["IndExe"] = json!(1);
    refused(&boleta(39, json!([line(2_000), exempt]), mixed(1_000, 2_000)), "voucher-mixed-goods");
    let mut apart = line(1_000);
    apart["IndExe"] = json!(2);
    refused(&boleta(39, json!([line(2_000), apart]), mixed(1_000, 1_000)), "voucher-mixed-goods");
}

#[test]
fn payments_that_do_not_add_up_are_refused() {
    let sale = |till| boleta(39, json!([line(3_000)]), till);
    // A tip that stands in the card's amount and nowhere else would leave 300 undeclared.
    refused(&sale(mixed(1_300, 2_000)), "voucher-sum");
    refused(&sale(mixed(1_000, 1_000)), "voucher-sum");
    // Nor does a card alone stand for what it did not pay.
    refused(&sale(json!({ "Pagos": [{ "Medio": "Débito", "Monto": 1_000 }] })), "voucher-sum");
    // Not for five pesos either: cash alone is rounded.
    refused(&sale(json!({ "Pagos": [{ "Medio": "Débito", "Monto": 2_995 }] })), "voucher-sum");
    refused(
        &sale(json!({ "Pagos": [{ "Medio": "Débito", "Monto": 2_995 }], "Redondeo": -5 })),
        "voucher-sum",
    );
    // What a card paid over the sale its voucher declares all the same.
    refused(&sale(json!({ "Pagos": [{ "Medio": "Débito", "Monto": 3_500 }] })), "voucher-sum");
    refused(&sale(mixed(3_000, 500)), "voucher-sum");
    refused(&sale(json!({ "Pagos": [{ "Medio": "Débito", "Monto": 0 }] })), "voucher-sum");
    refused(&sale(mixed(-500, 3_500)), "till-data-invalid");
    // What rounding may take or add need not be said.
    rest(&sale(mixed(1_003, 2_000)));
}

#[test]
fn a_card_that_pays_the_tip_too_stands_for_the_sale() {
    let till = json!({ "Pagos": [{ "Medio": "Visa", "Monto": 3_300 }], "Propina": 300 });
    match ask(&boleta(39, json!([line(3_000)]), till)) {
        Ok(Voucher::Whole { total, .. }) => assert_eq!(total.0, 3_000),
        other => panic!("{other:?}"),
    }
}

/// A boleta that says «electrónico» and no card would be issued besides the voucher.
#[test]
fn a_boleta_paid_by_electronic_means_says_what_the_card_paid() {
    let mut sale = boleta(39, json!([line(3_000)]), json!({}));
    for (means, wanted) in [(json!(2), true), (json!("2"), true), (json!(1), false), (json!(3), false)] {
        sale["Encabezado"]["IdDoc"]["MedioPago"] = means;
        match wanted {
            true => refused(&sale, "voucher-payments"),
            false => assert!(matches!(ask(&sale), Ok(Voucher::Nothing))),
        }
    }
    sale["Encabezado"]["IdDoc"]["MedioPago"] = json!(2);
    assert!(matches!(ask_of(&sale, &|_| false), Ok(Voucher::Nothing)), "nothing was declared");
    sale["Timbre"] = json!({ "Pagos": [{ "Medio": "Débito", "Monto": 3_000 }] });
    assert!(matches!(ask(&sale), Ok(Voucher::Whole { .. })));
}

/// A dated setting: what is declared from today says nothing of yesterday's sale, nor the other way round.
#[test]
fn what_was_declared_for_the_day_of_the_sale_counts() {
    let today = timbre_chile::hour::local(desk::now()).date();
    let yesterday = today.yesterday().unwrap();
    let mut sale =
        boleta(39, json!([line(3_000)]), json!({ "Pagos": [{ "Medio": "Débito", "Monto": 3_000 }] }));
    sale["Encabezado"]["IdDoc"]["FchEmis"] = json!(yesterday.to_string());
    assert!(matches!(ask_of(&sale, &|day| day >= today), Ok(Voucher::Nothing)));
    match ask_of(&sale, &|day| day < today) {
        Ok(Voucher::Whole { date, .. }) => assert_eq!(date, yesterday),
        other => panic!("{other:?}"),
    }
    sale["Timbre"] = mixed(1_000, 2_000);
    let Ok(Voucher::Part(rest)) = ask_of(&sale, &|day| day == yesterday) else { panic!("a part") };
    assert_eq!(rest.card.unwrap().date, yesterday);
}

#[test]
fn a_tip_beside_a_card_that_pays_a_part_is_refused_whosever_it_is() {
    let sale = |card, cash| {
        let mut till = mixed(card, cash);
        till["Propina"] = json!(300);
        boleta(39, json!([line(3_000)]), till)
    };
    // In the card's amount it would be 300 in no boleta; in cash it looks the same.
    for sale in [sale(1_300, 2_000), sale(1_000, 2_300)] {
        let refusals = ask(&sale).expect_err("refused").0;
        assert_eq!((&*refusals[0].code, &*refusals[0].path), ("voucher-tip", "Timbre.Propina"));
    }
    // No card pays anything: a boleta as ever.
    assert!(matches!(ask(&sale(0, 3_300)), Ok(Voucher::Nothing)));
}

#[test]
fn the_rest_says_of_itself_how_it_is_paid() {
    let means = |said: Value, others: Value| {
        let mut payments = vec![json!({ "Medio": "Débito", "Monto": 1_000 })];
        payments.extend(others.as_array().unwrap().iter().cloned());
        let mut sale = boleta(39, json!([line(3_000)]), json!({ "Pagos": payments }));
        sale["Encabezado"]["IdDoc"]["MedioPago"] = said;
        rest(&sale).body["Encabezado"]["IdDoc"]["MedioPago"].clone()
    };
    let cash = json!([{ "Medio": "Efectivo", "Monto": 2_000 }]);
    // 2 is «electrónico».
    assert_eq!(means(json!(2), cash.clone()), 1);
    assert_eq!(means(json!(2), json!([{ "Medio": "transferencia", "Monto": 2_000 }])), 3);
    let two = |cheque: i64, cash: i64| json!([{ "Medio": "cheque", "Monto": cheque }, { "Medio": "efectivo", "Monto": cash }]);
    assert_eq!(means(json!(2), two(1_500, 500)), 4);
    assert_eq!(means(json!(2), two(1_000, 1_000)), 5);
    assert_eq!(means(Value::Null, cash), Value::Null, "nobody asked for it");
}

#[test]
fn cards_that_pay_all_of_it_leave_no_rest() {
    let whole = |till| match ask(&boleta(39, json!([line(3_000)]), till)) {
        Ok(Voucher::Whole { total, .. }) => total.0,
        other => panic!("{other:?}"),
    };
    assert_eq!(whole(json!({ "Pagos": [{ "Medio": "credito", "Monto": 3_000 }] })), 3_000);
    let mut tip = mixed(3_000, 300);
    tip["Propina"] = json!(300);
    assert_eq!(whole(tip), 3_000);
    assert!(matches!(ask(&boleta(39, json!([line(3_000)]), mixed(0, 3_000))), Ok(Voucher::Nothing)));
    let factura =
        json!({ "Encabezado": { "IdDoc": { "TipoDTE": 33 } }, "Detalle": [line(1)], "Timbre": mixed(1, 1) });
    assert!(matches!(ask(&factura), Ok(Voucher::Nothing)));
}

#[test]
fn net_prices_wrappings_and_references_are_seen_through() {
    let mut net = boleta(39, json!([line(1_000)]), mixed(190, 1_000));
    net["Encabezado"]["IdDoc"]["IndMntNeto"] = json!(2);
    let rest = rest(
        &json!({ "dte": { "Encabezado": net["Encabezado"], "Detalle": net["Detalle"] }, "Timbre": net["Timbre"] }),
    );
    assert_eq!(rest.body["Detalle"][0]["PrcItem"], 1_000);
    let draft = desk::draft(std::str::from_utf8(&rest.received).unwrap()).expect("a boleta of its own");
    assert_eq!(draft.totals()["MntTotal"], 1_000, "with IVA");
}
