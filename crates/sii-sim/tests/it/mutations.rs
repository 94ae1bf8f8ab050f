//! Twenty sound documents and envelopes, each with one rule broken, and the code the reference gives for it.

use crate::{
    client::{Boleta, Client, Dte, root},
    judging::channel,
    maker::{
        self, Caf, Change, Order, Signatory, Stage::*, boleta, change, credit_note, factura, wine_factura,
    },
};
use jiff::civil::date;
use sii_sim::Holder;

struct Mutation {
    name: &'static str,
    order: Order<'static>,
    /// Made to the set before it is signed, or to the file after.
    envelope: Vec<Change>,
    /// `SECCION-nivel-codigo`, or the state the envelope falls to with the parser's words.
    code: &'static str,
}

fn mutation(name: &'static str, order: Order<'static>, changes: &[Change], code: &'static str) -> Mutation {
    Mutation { name, order: order.with(changes), envelope: Vec::new(), code }
}

fn envelope(name: &'static str, changes: &[Change], code: &'static str) -> Mutation {
    Mutation { name, order: boleta(7), envelope: changes.to_vec(), code }
}

fn leaked<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn mutations() -> Vec<Mutation> {
    let old = leaked(Caf::of(33, 1, 1000, date(2025, 7, 14), "99999999-9"));
    let other = leaked(Signatory::new(&Holder { rut: "22222222-2".to_owned(), ..Holder::default() }));
    let doc = |from, to| change(Document, from, to);
    vec![
        mutation("a CAF of more than six months", Order { caf: old, ..factura(5) }, &[], "CAF-3-517"),
        mutation(
            "a CAF whose range was widened",
            boleta(7),
            &[change(Stamp, "<H>1000<", "<H>9999<")],
            "CAF-3-514",
        ),
        mutation(
            "a CAF of another authority",
            boleta(7),
            &[change(Stamp, "<IDK>999<", "<IDK>100<")],
            "CAF-3-516",
        ),
        mutation("a folio outside its CAF", boleta(1001), &[], "CAF-3-516"),
        mutation(
            "a stamp changed after its signature",
            boleta(7),
            &[change(Stamped, "<MNT>10784<", "<MNT>10785<")],
            "TED-2-510",
        ),
        mutation(
            "a stamp of another total",
            boleta(7),
            &[change(Stamp, "<MNT>10784<", "<MNT>10785<")],
            "TED-3-640",
        ),
        mutation(
            "a document changed after its signature",
            boleta(7),
            &[change(Signed, "Pan amasado", "Pan amasada")],
            "DTE-3-505",
        ),
        mutation(
            "a signature of somebody without permission",
            Order { signatory: other, ..factura(5) },
            &[],
            "ENV-3-6",
        ),
        mutation(
            "a factura without the receptor's giro",
            factura(5),
            &[doc("<GiroRecep>Servicios</GiroRecep>\n", "")],
            "ENV-3-0",
        ),
        mutation("a check digit that is wrong", factura(5), &[doc("77777777-7", "77777777-8")], "ENV-3-0"),
        mutation(
            "an activity that is not registered",
            factura(5),
            &[doc("<Acteco>472101", "<Acteco>111111")],
            "HED-3-861",
        ),
        mutation("a note without a reference", noted(), &[], "REF-3-415"),
        mutation(
            "a note that does not say what for",
            credit_note(2, 5),
            &[doc("<CodRef>1</CodRef>\n", "")],
            "REF-3-758",
        ),
        mutation("a note on a document nobody has", credit_note(2, 5), &[], "REF-3-750"),
        mutation(
            "a total that does not add up",
            wine_factura(5),
            &[doc("<MntTotal>41850", "<MntTotal>41851")],
            "HED-3-211",
        ),
        mutation(
            "an emission before the CAF",
            boleta(7),
            &[doc("<FchEmis>2026-01-15", "<FchEmis>2026-01-04")],
            "HED-3-305",
        ),
        envelope("a carátula to somebody else", &[change(Set, "60803000-K", "66666666-6")], "CRT-3-18"),
        envelope(
            "a carátula with another resolution",
            &[change(Set, "<NroResol>0", "<NroResol>80")],
            "CRT-3-19",
        ),
        envelope("a set changed after its signature", &[change(File, "<NroDTE>1<", "<NroDTE>2<")], "RFR"),
        envelope(
            "an envelope that does not name its schema",
            &[change(File, "xsi:schemaLocation", "xsi:schemalocation")],
            "SCH-00001",
        ),
        envelope(
            "a line that is too long",
            &[change(File, "</DTE>\n", leaked(format!("</DTE>{}\n", " ".repeat(4100))))],
            "CHR-00002",
        ),
        envelope(
            "an element the schema does not know",
            &[change(File, "</IdDoc>", "<Nuevo>1</Nuevo>\n</IdDoc>")],
            "LSX-00204",
        ),
    ]
}

fn noted() -> Order<'static> {
    let made = credit_note(2, 5).make();
    let reference = maker::between(&made, "<Referencia>", "</Referencia>").to_owned();
    credit_note(2, 5).with(&[change(Document, leaked(format!("\n<Referencia>{reference}</Referencia>")), "")])
}

#[test]
fn each_is_refused_with_the_code_of_the_reference() {
    let mutations = mutations();
    assert!(mutations.len() >= 20);
    for Mutation { name, order, envelope, code } in mutations {
        let client = Client::new();
        let file = maker::envelope(root(channel(&order)), &[(order.tipo, order.make())], &envelope);
        client.deliver_file(channel(&order), &maker::latin1(&file));
        client.wait(50);
        let ledger = client.sim.ledger_at(client.now());
        let document = &ledger.documents[0];
        assert_eq!(document.verdict, "rejected", "{name}: {:?}", document.reasons);
        assert!(
            document.reasons.iter().any(|reason| reason.contains(code)),
            "{name}: {code} is not in {:?}",
            document.reasons
        );
        let known = matches!(order.tipo, 39 | 41);
        assert_eq!(channel(&order), if known { Boleta } else { Dte });
    }
}

#[test]
fn unbroken_they_are_all_accepted() {
    for order in [boleta(7), factura(5), wine_factura(5)] {
        crate::judging::accepts(&order);
    }
}
