//! The one sentence of the panel, in the shop's words: pure.

use std::time::Duration;

use timbre_core::regime::Kind;
use timbre_core::{Date, Timestamp};

use crate::carrier::{NO_INTERNET, NO_NETWORK};
use crate::clock::later;
use crate::deadline::OVER;
use crate::line::Line;
use crate::show::{self, day, thousands};
use crate::view::{Counters, FoliosView, Mood, RangeView, Sentence};

/// For how long nothing must get through before people are told: most breaks mend themselves.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A legal term that has run so far, in percent, goes before what can wait.
const PRESSING: u8 = 80;

/// Why it is so is said where it is lifted.
const LOCKED: &str =
    "Detenido: no se emite ni se envía nada hasta que alguien a cargo lo desbloquee en Ajustes";

/// What the sentence is made of.
pub struct Situation<'a> {
    pub authority: &'a str,
    pub now: Timestamp,
    pub missing: &'a [String],
    /// The store does not take documents, and why.
    pub stopped: Option<&'a str>,
    /// A person has to decide before anything is issued or sent.
    pub locked: bool,
    /// Nothing can be signed, and why: a sentence.
    pub unsigned: Option<&'a str>,
    pub folios: &'a [FoliosView],
    /// Every type of document, and what takes its place.
    pub kinds: &'a [Kind],
    /// What is wrong at the doors, a sentence each.
    pub troubles: &'a [String],
    pub counters: Counters,
    /// Documents of which a paper did not come out, or not for certain.
    pub unprinted: u64,
    pub lines: &'a [Line],
    /// A person stopped the sending.
    pub paused: bool,
    /// The legal term that is nearest to its end: percent that has run, and that in words.
    pub term: Option<(u8, &'a str)>,
    /// Numbers of replaced documents that a person has still to annul.
    pub to_annul: u64,
    /// When all that is on the way will have been sent, as people say it.
    pub forecast: Option<&'a str>,
    /// The types whose folios run out soon: what there is to say of each.
    pub low: &'a [String],
    /// The certificate's last day, when it is near, and in how many days.
    pub ends: Option<(Date, i32)>,
}

/// Can I go on selling, must anyone do something? The gravest thing first.
pub fn sentence(s: &Situation<'_>) -> Sentence {
    let c = s.counters;
    let on_the_way = c.queued + c.sending;
    let say = |mood, text: String| Sentence { mood, text };
    if let Some(why) = s.stopped {
        return say(Mood::Stopped, format!("Detenido: {why}"));
    }
    if s.locked {
        return say(Mood::Stopped, LOCKED.to_owned());
    }
    if !s.missing.is_empty() {
        return say(Mood::Stopped, format!("Falta para empezar: {}", s.missing.join(", ")));
    }
    if let Some(why) = s.unsigned {
        return say(Mood::Stopped, format!("Detenido: {}", uncapitalised(why)));
    }
    if let Some(sentence) = without_folios(s.folios, s.kinds) {
        return sentence;
    }
    if let Some((level, words)) = s.term.filter(|(level, _)| *level >= PRESSING) {
        let text = match level {
            OVER => format!("{words}. Revise la conexión y reenvíe"),
            _ => words.to_owned(),
        };
        return say(Mood::Attention, text);
    }
    if let [first, others @ ..] = s.troubles {
        let first = first.trim_end_matches('.');
        let text = match others.len() {
            0 => first.to_owned(),
            more => format!("{first} (y {more} más)"),
        };
        return say(Mood::Attention, text);
    }
    let waiting = format!("{} por enviar", thousands(on_the_way));
    let down = down(s).map(|what| format!("{what}: puede seguir vendiendo. {waiting}"));
    let mut calls = calls(c.problem, s.unprinted);
    if !calls.is_empty() {
        // What waits for a person hides no line that is cut.
        calls.extend(down);
        return say(Mood::Attention, calls.join(". "));
    }
    let refused = s.lines.iter().find_map(|line| match line {
        Line::Refused { why, .. } => Some(&why.meaning),
        Line::Up | Line::Trying { .. } | Line::Down { .. } => None,
    });
    if let Some(why) = refused {
        return say(Mood::Attention, format!("El {} no acepta los envíos: {why}", s.authority));
    }
    if s.paused {
        return say(Mood::Waiting, format!("El envío está detenido. {waiting}"));
    }
    if let Some(text) = down {
        return say(Mood::Waiting, text);
    }
    if let Some((_, words)) = s.term {
        return say(Mood::Waiting, words.to_owned());
    }
    if s.to_annul > 0 {
        let what = match s.to_annul {
            1 => "falta anular 1 folio".to_owned(),
            n => format!("falta anular {} folios", thousands(n)),
        };
        let text = format!("Puede seguir vendiendo; {what} en el sitio del {}", s.authority);
        return say(Mood::Attention, text);
    }
    let (unlocked, lost) = show::missing(s.folios);
    let what = match (unlocked, lost) {
        (0, 0) => None,
        (1, 0) => Some("1 folio que se saltó al desbloquear la emisión".to_owned()),
        (n, 0) => Some(format!("{} folios que se saltaron al desbloquear la emisión", thousands(n))),
        (0, 1) => Some("1 folio que falta en el registro dañado".to_owned()),
        (0, n) => Some(format!("{} folios que faltan en el registro dañado", thousands(n))),
        (some, others) => Some(format!(
            "{} folios que se saltaron al desbloquear la emisión o que faltan en el registro dañado",
            thousands(some + others)
        )),
    };
    if let Some(what) = what {
        return say(Mood::Attention, format!("Puede seguir vendiendo; falta revisar {what}"));
    }
    if let [first, ..] = s.low {
        return say(Mood::Attention, format!("Puede seguir vendiendo. {first}: cargue un CAF nuevo"));
    }
    if let Some((last, left)) = s.ends {
        let when = match left {
            0 => "hoy".to_owned(),
            1 => "mañana".to_owned(),
            days => format!("en {days} días, el {}", day(last)),
        };
        return say(
            Mood::Attention,
            format!("Puede seguir vendiendo. El certificado digital vence {when}: renuévelo antes"),
        );
    }
    let sent = s.forecast.map(|at| format!(": todo enviado {at}")).unwrap_or_default();
    match on_the_way {
        0 => say(Mood::Calm, "Todo al día".to_owned()),
        1 => say(Mood::Calm, format!("Puede seguir vendiendo. 1 documento en camino{sent}")),
        n => say(Mood::Calm, format!("Puede seguir vendiendo. {} documentos en camino{sent}", thousands(n))),
    }
}

/// What a person is called to, document by document: what the authority or a printer did not take.
fn calls(problem: u64, unprinted: u64) -> Vec<String> {
    let problem = match problem {
        0 => None,
        1 => Some("1 documento necesita su atención".to_owned()),
        n => Some(format!("{} documentos necesitan su atención", thousands(n))),
    };
    let unprinted = match unprinted {
        0 => None,
        1 => Some("No se imprimió 1 documento: revise la impresora".to_owned()),
        n => Some(format!("No se imprimieron {} documentos: revise la impresora", thousands(n))),
    };
    problem.into_iter().chain(unprinted).collect()
}

/// What of the line is broken, once it has been for long enough.
fn down(s: &Situation<'_>) -> Option<String> {
    let why = s.lines.iter().find_map(|line| match line {
        Line::Down { since, why, .. } if later(*since, PATIENCE) <= s.now => Some(why.as_str()),
        Line::Up | Line::Trying { .. } | Line::Down { .. } | Line::Refused { .. } => None,
    })?;
    Some(match why {
        NO_NETWORK | NO_INTERNET => capitalised(why),
        why => format!("Sin conexión con el {} ({why})", s.authority),
    })
}

/// Selling stops when no type that sells has a folio left; until then it is said what may be sold with instead, which
/// is for the law to say: a type that has folios takes no other's place for that alone.
fn without_folios(folios: &[FoliosView], law: &[Kind]) -> Option<Sentence> {
    let (left, spent): (Vec<_>, Vec<_>) = folios.iter().partition(|kind| kind.left > 0);
    if spent.is_empty() {
        return None;
    }
    let names = |kinds: &[&FoliosView], between: &str| {
        kinds.iter().map(|kind| kind.name.to_lowercase()).collect::<Vec<_>>().join(between)
    };
    // Nobody sells with a note, nor with goods on the road.
    let notes_alone = spent.iter().all(|kind| !kind.sells);
    // Ranges that still have folios which nobody may use any more.
    let all = |of: &dyn Fn(&RangeView) -> bool| {
        spent.iter().all(|kind| kind.ranges.iter().any(|range| range.left > 0 && of(range)))
    };
    let expired = all(&|range| range.expired);
    let stopped = !expired && all(&|range| range.stopped.is_some() && !range.expired);
    let what = match (expired, stopped) {
        (true, _) => format!("vencieron los folios de {}", names(&spent, " y de ")),
        (_, true) => format!("están detenidos los folios que quedan de {}", names(&spent, " y de ")),
        _ => format!("no quedan folios de {}", names(&spent, " ni de ")),
    };
    let way_out = if stopped { "Vea por qué en Folios, y cargue otro CAF" } else { "Cargue un CAF nuevo" };
    let sells = left.iter().any(|kind| kind.sells);
    let text = match instead(&left, &spent, law).as_slice() {
        [] if !sells && (!notes_alone || left.is_empty()) => {
            return Some(Sentence { mood: Mood::Stopped, text: format!("Detenido: {what}. {way_out}") });
        }
        [] if sells && notes_alone => format!("{}: puede seguir vendiendo. {way_out}", capitalised(&what)),
        [] => format!("{}. {way_out}", capitalised(&what)),
        others => format!("{}: puede seguir vendiendo con {}", capitalised(&what), others.join(" o con ")),
    };
    Some(Sentence { mood: Mood::Attention, text })
}

/// What may take the place of what is spent, each with to whom it may be given: `factura a quien tenga RUT`.
fn instead(left: &[&FoliosView], spent: &[&FoliosView], law: &[Kind]) -> Vec<String> {
    let of =
        |kind: &FoliosView| law.iter().find(|known| known.series == kind.series).map(|known| known.instead);
    let mut all = Vec::new();
    for (series, whom) in spent.iter().filter_map(|kind| of(kind)).flatten() {
        let other = left.iter().find(|kind| kind.series == *series);
        let said = other.map(|kind| format!("{} {whom}", kind.name.to_lowercase()));
        all.extend(said.filter(|said| !all.contains(said)));
    }
    all
}

pub(crate) fn capitalised(text: &str) -> String {
    changed(text, |first| first.to_uppercase().collect())
}

pub(crate) fn uncapitalised(text: &str) -> String {
    changed(text.trim_end_matches('.'), |first| first.to_lowercase().collect())
}

fn changed(text: &str, first: impl Fn(char) -> String) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |head| first(head) + rest.as_str())
}

#[cfg(test)]
mod tests {
    use timbre_core::Weight;

    use super::*;
    use crate::line::Asked;
    use crate::view::SpanView;

    const NOW: Timestamp = Timestamp::constant(1_000_000, 0);

    const fn law(series: &'static str, instead: &'static [(&'static str, &'static str)]) -> Kind {
        Kind { series, name: "", term: None, weight: Weight::Sale, instead }
    }

    /// A boleta's place is a factura's, and a factura's a boleta's; what is exempt stands apart.
    static KINDS: [Kind; 2] =
        [law("Boleta", &[("Factura", "con RUT")]), law("Factura", &[("Boleta", "sin él")])];

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
        Line::Down { since, next_look: NOW, why: why.into(), of: Asked::Delivery, tries: 1 }
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
        let text = "Detenido: están detenidos los folios que quedan de boleta. Vea por qué en Folios, y cargue otro CAF";
        says(&Situation { folios: &[stopped.clone()], ..calm() }, Mood::Stopped, text);
        let text =
            "Están detenidos los folios que quedan de boleta: puede seguir vendiendo con factura con RUT";
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
        says(&Situation { lines: &[down(9, NO_INTERNET)], ..calm() }, Mood::Calm, on_the_way);
        for (why, text) in [
            (NO_NETWORK, "Este equipo no tiene red: puede seguir vendiendo. 14 por enviar"),
            (NO_INTERNET, "Sin internet: puede seguir vendiendo. 14 por enviar"),
            (
                "no respondió a tiempo",
                "Sin conexión con el SII (no respondió a tiempo): puede seguir vendiendo. 14 por enviar",
            ),
        ] {
            says(&Situation { lines: &[Line::Up, down(10, why)], ..calm() }, Mood::Waiting, text);
        }
    }

    #[test]
    fn folios_that_were_passed_over_are_a_task_until_somebody_looked() {
        let mut boletas = [kind("Boleta", 5, 0)];
        boletas[0].ranges[0].skipped = vec![SpanView { first: 3, last: 3, lost: false }];
        let text = "Puede seguir vendiendo; falta revisar 1 folio que se saltó al desbloquear la emisión";
        says(&Situation { folios: &boletas, ..calm() }, Mood::Attention, text);
        boletas[0].ranges[1].skipped = vec![SpanView { first: 10, last: 1_009, lost: false }];
        let text =
            "Puede seguir vendiendo; falta revisar 1.001 folios que se saltaron al desbloquear la emisión";
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
        let lines = [down(60, NO_INTERNET)];
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
        let low = ["A este ritmo las boletas se acaban el sábado a las 18:40".to_owned()];
        let foreseen = Situation { forecast: Some("a las 21:10"), ..calm() };
        let text = "Puede seguir vendiendo. 14 documentos en camino: todo enviado a las 21:10";
        says(&foreseen, Mood::Calm, text);
        let text = "Puede seguir vendiendo. A este ritmo las boletas se acaban el sábado a las 18:40: cargue un CAF nuevo";
        says(&Situation { low: &low, ..foreseen }, Mood::Attention, text);
    }

    #[test]
    fn the_gravest_thing_comes_first() {
        let lines = [down(60, NO_INTERNET)];
        let counters = Counters { problem: 2, ..calm().counters };
        let worse = Situation { lines: &lines, counters, ..calm() };
        let both = "2 documentos necesitan su atención. Sin internet: puede seguir vendiendo. 14 por enviar";
        says(&worse, Mood::Attention, both);
        says(&Situation { lines: &[], ..worse }, Mood::Attention, "2 documentos necesitan su atención");
        let locked = Situation { locked: true, ..worse };
        let text =
            "Detenido: no se emite ni se envía nada hasta que alguien a cargo lo desbloquee en Ajustes";
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
        let lines = [down(60, NO_INTERNET)];
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
}
