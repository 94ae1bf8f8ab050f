use super::*;
use crate::answer;

/// Codes of the SII's manuals and of its answers seen in practice that Timbre's tables of answers
/// need not act on, but a person may meet.
const OTHERS: &str = "STATUS 0|CORREO 0|CORREO 101|CORREO 102|CORREO 103|CORREO 104|CORREO 105|CORREO 106|CORREO 107|\
    CORREO 108|CORREO 110|CORREO 111|CORREO 112|CORREO 113|CORREO 114|RTC 0|RTC 1|RTC 2|RTC 4|RTC 5|RTC 6|RTC 9|RTC 10|\
    LOK|LSO|LTC|LNC|LRH|LRC|LRF|DTE-3-100|DTE-3-101|DTE-3-505|DTE-3-601|DTE-1-650|CAF-3-514|CAF-3-516|CAF-3-517|CRT-3-11|\
    CRT-3-18|CRT-3-19|HED-3-305|HED-3-861|HED-1-863|HED-3-211|HED-1-232|HED-2-300|HED-2-302|HED-2-804|REF-3-750|REF-3-415|\
    REF-3-758|REF-3-751|REF-2-780|REF-2-781|ENV-3-0|ENV-3-6|TED-3-640|TED-2-510|TED-1-646|TED-1-647|SCH-00001|LSX-00213|\
    LSX-00265|LSX-00290|LSX-00291|LPX-00007|CHR-00002|SRH|SEMILLA -1|SEMILLA -2|HTTP 400|HTTP 401|HTTP 404|HTTP 405|HTTP 429|\
    HTTP 500|HTTP 503|SIN RESPUESTA|SIN SIMULADOR|SOBRE DISTINTO|FIRMA NO";

#[test]
fn every_code_has_a_sentence_of_its_own() {
    let others = OTHERS.split('|').map(|code| code.trim().to_owned());
    let missing: Vec<String> = answer::codes().chain(others).filter(|code| known(code).is_none()).collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn sentences_are_whole_and_codes_stand_once() {
    let all: Vec<_> = TABLES.iter().flat_map(|table| table.iter()).collect();
    for (code, sentence) in &all {
        assert!(sentence.ends_with('.') && sentence.len() > 15, "{code}: {sentence}");
        assert!(sentence.starts_with(char::is_uppercase), "{code}: {sentence}");
        assert_eq!(all.iter().filter(|(c, _)| c == code).count(), 1, "{code}");
    }
}

#[test]
fn an_unknown_code_is_said_to_be_unknown() {
    assert!(meaning("XYZ").contains("no conoce"));
    assert!(meaning("DET-3-999").starts_with("El SII rechazó el documento (DET-3-999)"));
    assert!(meaning("DET-1-999").starts_with("El SII aceptó el documento con un reparo leve"));
    assert!(!meaning("").is_empty());
    // The level may differ from the one in the table.
    assert_eq!(meaning("DTE-2-650"), meaning("DTE-1-650"));
}
