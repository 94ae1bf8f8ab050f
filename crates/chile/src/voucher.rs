//! What of a boleta the voucher of a card stands for, where the company declared to the SII that it does (Res. Ex.
//! SII 176/2020), and the sale that is left for a boleta when a card pays a part. What was declared is the engine's.

use serde_json::{Value, json};
use timbre_core::sale::TILL_BLOCK;
use timbre_core::{Amount, CardPart, Draft, Refusal, Refusals, Sale, TillData, Voucher};

use crate::draft::DteDraft;
use crate::means::{self, ELECTRONIC, by_card};
use crate::money::dotted;
use crate::sale;
use crate::tipo::Tipo;

/// What the boleta for the rest names; its description says the whole sale and the card's part. UNCONFIRMED: the
/// resolution and the SII's answers to questions say that what no card pays gets a boleta, and not which lines it
/// has. A company that was told otherwise sets that such sales are made in two.
const BALANCE: &str = "Saldo de la venta pagada en parte con tarjeta";

/// What cash rounding may put between the payments and the sale (Ley 20.956), where the till does not say it.
const ROUNDING: i128 = 5;

/// `MedioPago` of a boleta that says «electrónico» (formato boletas 4.2), as a sale may write it.
fn says_electronic(sale: &Sale) -> bool {
    let said = &sale::own(&sale.body)["Encabezado"]["IdDoc"]["MedioPago"];
    said.as_u64() == Some(ELECTRONIC.into()) || said.as_str().is_some_and(|text| text.trim() == "2")
}

/// Whether it needs to be asked at all: a voucher stands for a boleta and for nothing else; cash and transfers always
/// want one.
pub fn may_stand(tipo: Tipo, sale: &Sale) -> bool {
    tipo.is_boleta() && (sale.till.pagos.iter().any(by_card) || says_electronic(sale))
}

/// What a voucher stands for of a sale whose boleta would be this draft.
pub fn of(sale: &Sale, draft: &DteDraft) -> Result<Voucher, Refusals> {
    let (cards, others): (Vec<_>, Vec<_>) = sale.till.pagos.iter().cloned().partition(by_card);
    if cards.is_empty() {
        return Err(which_card().into());
    }
    let paid: i128 = cards.iter().map(|payment| i128::from(payment.monto.0)).sum();
    let (total, date) = (draft.total, draft.date());
    adds_up(&sale.till, total, others.is_empty())?;
    if paid >= i128::from(total.0) {
        return Ok(Voucher::Whole { series: draft.series(), total, date });
    }
    let Ok(paid @ 1..) = i64::try_from(paid) else { return Ok(Voucher::Nothing) };
    no_tip(&sale.till)?;
    one_kind(draft)?;
    let TillData { caja, cajero, turno, .. } = sale.till.clone();
    let by_card = TillData { pagos: cards, caja, cajero, turno, ..TillData::default() };
    let card = CardPart { date, total: Amount(paid), till: by_card, sale: sale.received.clone() };
    let till = TillData { pagos: others, ..sale.till.clone() };
    let body = rest(&sale::own(&sale.body), total, Amount(paid), &till);
    let mut said = body.clone();
    said[TILL_BLOCK] = serde_json::to_value(&till).expect("the till's data is plain JSON");
    let received = said.to_string().into();
    Ok(Voucher::Part(Box::new(Sale { body, till, received, card: Some(Box::new(card)), ..sale.clone() })))
}

/// The boleta says that it was paid by «electrónico», and nobody says by what card: besides the voucher it would
/// declare the sale twice.
fn which_card() -> Refusal {
    let message = "El medio de pago (MedioPago) dice que se pagó por medio electrónico, y la empresa declaró que el voucher reemplaza a la \
                   boleta: diga en Timbre.Pagos cuánto pagó la tarjeta (Medio «debito», «credito» o «prepago»), o \
                   corríjalo si no fue con tarjeta.";
    Refusal::new("voucher-payments", "Encabezado.IdDoc.MedioPago", message)
}

/// What the cards paid is what their vouchers declare, and the rest is the total less that: a wrong figure among the
/// payments would be declared. Cash alone is rounded (Ley 20.956).
fn adds_up(till: &TillData, total: Amount, cards_alone: bool) -> Result<(), Refusal> {
    let extra = |amount: Option<Amount>| i128::from(amount.map_or(0, |amount| amount.0));
    let paid: i128 = till.pagos.iter().map(|payment| i128::from(payment.monto.0)).sum();
    let paid = paid - extra(till.vuelto);
    let rounding = if cards_alone { 0 } else { extra(till.redondeo) };
    let due = i128::from(total.0) + extra(till.propina) + rounding;
    let most = if till.redondeo.is_none() && !cards_alone { ROUNDING } else { 0 };
    if (paid - due).abs() <= most && till.pagos.iter().all(|payment| payment.monto.0 >= 0) {
        return Ok(());
    }
    let message = format!(
        "El voucher de la tarjeta declara lo que ella pagó: los pagos menos el vuelto deben sumar lo mismo que la venta \
         con su propina y su redondeo ({due}), y suman {paid}. Corrija Pagos, Vuelto, Propina o Redondeo."
    );
    Err(Refusal::new("voucher-sum", format!("{TILL_BLOCK}.Pagos"), message))
}

/// Nobody says which payment has the tip in it: within the card's amount it would be taken for goods that the card
/// paid, and so much of the sale would be in no boleta.
fn no_tip(till: &TillData) -> Result<(), Refusal> {
    if till.propina.is_none_or(|tip| tip.0 == 0) {
        return Ok(());
    }
    let message = "Una parte se paga con tarjeta y hay propina: no se sabe con qué pago va. Cobre en dos ventas, una con \
                   lo que va con tarjeta y otra con el resto, y ponga la propina en una de ellas.";
    Err(Refusal::new("voucher-tip", format!("{TILL_BLOCK}.Propina"), message))
}

/// All of it has IVA, or all of it is exempt: else nothing says what of the rest is which.
fn one_kind(draft: &DteDraft) -> Result<(), Refusal> {
    let exempt = draft.tipo == Tipo::BoletaExenta;
    let strange = |line: &crate::tags::Group| match line.leaf("IndExe") {
        None => false,
        Some("1") => !exempt,
        Some(_) => true,
    };
    let totals = draft.totals();
    let more = ["MontoNF", "SaldoAnterior", "VlrPagar"].iter().any(|tag| !totals[*tag].is_null());
    if !more && !draft.document.groups("Detalle").any(strange) {
        return Ok(());
    }
    let message = "Una parte se paga con tarjeta, y la venta lleva a la vez productos afectos y exentos (u otros cobros): \
                   no se sabe cuáles paga la tarjeta. Cobre en dos ventas: una con lo que va con tarjeta y otra con el \
                   resto.";
    Err(Refusal::new("voucher-mixed-goods", "Detalle", message))
}

/// The sale that is left: what the header says stays, but for what it says of prices and totals; one line.
fn rest(whole: &Value, total: Amount, by_card: Amount, till: &TillData) -> Value {
    let mut header = whole["Encabezado"].clone();
    if let Some(header) = header.as_object_mut() {
        header.remove("Totales");
    }
    // The balance is what is to be paid, with IVA.
    if let Some(id) = header["IdDoc"].as_object_mut() {
        id.remove("IndMntNeto");
        id.remove("MntPagos");
        // The whole's may name the card. A large one must say it: then it is what the rest is paid with.
        if id.remove("MedioPago").is_some_and(|means| !means.is_null()) {
            id.insert("MedioPago".to_owned(), means::of_boleta(till).into());
        }
    }
    let text =
        format!("Venta por ${}; con tarjeta ${}, según su voucher", dotted(total.0), dotted(by_card.0));
    let line = json!({ "NmbItem": BALANCE, "DscItem": text, "QtyItem": 1, "PrcItem": total.0 - by_card.0 });
    let mut sale = json!({ "Encabezado": header, "Detalle": [line] });
    if !whole["Referencia"].is_null() {
        sale["Referencia"] = whole["Referencia"].clone();
    }
    sale
}
