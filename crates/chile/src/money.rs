//! Pesos and exact decimals: parsing, multiplying and rounding half up. No float passes through here,
//! and no rule of tax beyond the rate.

pub use rust_decimal::Decimal;

/// The largest amount of a document (`MontoType`: totalDigits 18, schema SiiTypes_v10).
pub const MOST: i64 = 999_999_999_999_999_999;

/// Rate of the value added tax in percent (DL 825, art. 14).
pub const IVA_PERCENT: i128 = 19;

/// The same as a decimal.
pub fn iva_percent() -> Decimal {
    Decimal::new(19, 0)
}

/// Whole pesos, half up; `None` beyond the 18 digits of an amount.
pub fn pesos(value: Decimal) -> Option<i64> {
    Exact::of(value).pesos()
}

/// Reads a decimal as JSON or the SII write it: sign, digits, point, digits, and JSON's exponent.
/// Nothing is rounded: what does not fit exactly is `None`.
pub fn parse(text: &str) -> Option<Decimal> {
    let (base, exponent) = match text.split_once(['e', 'E']) {
        None => (text, 0),
        Some((base, exponent)) => (base, exponent.parse::<i32>().ok()?),
    };
    let digits = base.strip_prefix('-').unwrap_or(base);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) || text.len() > 60 {
        return None;
    }
    let exact = Decimal::from_str_exact(base).ok()?.normalize();
    let scale = i32::try_from(exact.scale()).ok()?.checked_sub(exponent)?;
    match u32::try_from(scale) {
        Ok(scale) => Decimal::try_from_i128_with_scale(exact.mantissa(), scale).ok(),
        Err(_) => {
            let factor = 10_i128.checked_pow(scale.unsigned_abs())?;
            Decimal::try_from_i128_with_scale(exact.mantissa().checked_mul(factor)?, 0).ok()
        }
    }
    .map(|d| d.normalize())
}

/// A decimal as the SII wants it: a point, decimals only when significant, no thousands separator
/// (formato DTE 2.4.2, 2.2).
pub fn plain(value: Decimal) -> String {
    value.normalize().to_string()
}

/// A product on its way to pesos, exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exact {
    mantissa: i128,
    scale: u32,
}

impl Exact {
    pub fn of(value: Decimal) -> Exact {
        let value = value.normalize();
        Exact { mantissa: value.mantissa(), scale: value.scale() }
    }

    pub fn pesos_of(amount: i64) -> Exact {
        Exact { mantissa: i128::from(amount), scale: 0 }
    }

    /// `None` when the product leaves 128 bits, far beyond any amount of a document.
    pub fn times(self, factor: Decimal) -> Option<Exact> {
        let factor = Exact::of(factor);
        Some(Exact {
            mantissa: self.mantissa.checked_mul(factor.mantissa)?,
            scale: self.scale + factor.scale,
        })
    }

    /// `percent` of it.
    pub fn percent(self, percent: Decimal) -> Option<Exact> {
        let part = self.times(percent)?;
        Some(Exact { scale: part.scale + 2, ..part })
    }

    /// Whole pesos, half up; `None` beyond the 18 digits of an amount.
    pub fn pesos(self) -> Option<i64> {
        let unit = 10_i128.checked_pow(self.scale)?;
        amount(half_up(self.mantissa, unit))
    }
}

/// `n / d` to the nearest whole, a half away from zero: the SII recalculates with PHP's `round()`.
pub fn half_up(n: i128, d: i128) -> i128 {
    let (quotient, rest) = (n / d, n % d);
    if rest.unsigned_abs() * 2 >= d.unsigned_abs() { quotient + n.signum() * d.signum() } else { quotient }
}

/// The net amount inside a gross one, `round(gross / 1.19)`.
pub fn net_of_gross(gross: i64) -> i64 {
    let net = half_up(i128::from(gross) * 100, 100 + IVA_PERCENT);
    i64::try_from(net).expect("smaller than the amount it came from")
}

/// The tax on a net amount, `round(net × 0.19)` (formato DTE 2.4.2, campo 112).
pub fn iva_of_net(net: i64) -> i64 {
    let iva = half_up(i128::from(net) * IVA_PERCENT, 100);
    i64::try_from(iva).expect("smaller than the amount it came from")
}

/// An amount of at most 18 digits.
pub fn amount(value: i128) -> Option<i64> {
    i64::try_from(value).ok().filter(|v| (-MOST..=MOST).contains(v))
}

/// `1234567` as people read it: `1.234.567`.
pub fn dotted(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut out = String::from(if value < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('.');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever is written, it is read exactly or not at all.
        #[test]
        fn no_number_breaks_the_reader(text in "-?[0-9]{0,40}(\\.[0-9]{0,40})?([eE]-?[0-9]{0,11})?|\\PC{0,20}") {
            if let Some(number) = parse(&text) {
                prop_assert_eq!(parse(&plain(number)), Some(number), "{}", text);
            }
        }

        #[test]
        fn an_exponent_moves_the_point(mantissa in -1_000_000..1_000_000_i64, exponent in -6..=6_i32) {
            let expected = match u32::try_from(exponent) {
                Ok(up) => Decimal::from(mantissa) * Decimal::from(10_i64.pow(up)),
                Err(_) => Decimal::new(mantissa, exponent.unsigned_abs()),
            };
            prop_assert_eq!(parse(&format!("{mantissa}e{exponent}")), Some(expected));
        }
    }

    #[test]
    fn decimals_are_read_exactly_or_not_at_all() {
        for (text, plain_text) in [
            ("1", "1"),
            ("1.50", "1.5"),
            ("0.000001", "0.000001"),
            ("1000.0", "1000"),
            ("1e3", "1000"),
            ("25E-3", "0.025"),
            ("-7.10", "-7.1"),
            ("999999999999.999999", "999999999999.999999"),
        ] {
            assert_eq!(parse(text).map(plain).as_deref(), Some(plain_text), "{text}");
        }
        for text in [
            "",
            "1,5",
            "1.",
            ".5",
            "+1",
            "1 000",
            "1.2.3",
            "NaN",
            "1e",
            "1e999",
            "1e-2147483648",
            "0x1",
            "１",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_has_at_most_sixty_characters() {
        let long = |length: usize| format!("{}7", "0".repeat(length - 1));
        assert_eq!(parse(&long(60)), Some(Decimal::from(7)));
        assert_eq!(parse(&long(61)), None);
    }

    #[test]
    fn halves_go_away_from_zero() {
        for (n, d, q) in
            [(5, 2, 3), (-5, 2, -3), (3, 2, 2), (249, 100, 2), (250, 100, 3), (0, 7, 0), (-1, 3, 0)]
        {
            assert_eq!(half_up(n, d), q, "{n}/{d}");
        }
    }

    /// Amounts that the SII accepted, among them a real boleta (5980).
    #[test]
    fn net_and_tax_of_a_shelf_price() {
        for (gross, net) in [(680, 571), (5980, 5025), (29800, 25042), (125000, 105042), (0, 0), (1, 1)] {
            assert_eq!(net_of_gross(gross), net, "{gross}");
            assert_eq!(net_of_gross(gross), (100 * gross + 59) / 119);
        }
        assert_eq!(iva_of_net(35113), 6671);
        assert_eq!(net_of_gross(MOST), 840_336_134_453_781_512);
    }

    #[test]
    fn a_product_is_exact_before_it_is_rounded() {
        let quantity = parse("0.755").unwrap();
        let product = Exact::of(quantity).times(parse("2390").unwrap()).unwrap();
        assert_eq!(product.pesos(), Some(1804));
        let most = parse("999999999999.999999").unwrap();
        assert_eq!(Exact::of(most).times(most).unwrap().pesos(), None);
    }

    #[test]
    fn thousands_are_dotted_for_people() {
        assert_eq!(dotted(1_234_567), "1.234.567");
        assert_eq!(dotted(-100), "-100");
        assert_eq!(dotted(1000), "1.000");
    }
}
