use super::*;
use crate::answer;

/// Codes of the SII's manuals and of its answers seen in practice that Timbre's tables of answers
/// need not act on, but a person may meet.
const OTHERS: &str = "STATUS 0|RTC 0|RTC 1|RTC 2|RTC 4|RTC 5|RTC 6|RTC 9|RTC 10|\
    LOK|LSO|LTC|LNC|LRH|LRC|LRF|DTE-3-100|DTE-3-101|DTE-3-505|DTE-3-601|DTE-1-650|CAF-3-514|CAF-3-516|CAF-3-517|CRT-3-11|\
    CRT-3-18|CRT-3-19|HED-3-305|HED-3-861|HED-1-863|HED-3-211|HED-1-232|HED-2-300|HED-2-302|HED-2-804|REF-3-750|REF-3-415|\
    REF-3-758|REF-3-751|REF-2-780|REF-2-781|ENV-3-0|ENV-3-6|TED-3-640|TED-2-510|TED-1-646|TED-1-647|SCH-00001|LSX-00213|\
    LSX-00265|LSX-00290|LSX-00291|LPX-00007|CHR-00002|SRH|SEMILLA -1|SEMILLA -2|HTTP 400|HTTP 401|HTTP 404|HTTP 405|HTTP 429|\
    HTTP 500|HTTP 503|SIN RESPUESTA|SIN SIMULADOR|SOBRE DISTINTO|SIN SEMILLA|SIN TOKEN|ILEGIBLE|FIRMA NO|ESTADO -11 ERR 1|\
    ESTADO -11 ERR 2|NCA|ENC|PAG";

fn all() -> Vec<Word> {
    TABLES.iter().flat_map(|table| table.iter().copied()).collect()
}

#[test]
fn every_code_has_its_word() {
    let others = OTHERS.split('|').map(|code| code.trim().to_owned());
    let known = |code: &str| all().iter().any(|word| word.code == code);
    let missing: Vec<String> = answer::codes().chain(others).filter(|code| !known(code)).collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn sentences_are_whole_and_codes_stand_once() {
    let all = all();
    let whole = |text: &str| text.ends_with('.') && text.starts_with(|c: char| c.is_uppercase());
    for word in &all {
        assert!(whole(word.sentence) && word.sentence.len() > 15, "{word:?}");
        assert!(whole(word.whose.words()) && whole(word.number.words()), "{word:?}");
        assert!(whole(word.action.words()) && word.action.steps().iter().all(|step| whole(step)), "{word:?}");
        assert_eq!(all.iter().filter(|other| other.code == word.code).count(), 1, "{word:?}");
    }
}

#[test]
fn a_remark_bears_its_advice_in_words_of_its_own() {
    let advice = remark("HED-3-211", "").advice.expect("every code has one");
    assert_eq!((advice.whose.word.as_str(), advice.action.text.as_str()), ("sale", Action::Mend.words()));
    let unknown = remark("NADA", "").advice.expect("an unknown code too");
    assert_eq!((unknown.whose.word.as_str(), unknown.number.word.as_str()), ("unknown", "ask"));
    assert_eq!((Action::NewFolio.word(), Action::CompanyData.word()), ("new-folio", "company-data"));
}

/// The four answers about one code do not contradict each other.
#[test]
fn advice_is_of_one_piece() {
    for word in all() {
        let Word { code, whose, number, action, .. } = word;
        let idle = matches!(action, Action::Nothing | Action::Wait);
        match whose {
            Whose::Nobody | Whose::Sii => assert!(idle || code == "RECLAMO 8", "{word:?}"),
            Whose::Timbre => {
                assert!(matches!(action, Action::Support | Action::Restart | Action::Mend), "{word:?}")
            }
            Whose::Line | Whose::Company | Whose::Sale | Whose::Folios => {}
            Whose::Unknown => panic!("{word:?} is known"),
        }
        // A burnt folio is never waited for, and a document that is there is not issued again.
        assert!(number != Number::Burnt || !idle, "{word:?}");
        assert!(number != Number::Used || !matches!(action, Action::Mend | Action::NewFolio), "{word:?}");
        // Never a credit note for a document that was rejected (REF-3-750).
        assert!(action != Action::CreditNote || number == Number::Used, "{word:?}");
    }
    for action in [Action::Permission, Action::Registration, Action::Caf] {
        assert!(action.steps().len() >= 3, "{action:?}");
    }
}

/// What the tables of answers do to a folio is what is said of it.
#[test]
fn a_folios_fate_is_told_as_it_is_decided() {
    use crate::answer::{Held, classify};
    for code in answer::document_states() {
        let fates: &[Number] = match classify(&code, "") {
            Held::Same { .. } => &[Number::Used],
            Held::Absent(_) => &[Number::Free],
            Held::Void(..) | Held::Differs(_) => &[Number::Burnt],
            Held::NoPass(_) | Held::Refused(_) | Held::Later(_) => &[Number::Apart],
        };
        let named =
            if code.starts_with(char::is_alphabetic) { code.clone() } else { format!("ESTADO {code}") };
        assert!(fates.contains(&advice(&named).1), "{code}: {:?}", advice(&named));
    }
    for code in ["RSC", "RFR", "RCT", "STATUS 7", "STATUS 8"] {
        assert_eq!(advice(code).1, Number::Free, "{code}");
    }
}

#[test]
fn an_unknown_code_is_said_to_be_unknown() {
    assert!(meaning("XYZ").contains("no conoce"));
    assert_eq!(advice("XYZ"), (Whose::Unknown, Number::Ask, Action::Accountant));
    assert!(meaning("DET-3-999").starts_with("El SII rechazó el documento (DET-3-999)"));
    assert!(meaning("DET-1-999").starts_with("El SII aceptó el documento con un reparo leve"));
    assert!(meaning("DET-2-999").starts_with("El SII aceptó el documento con un reparo (DET-2-999)"));
    assert_eq!(advice("DET-1-999").1, Number::Used);
    assert_eq!(advice("DET-3-999").1, Number::Ask);
    assert_eq!(meaning(""), "El SII no dio un código. Lea sus palabras.");
    // What is not SECCION-nivel-codigo has no level.
    for code in ["DTE-1-650-1", "DTE-x-650", "DTE-1-x", "DTE--650", "DTE-1-", "DTE-1", "LSX-99999"] {
        assert_eq!(advice(code), (Whose::Unknown, Number::Ask, Action::Accountant), "{code}");
        assert!(meaning(code).starts_with(&format!("El SII respondió {code}.")), "{code}");
    }
    // The same number in another section is another fault.
    assert_ne!(meaning("TED-2-650"), meaning("DTE-1-650"));
    assert!(!meaning("").is_empty());
    // The level may differ from the one in the table.
    assert_eq!(meaning("DTE-2-650"), meaning("DTE-1-650"));
    assert_eq!(advice("HED-1-211").1, Number::Used);
}
