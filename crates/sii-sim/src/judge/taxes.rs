//! Additional, anticipated and retained taxes: which there are, at what rate, of what, and whether `ImptoReten`
//! says what the lines make of it (Formato DTE v2.4.2, fields 115 to 117 and table of taxes).

use super::{
    lines::{Change, Line, Lines, Percent},
    reason::{self, Reason},
    totals::Tax,
};

/// What a rate is taken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    /// The net value of the lines that bear the code.
    Lines,
    /// Their `Retenedor/MntMargComer`.
    Margin,
    /// Their `Retenedor/MntBaseFaena`.
    Slaughter,
}

/// Code, rate, base. Fuels (28, 35, 51, 52) go by volume, and of the others no source gives a rate.
const RATES: [(&str, &str, Base); 22] = [
    ("14", "19", Base::Margin),
    ("15", "19", Base::Lines),
    ("17", "5", Base::Slaughter),
    ("18", "5", Base::Lines),
    ("19", "12", Base::Lines),
    ("23", "15", Base::Lines),
    ("24", "31.5", Base::Lines),
    ("25", "20.5", Base::Lines),
    ("26", "20.5", Base::Lines),
    ("27", "10", Base::Lines),
    ("271", "18", Base::Lines),
    ("30", "10", Base::Lines),
    ("32", "8", Base::Lines),
    ("33", "8", Base::Lines),
    ("34", "4", Base::Lines),
    ("36", "10", Base::Lines),
    ("37", "10", Base::Lines),
    ("44", "15", Base::Lines),
    ("45", "50", Base::Lines),
    ("48", "14", Base::Lines),
    ("50", "19", Base::Margin),
    ("53", "0.5", Base::Lines),
];

/// Codes that are retained, not added (Formato DTE, table of taxes).
const RETAINED: [&str; 24] = [
    "15", "16", "30", "31", "32", "33", "34", "36", "37", "38", "39", "40", "41", "46", "47", "48", "49",
    "301", "321", "331", "341", "361", "371", "481",
];

/// What the taxes add to the total, less what they keep back of it.
pub(super) fn added(taxes: &[Tax]) -> i128 {
    taxes.iter().map(|tax| if is_retained(&tax.code) { -tax.amount } else { tax.amount }).sum()
}

fn is_retained(code: &str) -> bool {
    RETAINED.contains(&code)
}

pub(super) fn check(taxes: &[Tax], lines: &Lines, tipo: u16) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let mut object = |text: String| reasons.push(reason::TAX_AMOUNT.because(text));
    for (at, tax) in taxes.iter().enumerate() {
        let code = &tax.code;
        if taxes[..at].iter().any(|earlier| earlier.code == *code) {
            object(format!("impuesto {code} repetido"));
        }
        let Some((_, rate, base)) = RATES.iter().find(|(known, ..)| known == code) else { continue };
        let rate = Percent::read(rate).expect("the table's rates are numbers");
        if tax.rate.is_some_and(|said| said != rate) {
            object(format!("impuesto {code}: TasaImp"));
        }
        let due = expected(code, rate, *base, lines);
        let near = |due: &i128| (tax.amount - due).abs() <= 1;
        if !due.is_empty() && !due.iter().any(near) {
            object(format!("impuesto {code}: [{} <> {}]", tax.amount, due[0]));
        }
    }
    for code in lines.tax_codes() {
        if !taxes.iter().any(|tax| tax.code == code) {
            object(format!("impuesto {code} sin ImptoReten"));
        }
    }
    // 46: who retains says so in the line (Formato DTE, Retenedor/IndAgente).
    let silent = |line: &&Line| !line.agent && line.tax_codes.iter().any(|code| is_retained(code));
    if tipo == 46 && lines.all().any(|line| silent(&line)) {
        object("retencion sin IndAgente".to_owned());
    }
    reasons
}

/// What a tax may come to; nothing where it can't be said. A percentage off the whole is off each base, though the
/// field's own text does not say so: both pass. An amount off the whole does not say of which lines.
fn expected(code: &str, rate: Percent, base: Base, lines: &Lines) -> Vec<i128> {
    let borne = |part: fn(&Line) -> i128| -> i128 { lines.with_tax(code).map(part).sum() };
    let whole = match base {
        Base::Margin => return vec![rate.of(borne(|line| line.margin))],
        Base::Slaughter => return vec![rate.of(borne(|line| line.slaughter))],
        Base::Lines => borne(|line| line.amount),
    };
    let bears = |line: &Line| line.tax_codes.iter().any(|borne| borne == code);
    let by_all = lines.all().filter(|line| line.taxed).all(bears);
    if !by_all && lines.taxed_changes().any(|change| matches!(change, Change::Pesos(_))) {
        return Vec::new();
    }
    vec![rate.of(lines.taxed_changes().fold(whole, |base, change| change.onto(base))), rate.of(whole)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rate_is_a_number_and_no_code_is_there_twice() {
        for (at, (code, rate, _)) in RATES.iter().enumerate() {
            assert!(Percent::read(rate).is_some(), "{code}");
            assert!(RATES[..at].iter().all(|(other, ..)| other != code), "{code}");
        }
    }

    #[test]
    fn what_is_retained_is_taken_off() {
        let tax = |code: &str, amount| Tax { code: code.to_owned(), rate: None, amount };
        assert_eq!(added(&[tax("24", 100), tax("15", 30), tax("271", 5)]), 75);
    }
}
