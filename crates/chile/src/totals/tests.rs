//! Sums of known documents, of odd lines, and of any line at all.

use proptest::prelude::*;

use super::line::{Line, LineFault, Value};
use super::*;

fn dec(text: &str) -> Decimal {
    money::parse(text).expect("a decimal")
}

fn line(quantity: &str, price: &str) -> Line {
    Line {
        tax: Tax::Taxed,
        quantity: money::parse(quantity),
        price: money::parse(price),
        discount_percent: None,
        discount: None,
        surcharge_percent: None,
        surcharge: None,
        said: None,
    }
}

fn off(worth: Worth) -> Global {
    Global { adds: false, onto: Onto::Taxed, worth }
}

/// The figures of documents made by another program, in another language.
#[test]
fn the_totals_of_known_documents_are_met() {
    let boleta = add_up(
        Prices::Gross,
        [(Tax::Taxed, 3980), (Tax::Taxed, 1804), (Tax::Exempt, 5000)],
        &[],
        vec![],
        Stated::default(),
    )
    .unwrap();
    assert_eq!((boleta.net, boleta.iva, boleta.exempt, boleta.total), (4861, 923, 5000, 10784));
    let factura = add_up(
        Prices::Net,
        [(Tax::Taxed, 37035), (Tax::Taxed, 1980)],
        &[off(Worth::Percent(dec("10")))],
        vec![],
        Stated::default(),
    )
    .unwrap();
    assert_eq!((factura.net, factura.iva, factura.total), (35113, 6671, 41784));
}

#[test]
fn a_line_is_its_product_less_discount_and_more_surcharge() {
    for (line, amount) in [
        (line("2", "350"), 700),
        (line("0.755", "2390"), 1804),
        (line("0.5", "1"), 1),
        (line("3", "333.333333"), 1000),
        (Line { discount_percent: Some(dec("10")), ..line("1", "1005") }, 904),
        (Line { discount: Some(5), surcharge: Some(7), ..line("1", "100") }, 102),
        (Line { surcharge_percent: Some(dec("2.5")), ..line("1", "1000") }, 1025),
        (Line { quantity: None, ..line("1", "990") }, 990),
        (Line { quantity: None, price: None, said: Some(1500), ..line("1", "1") }, 1500),
        (Line { price: None, said: Some(0), ..line("1", "1") }, 0),
    ] {
        assert_eq!(line.value().map(|v| v.amount), Ok(amount), "{line:?}");
    }
}

/// What is said in pesos and in percent is held against what the percentage makes: each amount by itself.
#[test]
fn a_line_by_its_percentages_leaves_out_the_amounts_that_they_explain() {
    let both = Line {
        discount_percent: Some(dec("10")),
        discount: Some(99),
        surcharge_percent: Some(dec("5")),
        surcharge: Some(77),
        ..line("1", "1000")
    };
    assert_eq!(both.by_percent(), Some(Value { discount: 100, surcharge: 50, amount: 950 }));
    let amounts = Line { discount_percent: None, surcharge_percent: None, ..both };
    assert_eq!(amounts.by_percent(), Some(Value { discount: 99, surcharge: 77, amount: 978 }));
}

#[test]
fn a_line_that_can_not_be_written_says_why() {
    for (line, fault) in [
        (Line { price: None, ..line("2", "1") }, LineFault::NoPrice),
        (Line { price: None, said: Some(5), ..line("2", "1") }, LineFault::NoPrice),
        (Line { discount: Some(101), ..line("1", "100") }, LineFault::Negative(-1)),
        (
            Line { quantity: None, price: None, said: Some(5), discount: Some(1), ..line("2", "1") },
            LineFault::NothingToDiscount,
        ),
        (line("999999999999", "999999999999"), LineFault::TooLarge),
    ] {
        assert_eq!(line.value(), Err(fault), "{line:?}");
    }
}

#[test]
fn what_is_not_billed_stands_beside_the_total() {
    let lines = [(Tax::Taxed, 1190), (Tax::NotBilled, 500), (Tax::NotBilledLess, 200), (Tax::Deposit, 100)];
    let totals =
        add_up(Prices::Gross, lines, &[], vec![], Stated { previous: Some(-50), ..Stated::default() })
            .unwrap();
    assert_eq!((totals.total, totals.not_billed, totals.deposit), (1290, Some(300), 100));
    assert_eq!((totals.period(), totals.payable()), (Some(1590), Some(1540)));
}

#[test]
fn globals_apply_in_their_order_to_what_they_name() {
    let lines = [(Tax::Taxed, 10_000), (Tax::Exempt, 1_000)];
    let globals = [
        off(Worth::Percent(dec("10"))),
        off(Worth::Pesos(dec("500"))),
        Global { adds: true, onto: Onto::Exempt, worth: Worth::Percent(dec("5")) },
    ];
    let totals = add_up(Prices::Net, lines, &globals, vec![], Stated::default()).unwrap();
    assert_eq!((totals.net, totals.exempt), (8_500, 1_050));
    assert_eq!(
        add_up(Prices::Net, [(Tax::Taxed, 10)], &[off(Worth::Pesos(dec("11")))], vec![], Stated::default()),
        Err(Fault::Negative("afecto"))
    );
    assert_eq!(
        add_up(Prices::Net, [(Tax::Taxed, money::MOST)], &[], vec![], Stated::default()),
        Err(Fault::TooLarge)
    );
}

prop_compose! {
    fn any_line()(tax in 0..6_usize, amount in 0..1_000_000_000_i64) -> (Tax, i64) {
        let taxes = [Tax::Taxed, Tax::Exempt, Tax::NotBilled, Tax::Deposit, Tax::Aside, Tax::NotBilledLess];
        (taxes[tax], amount)
    }
}

proptest! {
    #[test]
    fn totals_always_add_up(
        lines in proptest::collection::vec(any_line(), 0..30),
        gross in any::<bool>(),
        percent in 0..=100_i64,
        previous in proptest::option::of(-1000..1000_i64),
    ) {
        let prices = if gross { Prices::Gross } else { Prices::Net };
        let globals = [off(Worth::Percent(Decimal::from(percent)))];
        let totals = add_up(prices, lines.clone(), &globals, vec![], Stated { previous, ..Stated::default() }).unwrap();
        prop_assert!(totals.net >= 0 && totals.iva >= 0 && totals.exempt >= 0 && totals.total >= 0);
        prop_assert_eq!(totals.net + totals.iva + totals.exempt + totals.deposit, totals.total);
        let taxed: i64 = lines.iter().filter(|(t, _)| *t == Tax::Taxed).map(|(_, a)| a).sum();
        let after = taxed - i64::try_from(money::half_up(i128::from(taxed) * i128::from(percent), 100)).unwrap();
        match prices {
            Prices::Gross => prop_assert_eq!(totals.net + totals.iva, after),
            Prices::Net => prop_assert_eq!(totals.net, after),
        }
        prop_assert!((totals.iva - money::iva_of_net(totals.net)).abs() <= 1);
        prop_assert_eq!(totals.payable().unwrap(), totals.period().unwrap() + previous.unwrap_or(0));
    }

    #[test]
    fn a_lines_value_is_exact_to_half_a_peso(quantity in 1..1_000_000_000_i64, price in 1..1_000_000_000_i64) {
        let (quantity, price) = (Decimal::new(quantity, 3), Decimal::new(price, 2));
        let said = Line { quantity: Some(quantity), price: Some(price), ..line("1", "1") };
        let error = Decimal::from(said.value().unwrap().amount) - quantity * price;
        prop_assert!(error <= Decimal::new(5, 1) && error > Decimal::new(-5, 1));
    }
}
