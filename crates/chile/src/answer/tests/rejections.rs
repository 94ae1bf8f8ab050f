//! What rejections are taken to mean: of an envelope, of a document in it, and of one that was asked about.

use super::parcels::{boleta, counts, processed, remark, settled, told};
use super::*;
use timbre_core::Verdict;

/// Seven boletas in seven uploads were each rejected for the shop's resolution (CRT-3-19), and all were spent.
#[test]
fn a_fault_of_the_caratula_told_of_each_document_is_no_documents_fault() {
    let told = |accepted: u32, errors: &str| {
        let of = |folio: u64| format!(r#"{{"tipo":39,"folio":{folio},"estado":"RCH","error":[{errors}]}}"#);
        let details = [of(1), of(2)].join(",");
        let text = format!(
            r#"{{"estado":"EPR","estadistica":[{{"tipo":39,"informados":{},"aceptados":{accepted},"rechazados":2,"reparos":0}}],"detalle_rep_rech":[{details}]}}"#,
            2 + accepted
        );
        let sent: Vec<_> = (1..=u64::from(2 + accepted)).map(|folio| (39, folio)).collect();
        settled(&sent, &processed(boleta(&text)), true)
    };
    let resolution = r#"{"seccion":"CRT","nivel":3,"codigo":19}"#;
    let rights = r#"{"seccion":"ENV","nivel":3,"codigo":6}"#;
    let own = r#"{"seccion":"HED","nivel":3,"codigo":305}"#;
    let light = r#"{"seccion":"HED","nivel":1,"codigo":863}"#;
    assert_eq!(told(0, resolution), vec!["fallen AskByProbe Envelope CRT-3-19"; 2]);
    assert_eq!(told(0, rights), vec!["fallen AskByProbe Envelope ENV-3-6"; 2]);
    assert_eq!(
        told(0, &[resolution, light].join(",")),
        vec!["fallen AskByProbe Envelope CRT-3-19 HED-1-863"; 2]
    );
    // A fault of its own besides; and one of the carátula with which another document passed.
    assert_eq!(told(0, &[resolution, own].join(",")), vec!["rejected AskByProbe CRT-3-19 HED-3-305"; 2]);
    assert_eq!(told(1, resolution)[..2], vec!["rejected AskByProbe CRT-3-19"; 2]);
}

#[test]
fn asking_about_each_must_agree_with_the_counts() {
    let sent = [(33, 1), (33, 2), (61, 1)];
    let answers = |codes: &[(usize, &str)]| {
        codes.iter().map(|(at, code)| (*at, (*code).to_owned())).collect::<Vec<_>>()
    };
    let of = |lines: &[Count], codes: &[(usize, &str)], last| {
        let Concluded { verdicts, open } = conclude(&sent, lines, &answers(codes), Uploads::One, last);
        let told = verdicts.iter().map(|(at, verdict)| format!("{at} {}", told(verdict)));
        told.chain(open.then(|| "ask again".to_owned())).collect::<Vec<_>>()
    };
    let lines = counts(&[(33, 2, 1, 1, 0)]);
    let check = |codes: &[(usize, &str)], last| of(&lines, codes, last);
    let one = ["0 accepted".to_owned(), "1 rejected AskByProbe RCH".to_owned()];
    assert_eq!(check(&[(0, "DOK"), (1, "FAU")], false), one);
    assert_eq!(check(&[(0, "FIRMA SI"), (1, "FAU")], false), one);
    // One of them was rejected, and both are there: nobody knows which.
    assert_eq!(check(&[(0, "FIRMA SI"), (1, "FIRMA SI")], true), ["0 unknown", "1 unknown", "ask again"]);
    // One of them was rejected, and data alone don't tell which is another's.
    assert_eq!(check(&[(0, "DOK"), (1, "DOK")], false), ["ask again"]);
    assert_eq!(check(&[(0, "FIRMA SI"), (1, "DOK")], false), ["ask again"]);
    assert_eq!(check(&[(0, "FIRMA SI"), (1, "FIRMA 9")], true), ["0 accepted", "1 unknown", "ask again"]);
    assert_eq!(
        check(&[(0, "FIRMA SI"), (1, "FIRMA NO")], false),
        ["0 accepted", "1 rejected Taken FIRMA NO"]
    );
    // The twin is the rejected one, and the accepted one is not in the tables yet: they were told the other way round.
    assert_eq!(check(&[(0, "FAU"), (1, "FIRMA NO")], false), ["1 twin FIRMA NO", "ask again"]);
    // More are missing than were rejected: not in the tables yet.
    assert_eq!(check(&[(0, "FAU"), (1, "FAU")], false), ["ask again"]);
    assert_eq!(check(&[(0, "FAU"), (1, "FAU")], true), ["0 unknown", "1 unknown", "ask again"]);
    assert_eq!(check(&[(0, "DNK"), (1, "FAN")], false), ["0 conflict DNK", "1 rejected Annulled FAN"]);
    // The one that was rejected may be the one with other data, or with a folio that is no good. What is certain of
    // them is said at once.
    assert_eq!(check(&[(0, "DNK"), (1, "FAU")], false), ["0 conflict DNK", "ask again"]);
    assert_eq!(check(&[(0, "FAU"), (1, "FNA")], false), ["1 rejected Ungranted FNA", "ask again"]);
    assert_eq!(check(&[(0, "FAN"), (1, "FAU")], true), ["0 rejected Annulled FAN", "1 unknown", "ask again"]);
    // All were rejected, whatever is said of each.
    let all = counts(&[(33, 2, 0, 2, 0)]);
    for there in ["FIRMA SI", "DOK", "FIRMA 9"] {
        let both = ["0 rejected AskByProbe RCH", "1 rejected AskByProbe RCH"];
        assert_eq!(of(&all, &[(0, there), (1, "FAU")], false), both, "{there}");
    }
    assert_eq!(
        of(&all, &[(0, "DNK"), (1, "FAU")], false),
        ["0 rejected Taken DNK", "1 rejected AskByProbe RCH"]
    );
    // A type without counts: there, with objections or without, or not yet.
    assert_eq!(check(&[(2, "FAU")], false), ["ask again"]);
    assert_eq!(check(&[(2, "DOK")], false), ["2 accepted untold"]);
}

/// The answer to the first upload was lost, the SII's tables were late, and of the second it said "all rejected" (it had
/// them: DTE-3-100, which the channel of facturas does not name) and "not received": they were taken for rejected.
#[test]
fn of_what_left_more_than_once_the_last_upload_proves_no_rejection_while_the_first_may_be_there() {
    let sent = [(33, 1), (33, 2)];
    let of = |line, codes: [&str; 2], uploads| {
        let answers: Vec<_> = codes.iter().map(|code| (*code).to_owned()).enumerate().collect();
        let Concluded { verdicts, open } = conclude(&sent, &counts(&[line]), &answers, uploads, false);
        let told = verdicts.iter().map(|(at, verdict)| format!("{at} {}", told(verdict)));
        told.chain(open.then(|| "ask again".to_owned())).collect::<Vec<_>>()
    };
    let (all, some) = ((33, 2, 0, 2, 0), (33, 2, 1, 1, 0));
    use Uploads::{More, MoreLongAgo, One};
    let both = vec!["0 rejected AskByProbe RCH", "1 rejected AskByProbe RCH"];
    for (uploads, verdict) in [(One, &both), (More, &vec!["ask again"]), (MoreLongAgo, &both)] {
        assert_eq!(&of(all, ["FAU", "FAU"], uploads), verdict, "{uploads:?}");
    }
    // What is there came in the first; what is not may have, too.
    assert_eq!(of(all, ["FIRMA SI", "FAU"], More), ["0 accepted untold", "ask again"]);
    assert_eq!(of(all, ["FIRMA SI", "FAU"], MoreLongAgo), ["0 accepted untold", "1 rejected AskByProbe RCH"]);
    assert_eq!(of(all, ["FIRMA SI", "FIRMA SI"], More), ["0 accepted untold", "1 accepted untold"]);
    assert_eq!(
        of(all, ["DOK", "DNK"], More),
        ["1 rejected Taken DNK", "ask again"],
        "a twin's data are there, too"
    );
    // Where this one brought something new the first did not arrive.
    assert_eq!(of(some, ["FIRMA SI", "FAU"], More), ["0 accepted untold", "1 rejected AskByProbe RCH"]);
    assert_eq!(of(some, ["FIRMA SI", "FIRMA SI"], More), ["0 accepted untold", "1 accepted untold"]);
    // It is seen by what is in the tables, of that very type.
    assert_eq!(of(some, ["FAU", "FAU"], More), ["ask again"]);
    let (sent, lines) = ([(33, 1), (52, 2)], counts(&[(33, 1, 0, 1, 0), (52, 1, 1, 0, 0)]));
    let answers = [(0, "FAU".to_owned()), (1, "FIRMA SI".to_owned())];
    assert!(conclude(&sent, &lines, &answers, More, false).open);
}

/// The mail with reasons comes of facturas alone.
#[test]
fn a_rejection_without_its_reason_sends_nobody_of_a_boleta_to_the_mail() {
    let told = |kind| {
        let counted = counts(&[(kind, 1, 0, 1, 0)]);
        let answers = [(0, "FAU".to_owned())];
        let concluded = conclude(&[(kind, 1)], &counted, &answers, Uploads::One, false);
        let fallen = reject_all(&[(kind, 1)], "RCH", &[]).into_iter().next().unwrap();
        [concluded.verdicts[0].1.clone(), fallen].map(|verdict| match verdict {
            Verdict::Rejected { reasons, .. } | Verdict::Fallen { reasons, .. } => {
                (reasons[0].code.clone(), reasons[0].meaning.contains("correo"))
            }
            other => panic!("{other:?}"),
        })
    };
    for (kind, mail) in [(33, true), (52, true), (39, false), (41, false)] {
        assert_eq!(told(kind), [("RCH".to_owned(), mail), ("RCH".to_owned(), mail)], "{kind}");
    }
    let text = r#"{"estado":"EPR","estadistica":[{"tipo":39,"informados":1,"aceptados":0,"rechazados":1,"reparos":0}],"detalle_rep_rech":[{"tipo":39,"folio":1,"estado":"RCH","descripcion":"DTE Rechazado"}]}"#;
    let details = processed(boleta(text)).details.unwrap();
    assert!(!details[0].remarks[0].meaning.contains("correo"));
    assert_eq!(details[0].remarks[0].words, "DTE Rechazado");
}

/// Of four facturas three were accepted. The rejected one had its folio at the SII with other data (DNK), and one that
/// was accepted was not in the tables yet (FAU): it was taken for rejected.
#[test]
fn what_uses_up_the_count_of_the_rejected_proves_no_other_rejection() {
    let sent = [(33, 4), (33, 5), (33, 6), (33, 7)];
    let lines = counts(&[(33, 4, 3, 1, 0)]);
    let asked = |codes: [&str; 4], last| {
        let answers: Vec<_> = codes.iter().map(|code| (*code).to_owned()).enumerate().collect();
        let Concluded { verdicts, open } = conclude(&sent, &lines, &answers, Uploads::One, last);
        (verdicts.iter().map(|(at, verdict)| format!("{at} {}", told(verdict))).collect::<Vec<_>>(), open)
    };
    for (other, verdict) in
        [("DNK", "1 conflict DNK"), ("FNA", "1 rejected Ungranted FNA"), ("FAN", "1 rejected Annulled FAN")]
    {
        let certain = ["0 accepted", verdict, "3 accepted"];
        assert_eq!(
            asked(["DOK", other, "FAU", "FIRMA SI"], false),
            (certain.map(str::to_owned).to_vec(), true),
            "{other}"
        );
        let (told, open) = asked(["DOK", other, "FAU", "DOK"], true);
        assert_eq!((told[2].as_str(), open), ("2 unknown", true), "{other}");
    }
    // Fewer are missing than were rejected: which of the others came in this upload is not said.
    let two = counts(&[(33, 4, 2, 2, 0)]);
    let answers: Vec<_> = ["DOK", "DOK", "DOK", "FAU"].iter().map(|c| (*c).to_owned()).enumerate().collect();
    assert!(conclude(&sent, &two, &answers, Uploads::One, false).open);
}

#[test]
fn an_envelope_rejected_whole_takes_every_document_with_it() {
    // LIVE 2026-06-10.
    let text = r#"{"estado":"RSC","detalle_rep_rech":[{"estado":"RCH","descripcion":"DTE Rechazado","error":[{"seccion":"ENV","descripcion":"Error en Schema","detalle":"CHR-00002: Line too long (4090)"}]}]}"#;
    let Progress::Rejected { code, details } = boleta(text) else { panic!() };
    let verdicts = reject_all(&[(39, 1), (39, 2)], &code, &details);
    assert_eq!(
        verdicts.iter().map(told).collect::<Vec<_>>(),
        vec!["fallen FreeForSame Documents RSC CHR-00002"; 2]
    );
    assert!(
        matches!(&verdicts[0], Verdict::Fallen { reasons, .. } if reasons[1].words == "Error en Schema. CHR-00002: Line too long (4090)")
    );
    // A document's own fault is its own.
    let own = |folio| Detail {
        kind: None,
        folio: Some(folio),
        state: "RCH".to_owned(),
        remarks: vec![remark("DTE-3-505")],
    };
    let verdicts = reject_all(&[(39, 1), (39, 2)], "RFR", &[own(2)]);
    assert_eq!(
        verdicts.iter().map(told).collect::<Vec<_>>(),
        ["fallen FreeForSame Documents RFR", "fallen FreeForSame Documents RFR DTE-3-505"]
    );
    let verdicts = reject_all(&[(39, 1)], "RCO", &[]);
    assert_eq!(told(&verdicts[0]), "fallen AskByProbe Documents RCO");
    // The carátula and the sender's rights are no document's fault.
    assert_eq!(told(&reject_all(&[(39, 1)], "RCT", &[])[0]), "fallen FreeForSame Envelope RCT");
    for (how, code, expect) in [
        // A person reads the first.
        ("RSC", "CRT-3-19", "Envelope CRT-3-19 RSC"),
        ("RCT", "CRT-3-11", "Envelope CRT-3-11 RCT"),
        ("RSC", "ENV-3-6", "Envelope ENV-3-6 RSC"),
        ("RSC", "ENV-3-0", "Documents RSC ENV-3-0"),
    ] {
        let of_envelope = Detail { folio: None, remarks: vec![remark(code)], ..own(1) };
        let told = told(&reject_all(&[(39, 1)], how, &[of_envelope])[0]);
        assert_eq!(told, format!("fallen FreeForSame {expect}"));
    }
}

/// A parcel of one was rejected whole for DTE-3-100, and the document that the SII had was taken for rejected.
#[test]
fn an_envelope_rejected_for_what_the_sii_has_already_rejects_nothing() {
    let whole = |state: &str, number: u32, folio: &str, many: u64| {
        let text = format!(
            r#"{{"estado":"{state}","estadistica":null,"detalle_rep_rech":[{{{folio}"estado":"RCH","error":[{{"seccion":"DTE","nivel":3,"codigo":{number}}}]}}]}}"#
        );
        let Progress::Rejected { code, details } = boleta(&text) else { panic!("{text}") };
        let sent: Vec<_> = (1..=many).map(|folio| (39, folio)).collect();
        reject_all(&sent, &code, &details).iter().map(told).collect::<Vec<_>>()
    };
    for state in ["RCH", "RCO", "RSC", "RFR"] {
        assert_eq!(whole(state, 100, "", 1), ["there"], "{state}");
        assert_eq!(whole(state, 101, "", 1), ["rejected Taken DTE-3-101"], "{state}");
        // Whose it is is not said: each is asked about.
        assert_eq!(whole(state, 100, "", 2), ["there", "there"], "{state}");
        assert_eq!(whole(state, 101, "", 2), ["there", "there"], "{state}");
    }
    let others = "fallen FreeForSame Documents RSC".to_owned();
    assert_eq!(whole("RSC", 100, "\"folio\":2,", 2), [others.clone(), "there".to_owned()]);
    assert_eq!(whole("RSC", 101, "\"folio\":2,", 2), [others, "rejected Taken DTE-3-101".to_owned()]);
    // What else is told of the folio is heard, too.
    assert_eq!(whole("RCH", 601, "", 1), ["fallen Annulled Documents RCH DTE-3-601"]);
    assert_eq!(whole("RCH", 505, "", 1), ["fallen AskByProbe Documents RCH DTE-3-505"]);
}
