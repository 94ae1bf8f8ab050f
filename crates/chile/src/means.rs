//! How a sale was paid, as its till says it: which payments are of a card, and the one code that a boleta has for all.

use timbre_core::TillData;
use timbre_core::sale::Payment;

/// `MedioPago` of a boleta that says «electrónico»: cards (formato boletas 4.2).
pub const ELECTRONIC: u8 = 2;

/// `MedioPago` of a boleta for what is none of the others.
const OTHER: u8 = 5;

/// The name of a means of payment with neither case nor accents nor blanks.
fn plain(payment: &Payment) -> String {
    let plain = payment.medio.to_lowercase().replace('é', "e");
    plain.chars().filter(char::is_ascii_alphabetic).collect()
}

/// Whether a means of payment is a card that gives a voucher.
pub fn by_card(payment: &Payment) -> bool {
    const CARDS: [&str; 16] = [
        "debito",
        "credito",
        "prepago",
        "redcompra",
        "visa",
        "mastercard",
        "amex",
        "americanexpress",
        "transbank",
        "tarjeta",
        "tarjetadebito",
        "tarjetadedebito",
        "tarjetacredito",
        "tarjetadecredito",
        "tarjetaprepago",
        "tarjetadeprepago",
    ];
    CARDS.contains(&plain(payment).as_str())
}

/// `MedioPago` of a boleta (formato boletas 4.2): 1 cash, 2 electronic, 3 transfer, 4 cheque, 5 another one. Of several
/// means it is the one that paid the most, and 5 where two did: the format has room for one, and does not say which
/// (UNCONFIRMED). Cash that was handed back paid nothing. `None` where the till does not say how it was paid.
pub fn of_boleta(till: &TillData) -> Option<u8> {
    let mut paid = [0_i128; 6];
    for payment in &till.pagos {
        let code = match plain(payment).as_str() {
            "efectivo" => 1,
            _ if by_card(payment) => ELECTRONIC,
            "transferencia" => 3,
            "cheque" => 4,
            _ => OTHER,
        };
        paid[usize::from(code)] += i128::from(payment.monto.0);
    }
    paid[1] -= till.vuelto.map_or(0, |change| i128::from(change.0));
    let most = paid.into_iter().max().filter(|most| *most > 0)?;
    let mut codes = (1_u8..).zip(&paid[1..]).filter(|(_, sum)| **sum == most).map(|(code, _)| code);
    let first = codes.next()?;
    Some(if codes.next().is_none() { first } else { OTHER })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(till: Value) -> Option<u8> {
        of_boleta(&serde_json::from_value(till).expect("a till's data"))
    }

    #[test]
    fn a_boleta_says_the_means_that_paid_the_most() {
        let one = |means: &str| of(json!({ "Pagos": [{ "Medio": means, "Monto": 1_000 }] }));
        let all = [
            ("Efectivo", 1),
            ("Débito", 2),
            ("VISA", 2),
            ("transferencia", 3),
            ("Cheque", 4),
            ("gift card", 5),
        ];
        for (means, code) in all {
            assert_eq!(one(means), Some(code), "{means}");
        }
        let two = |cash: i64, card: i64, change: i64| {
            of(
                json!({ "Pagos": [{ "Medio": "efectivo", "Monto": cash }, { "Medio": "credito", "Monto": card }], "Vuelto": change }),
            )
        };
        assert_eq!(
            (two(3_000, 2_000, 0), two(2_000, 3_000, 0), two(2_000, 2_000, 0)),
            (Some(1), Some(2), Some(5))
        );
        assert_eq!(two(5_000, 2_000, 4_000), Some(2), "what was handed back paid nothing");
    }

    #[test]
    fn cards_of_two_kinds_are_one_means() {
        let cards = json!([
            { "Medio": "debito", "Monto": 2_000 }, { "Medio": "credito", "Monto": 2_000 }, { "Medio": "efectivo", "Monto": 3_000 }
        ]);
        assert_eq!(of(json!({ "Pagos": cards })), Some(2));
    }

    #[test]
    fn a_till_that_says_no_payment_says_no_means() {
        assert_eq!(of(json!({})), None);
        assert_eq!(of(json!({ "Pagos": [{ "Medio": "efectivo", "Monto": 0 }] })), None);
    }
}
