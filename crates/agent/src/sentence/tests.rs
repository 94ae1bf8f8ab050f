use timbre_core::{Remark, Weight};

use super::*;
use crate::view::SpanView;

const NOW: Timestamp = Timestamp::constant(1_000_000, 0);

const fn law(series: &'static str, instead: &'static [(&'static str, &'static str)]) -> Kind {
    Kind { series, name: "", term: None, weight: Weight::Sale, instead }
}

/// A boleta's place is a factura's, and a factura's a boleta's; what is exempt stands apart.
static KINDS: [Kind; 2] = [law("Boleta", &[("Factura", "con RUT")]), law("Factura", &[("Boleta", "sin él")])];

fn calm() -> Situation<'static> {
    Situation {
        authority: "SII",
        now: NOW,
        missing: &[],
        stopped: None,
        locked: false,
        unsigned: None,
        folios: &[],
        kinds: &KINDS,
        troubles: &[],
        counters: Counters { queued: 14, ..Counters::default() },
        unprinted: 0,
        lines: &[],
        paused: false,
        term: None,
        to_annul: 0,
        forecast: None,
        low: &[],
        ends: None,
    }
}

fn kind(name: &str, left: u64, expired: u64) -> FoliosView {
    let range = |left, expired| RangeView {
        first: 1,
        last: 9,
        next: 1,
        left,
        authorised: "2026-01-01".into(),
        expires: None,
        expired,
        stopped: None,
        annulled: false,
        lent_first: 1,
        lent_last: 9,
        skipped: Vec::new(),
    };
    let ranges = vec![range(left, false), range(expired, true)];
    FoliosView {
        series: name.into(),
        name: name.into(),
        left,
        next: None,
        runs_out: None,
        expiring: false,
        weekly: None,
        days: Vec::new(),
        sells: !name.starts_with("Nota"),
        low: false,
        ranges,
    }
}

fn down(seconds: i64, why: &str) -> Line {
    let since = Timestamp::constant(1_000_000 - seconds, 0);
    Line::Down { since, next_look: NOW, why: why.into(), tries: 1 }
}

/// A channel that is well, and one whose deliveries have a line like this.
fn delivers(line: Line) -> [Lines; 2] {
    [Lines::UP, Lines { deliveries: line, ..Lines::UP }]
}

#[track_caller]
fn says(situation: &Situation<'_>, mood: Mood, text: &str) {
    let said = sentence(situation);
    assert_eq!((said.mood, said.text.as_str()), (mood, text));
}

#[test]
fn one_type_without_folios_does_not_stop_the_others() {
    let boletas = [kind("Boleta", 0, 0), kind("Factura", 3, 0)];
    let text = "No quedan folios de boleta: puede seguir vendiendo con factura con RUT";
    says(&Situation { folios: &boletas, ..calm() }, Mood::Attention, text);
    let expired = [kind("Boleta", 90, 0), kind("Factura", 0, 5)];
    let text = "Vencieron los folios de factura: puede seguir vendiendo con boleta sin él";
    says(&Situation { folios: &expired, ..calm() }, Mood::Attention, text);
    let none = [kind("Boleta", 0, 0), kind("Factura", 0, 5)];
    let text = "Detenido: no quedan folios de boleta ni de factura. Cargue un CAF nuevo";
    says(&Situation { folios: &none, ..calm() }, Mood::Stopped, text);
}

#[test]
fn what_is_named_to_sell_with_may_take_the_place_of_what_is_spent() {
    let kinds = ["Boleta", "Factura", "Factura exenta", "Boleta exenta", "Otra", "Nota de crédito"];
    let mut all: Vec<_> = kinds.map(|name| kind(name, 9, 0)).into();
    all[0].left = 0;
    let text = "No quedan folios de boleta: puede seguir vendiendo con factura con RUT";
    says(&Situation { folios: &all, ..calm() }, Mood::Attention, text);
    // The shop goes on with what it sells by other documents, and nobody is told to use one for another.
    all[1].left = 0;
    let text = "No quedan folios de boleta ni de factura. Cargue un CAF nuevo";
    says(&Situation { folios: &all, ..calm() }, Mood::Attention, text);
    let notes = [kind("Boleta", 0, 0), kind("Nota de crédito", 3, 0)];
    let text = "Detenido: no quedan folios de boleta. Cargue un CAF nuevo";
    says(&Situation { folios: &notes, ..calm() }, Mood::Stopped, text);
    let notes = [kind("Boleta", 3, 0), kind("Nota de crédito", 0, 0)];
    let text = "No quedan folios de nota de crédito: puede seguir vendiendo. Cargue un CAF nuevo";
    says(&Situation { folios: &notes, ..calm() }, Mood::Attention, text);
}

#[test]
fn folios_that_are_stopped_are_not_said_to_be_used_up() {
    let mut stopped = kind("Boleta", 9, 0);
    stopped.left = 0;
    stopped.ranges[0].stopped = Some("el SII los tiene anulados".into());
    let text =
        "Detenido: están detenidos los folios que quedan de boleta. Vea por qué en Folios, y cargue otro CAF";
    says(&Situation { folios: &[stopped.clone()], ..calm() }, Mood::Stopped, text);
    let text = "Están detenidos los folios que quedan de boleta: puede seguir vendiendo con factura con RUT";
    says(&Situation { folios: &[stopped, kind("Factura", 3, 0)], ..calm() }, Mood::Attention, text);
}

#[test]
fn what_can_not_be_signed_stops_the_sale() {
    let unsigned = Some("El certificado digital venció el 07-12-2026. Cargue uno vigente.");
    let text = "Detenido: el certificado digital venció el 07-12-2026. Cargue uno vigente";
    says(&Situation { unsigned, ..calm() }, Mood::Stopped, text);
    let ends = Some((Date::constant(2026, 12, 7), 12));
    let text =
        "Puede seguir vendiendo. El certificado digital vence en 12 días, el 07-12-2026: renuévelo antes";
    says(&Situation { ends, ..calm() }, Mood::Attention, text);
}

#[test]
fn a_line_is_told_to_be_down_after_ten_seconds_and_which_one() {
    let on_the_way = "Puede seguir vendiendo. 14 documentos en camino";
    says(&Situation { lines: &delivers(down(9, NO_INTERNET)), ..calm() }, Mood::Calm, on_the_way);
    for (why, text) in [
        (NO_NETWORK, "Este equipo no tiene red: puede seguir vendiendo. 14 por enviar"),
        (NO_INTERNET, "Sin internet: puede seguir vendiendo. 14 por enviar"),
        (
            "no respondió a tiempo",
            "Sin conexión con el SII (no respondió a tiempo): puede seguir vendiendo. 14 por enviar",
        ),
    ] {
        says(&Situation { lines: &delivers(down(10, why)), ..calm() }, Mood::Waiting, text);
    }
}

#[test]
fn folios_that_were_passed_over_are_a_task_until_somebody_looked() {
    let mut boletas = [kind("Boleta", 5, 0)];
    boletas[0].ranges[0].skipped = vec![SpanView { first: 3, last: 3, lost: false }];
    let text = "Puede seguir vendiendo; falta revisar 1 folio que se saltó al desbloquear la emisión";
    says(&Situation { folios: &boletas, ..calm() }, Mood::Attention, text);
    boletas[0].ranges[1].skipped = vec![SpanView { first: 10, last: 1_009, lost: false }];
    let text = "Puede seguir vendiendo; falta revisar 1.001 folios que se saltaron al desbloquear la emisión";
    says(&Situation { folios: &boletas, ..calm() }, Mood::Attention, text);
    boletas[0].ranges[0].skipped[0].lost = true;
    let both = format!("{text} o que faltan en el registro dañado");
    says(&Situation { folios: &boletas, ..calm() }, Mood::Attention, &both);
    boletas[0].ranges[1].skipped.clear();
    let text = "Puede seguir vendiendo; falta revisar 1 folio que falta en el registro dañado";
    says(&Situation { folios: &boletas, ..calm() }, Mood::Attention, text);
}

#[test]
fn a_term_that_presses_comes_before_what_can_wait() {
    let lines = delivers(down(60, NO_INTERNET));
    let counters = Counters { problem: 2, ..calm().counters };
    let half = Situation { term: Some((50, "va la mitad")), ..calm() };
    says(&half, Mood::Waiting, "va la mitad");
    let offline = "Sin internet: puede seguir vendiendo. 14 por enviar";
    says(&Situation { lines: &lines, ..half }, Mood::Waiting, offline);
    let pressing = Situation { term: Some((80, "queda poco")), lines: &lines, counters, ..calm() };
    says(&pressing, Mood::Attention, "queda poco");
    let over = Situation { term: Some((100, "Pasó")), ..pressing };
    says(&over, Mood::Attention, "Pasó. Revise la conexión y reenvíe");
}

#[test]
fn trouble_at_a_door_by_which_tills_sell_is_not_all_is_well() {
    let one = ["La carpeta de entrada no se puede usar: permisos.".to_owned()];
    let text = "La carpeta de entrada no se puede usar: permisos";
    says(&Situation { troubles: &one, ..calm() }, Mood::Attention, text);
    let two = [one[0].clone(), "Los tokens se perdieron.".to_owned()];
    says(&Situation { troubles: &two, ..calm() }, Mood::Attention, &format!("{text} (y 1 más)"));
}

#[test]
fn what_is_foreseen_is_told_where_nothing_is_wrong() {
    let low = [low("39")];
    let foreseen = Situation { forecast: Some("a las 21:10"), ..calm() };
    let text = "Puede seguir vendiendo. 14 documentos en camino: todo enviado a las 21:10";
    says(&foreseen, Mood::Calm, text);
    let text = "Puede seguir vendiendo. Se acaban los 39 el sábado a las 18:40: cargue un CAF nuevo";
    says(&Situation { low: &low, ..foreseen }, Mood::Attention, text);
}

/// What there is to say of a type that runs out soon.
fn low(series: &str) -> (String, String) {
    (series.to_owned(), format!("Se acaban los {series} el sábado a las 18:40"))
}

#[test]
fn nothing_but_a_stop_hides_that_folios_run_out_or_the_certificate_ends() {
    let one = [low("39")];
    let ends = Some((Date::constant(2026, 12, 7), 12));
    let foreseen = || Situation { low: &one, ends, ..calm() };
    let soon = "Se acaban los 39 el sábado a las 18:40: cargue un CAF nuevo. \
                El certificado digital vence en 12 días, el 07-12-2026: renuévelo antes";
    says(&foreseen(), Mood::Attention, &format!("Puede seguir vendiendo. {soon}"));
    let offline = delivers(down(60, NO_INTERNET));
    let troubles = ["La carpeta no se puede usar.".to_owned()];
    let notes = [kind("Boleta", 3, 0), kind("Nota de crédito", 0, 0)];
    let mut skipped = [kind("Boleta", 5, 0)];
    skipped[0].ranges[0].skipped = vec![SpanView { first: 3, last: 3, lost: false }];
    let counters = Counters { problem: 1, ..calm().counters };
    let others = [
        (Situation { counters, ..foreseen() }, "1 documento necesita su atención"),
        (Situation { unprinted: 1, ..foreseen() }, "No se imprimió 1 documento: revise la impresora"),
        (Situation { troubles: &troubles, ..foreseen() }, "La carpeta no se puede usar"),
        (Situation { term: Some((50, "Va la mitad")), ..foreseen() }, "Va la mitad"),
        (Situation { term: Some((80, "Queda poco")), ..foreseen() }, "Queda poco"),
        (Situation { paused: true, ..foreseen() }, "El envío está detenido. 14 por enviar"),
        (Situation { lines: &offline, ..foreseen() }, "Sin internet: puede seguir vendiendo. 14 por enviar"),
        (
            Situation { to_annul: 1, ..foreseen() },
            "Puede seguir vendiendo; falta anular 1 folio en el sitio del SII",
        ),
        (
            Situation { folios: &skipped, ..foreseen() },
            "Puede seguir vendiendo; falta revisar 1 folio que se saltó al desbloquear la emisión",
        ),
        (
            Situation { folios: &notes, ..foreseen() },
            "No quedan folios de nota de crédito: puede seguir vendiendo. Cargue un CAF nuevo",
        ),
    ];
    for (other, text) in others {
        says(&other, Mood::Attention, &format!("{text}. {soon}"));
    }
    let full = Situation { stopped: Some("disco lleno"), ..foreseen() };
    says(&full, Mood::Stopped, "Detenido: disco lleno");
    for (more, text) in [(2, "1 tipo más"), (3, "2 tipos más")] {
        let all = vec![low("33"); more];
        let text = format!(
            "Puede seguir vendiendo. Se acaban los 33 el sábado a las 18:40 (y {text}): cargue un CAF nuevo de cada uno"
        );
        says(&Situation { low: &all, ..calm() }, Mood::Attention, &text);
    }
}

#[test]
fn a_cause_keeps_its_name_whatever_its_count_its_day_and_what_stands_beside_it() {
    let causes = |situation: &Situation<'_>| sentence(situation).causes;
    let with = |problem| Situation { counters: Counters { problem, ..calm().counters }, ..calm() };
    let offline = delivers(down(60, NO_INTERNET));
    let problem = causes(&with(1));
    assert_eq!(problem.len(), 1);
    assert_eq!(causes(&with(1_200)), problem);
    assert_eq!(causes(&Situation { lines: &offline, ..with(2) }), problem, "to be offline calls nobody");
    let (saturday, today) = ([low("39")], [("39".to_owned(), "Se acaban hoy".to_owned())]);
    let folios = causes(&Situation { low: &saturday, ..calm() });
    assert_eq!(causes(&Situation { low: &today, ..calm() }), folios);
    assert_eq!(causes(&Situation { low: &saturday, ..with(2) }), [problem, folios.clone()].concat());
    assert_ne!(causes(&Situation { low: &[low("33")], ..calm() }), folios, "another type is another cause");
    assert!(causes(&Situation { term: Some((80, "Queda poco")), ..calm() }).is_empty(), "it is warned of");
    assert!(causes(&Situation { lines: &offline, ..calm() }).is_empty());
    let troubles = ["La carpeta no se puede usar.".to_owned(), "Quedan 9 ventas.".to_owned()];
    assert_eq!(causes(&Situation { troubles: &troubles, ..calm() }).len(), 2);
}

#[test]
fn the_gravest_thing_comes_first() {
    let lines = delivers(down(60, NO_INTERNET));
    let counters = Counters { problem: 2, ..calm().counters };
    let worse = Situation { lines: &lines, counters, ..calm() };
    let both = "2 documentos necesitan su atención. Sin internet: puede seguir vendiendo. 14 por enviar";
    says(&worse, Mood::Attention, both);
    says(&Situation { lines: &[], ..worse }, Mood::Attention, "2 documentos necesitan su atención");
    let locked = Situation { locked: true, ..worse };
    let text = "Detenido: no se emite ni se envía nada hasta que alguien a cargo lo desbloquee en Ajustes";
    says(&locked, Mood::Stopped, text);
    says(&Situation { stopped: Some("disco lleno"), ..locked }, Mood::Stopped, "Detenido: disco lleno");
    says(&Situation { counters: Counters::default(), ..calm() }, Mood::Calm, "Todo al día");
}

#[test]
fn papers_that_did_not_come_out_are_said_beside_what_else_calls_a_person() {
    let one = Situation { unprinted: 1, ..calm() };
    says(&one, Mood::Attention, "No se imprimió 1 documento: revise la impresora");
    let counters = Counters { problem: 1, ..calm().counters };
    let text = "1 documento necesita su atención. No se imprimieron 1.200 documentos: revise la impresora. \
                Sin internet: puede seguir vendiendo. 14 por enviar";
    let lines = delivers(down(60, NO_INTERNET));
    says(&Situation { unprinted: 1_200, counters, lines: &lines, ..calm() }, Mood::Attention, text);
}

#[test]
fn numbers_of_a_thousand_and_more_have_their_dot() {
    let many = Situation { counters: Counters { queued: 1_050, ..Counters::default() }, ..calm() };
    says(&many, Mood::Calm, "Puede seguir vendiendo. 1.050 documentos en camino");
    let paused = Situation { paused: true, ..many };
    says(&paused, Mood::Waiting, "El envío está detenido. 1.050 por enviar");
    let task = Situation { to_annul: 1_200, ..calm() };
    let text = "Puede seguir vendiendo; falta anular 1.200 folios en el sitio del SII";
    says(&task, Mood::Attention, text);
}

#[test]
fn what_is_not_answered_for_is_not_said_to_be_a_line_that_is_cut() {
    let asks = |line| [Lines { questions: line, ..Lines::UP }];
    let lines = asks(down(10, "responde con errores (HTTP 500)"));
    let text = "El SII no responde cómo quedaron los envíos (responde con errores (HTTP 500)): puede seguir vendiendo. \
                14 por enviar";
    says(&Situation { lines: &lines, ..calm() }, Mood::Waiting, text);
    let why = Remark::ours("X", "Falta un permiso.");
    let refused = |of| Line::Refused { why: why.clone(), retry_at: NOW, of, tries: 1, since: NOW };
    let lines = asks(refused(Asked::Question));
    let text = "Puede seguir vendiendo. El SII no acepta las consultas: Falta un permiso.";
    says(&Situation { lines: &lines, ..calm() }, Mood::Attention, text);
    let lines = delivers(refused(Asked::Delivery));
    let text = "El SII no acepta los envíos: Falta un permiso.";
    says(&Situation { lines: &lines, ..calm() }, Mood::Attention, text);
}

#[test]
fn what_calls_a_person_hides_no_sending_that_is_stopped_or_refused() {
    let offline = delivers(down(60, NO_INTERNET));
    let why = Remark::ours("X", "el certificado está revocado");
    let refused = delivers(Line::Refused { why, retry_at: NOW, of: Asked::Delivery, tries: 1, since: NOW });
    let troubles = ["La carpeta no se puede usar.".to_owned()];
    let notes = [kind("Boleta", 3, 0), kind("Nota de crédito", 0, 0)];
    let counters = Counters { problem: 1, ..calm().counters };
    let others = [
        (Situation { counters, ..calm() }, "1 documento necesita su atención"),
        (Situation { unprinted: 1, ..calm() }, "No se imprimió 1 documento: revise la impresora"),
        (Situation { troubles: &troubles, ..calm() }, "La carpeta no se puede usar"),
        (Situation { term: Some((80, "Queda poco")), ..calm() }, "Queda poco"),
        (Situation { term: Some((OVER, "Pasó")), ..calm() }, "Pasó"),
        (
            Situation { folios: &notes, ..calm() },
            "No quedan folios de nota de crédito: puede seguir vendiendo. Cargue un CAF nuevo",
        ),
    ];
    for (other, text) in others {
        let stopped = format!("{text}. El envío está detenido. 14 por enviar");
        let paused = Situation { paused: true, lines: &offline, ..other };
        says(&paused, Mood::Attention, &stopped);
        let revoked = format!("{text}. El SII no acepta los envíos: el certificado está revocado");
        says(&Situation { lines: &refused, ..paused }, Mood::Attention, &revoked);
    }
}
