//! The one sentence of the panel, in the shop's words: pure.

use std::time::Duration;

use timbre_core::regime::Kind;
use timbre_core::{Date, Timestamp};

use crate::carrier::{NO_INTERNET, NO_NETWORK};
use crate::clock::later;
use crate::deadline::OVER;
use crate::line::{Asked, Line};
use crate::lines::Lines;
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
    pub lines: &'a [Lines],
    /// A person stopped the sending.
    pub paused: bool,
    /// The legal term that is nearest to its end: percent that has run, and that in words.
    pub term: Option<(u8, &'a str)>,
    /// Numbers of replaced documents that a person has still to annul.
    pub to_annul: u64,
    /// When all that is on the way will have been sent, as people say it.
    pub forecast: Option<&'a str>,
    /// The types whose folios run out soon, each with what there is to say of it.
    pub low: &'a [(String, String)],
    /// The certificate's last day, when it is near, and in how many days.
    pub ends: Option<(Date, i32)>,
}

/// Can I go on selling, must anyone do something? The gravest thing first; nothing but a stop hides what ends soon.
pub fn sentence(s: &Situation<'_>) -> Sentence {
    let now = present(s);
    match (soon(s), now.mood) {
        (None, _) | (_, Mood::Stopped) => now,
        (soon, Mood::Calm) => beside(say(Mood::Calm, "Puede seguir vendiendo".to_owned()), soon),
        (soon, Mood::Waiting | Mood::Attention) => beside(now, soon),
    }
}

/// By itself: what calls a person is a cause of its own.
fn say(mood: Mood, text: String) -> Sentence {
    let causes = match mood {
        Mood::Calm | Mood::Waiting => Vec::new(),
        Mood::Attention | Mood::Stopped => vec![cause(&text)],
    };
    Sentence { mood, text, causes }
}

/// Calls a person, for a cause that has this name however it is put.
fn call(cause: &str, text: String) -> Sentence {
    Sentence { mood: Mood::Attention, text, causes: vec![cause.to_owned()] }
}

/// One thing, and another that it does not hide.
fn beside(one: Sentence, other: Option<Sentence>) -> Sentence {
    let Some(other) = other else { return one };
    Sentence {
        mood: one.mood.max(other.mood),
        text: format!("{}. {}", one.text.trim_end_matches('.'), other.text),
        causes: [one.causes, other.causes].concat(),
    }
}

/// Another count is no other cause.
fn cause(text: &str) -> String {
    text.chars().filter(|c| c.is_alphabetic()).collect()
}

/// How it stands, whatever may come.
fn present(s: &Situation<'_>) -> Sentence {
    let c = s.counters;
    let on_the_way = c.queued + c.sending;
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
    // Whatever else calls a person hides nothing that keeps the documents here.
    let barred = barred(s);
    if let Some(sentence) = without_folios(s.folios, s.kinds) {
        return match sentence.mood {
            Mood::Stopped => sentence,
            Mood::Calm | Mood::Waiting | Mood::Attention => beside(sentence, barred),
        };
    }
    if let Some((level, words)) = s.term.filter(|(level, _)| *level >= PRESSING) {
        let text = match (level, &barred) {
            (OVER, None) => format!("{words}. Revise la conexión y reenvíe"),
            _ => words.to_owned(),
        };
        // It is no cause here: each term is told by a warning of its own.
        return beside(Sentence { mood: Mood::Attention, text, causes: Vec::new() }, barred);
    }
    let held = barred.or_else(|| unheard(s)).or_else(|| down(s));
    if let [first, others @ ..] = s.troubles {
        let first = first.trim_end_matches('.');
        let text = match others.len() {
            0 => first.to_owned(),
            more => format!("{first} (y {more} más)"),
        };
        let causes = s.troubles.iter().map(|trouble| cause(trouble)).collect();
        return beside(Sentence { mood: Mood::Attention, text, causes }, held);
    }
    if let Some(calls) = calls(c.problem, s.unprinted) {
        return beside(calls, held);
    }
    if let Some(held) = held {
        return held;
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
        return call("to annul", text);
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
        return call("skipped", format!("Puede seguir vendiendo; falta revisar {what}"));
    }
    let sent = s.forecast.map(|at| format!(": todo enviado {at}")).unwrap_or_default();
    match on_the_way {
        0 => say(Mood::Calm, "Todo al día".to_owned()),
        1 => say(Mood::Calm, format!("Puede seguir vendiendo. 1 documento en camino{sent}")),
        n => say(Mood::Calm, format!("Puede seguir vendiendo. {} documentos en camino{sent}", thousands(n))),
    }
}

/// What will stop the shop if nobody sees to it: folios that run out, a certificate that ends.
fn soon(s: &Situation<'_>) -> Option<Sentence> {
    let low = match s.low {
        [] => None,
        [(_, words)] => Some(format!("{words}: cargue un CAF nuevo")),
        [(_, words), _] => Some(format!("{words} (y 1 tipo más): cargue un CAF nuevo de cada uno")),
        [(_, words), others @ ..] => {
            Some(format!("{words} (y {} tipos más): cargue un CAF nuevo de cada uno", others.len()))
        }
    };
    // By the type alone: at each pace of the week they run out on another day.
    let causes = s.low.iter().map(|(series, _)| format!("folios {series}")).collect();
    let low = low.map(|text| Sentence { mood: Mood::Attention, text, causes });
    let ends = s.ends.map(|(last, left)| {
        let when = match left {
            0 => "hoy".to_owned(),
            1 => "mañana".to_owned(),
            days => format!("en {days} días, el {}", day(last)),
        };
        // Its last two days are told anew.
        say(Mood::Attention, format!("El certificado digital vence {when}: renuévelo antes"))
    });
    match low {
        Some(low) => Some(beside(low, ends)),
        None => ends,
    }
}

/// What a person is called to, document by document: what the authority or a printer did not take.
fn calls(problem: u64, unprinted: u64) -> Option<Sentence> {
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
    let unprinted = unprinted.map(|text| call("unprinted", text));
    match problem.map(|text| call("problem", text)) {
        Some(problem) => Some(beside(problem, unprinted)),
        None => unprinted,
    }
}

/// Why nothing leaves, where no line mends it by itself.
fn barred(s: &Situation<'_>) -> Option<Sentence> {
    if let Some(why) = refused(s, Asked::Login).or_else(|| refused(s, Asked::Delivery)) {
        return Some(say(Mood::Attention, format!("El {} no acepta los envíos: {why}", s.authority)));
    }
    s.paused.then(|| say(Mood::Waiting, format!("El envío está detenido. {}", waiting(s))))
}

/// Why nobody hears what became of what has left, where no line mends it by itself.
fn unheard(s: &Situation<'_>) -> Option<Sentence> {
    let why = refused(s, Asked::Question)?;
    let text = format!("Puede seguir vendiendo. El {} no acepta las consultas: {why}", s.authority);
    Some(say(Mood::Attention, text))
}

/// Why a person must mend what is asked for in this way.
fn refused<'a>(s: &Situation<'a>, asked: Asked) -> Option<&'a str> {
    s.lines.iter().find_map(|lines| match lines.of(asked) {
        Line::Refused { why, .. } => Some(why.meaning.as_str()),
        Line::Up | Line::Trying { .. } | Line::Down { .. } => None,
    })
}

/// What of the lines is broken, once it has been for long enough.
fn down(s: &Situation<'_>) -> Option<Sentence> {
    let why = |asked: Asked| {
        s.lines.iter().find_map(|lines| match lines.of(asked) {
            Line::Down { since, why, .. } if later(*since, PATIENCE) <= s.now => Some(why.as_str()),
            Line::Up | Line::Trying { .. } | Line::Down { .. } | Line::Refused { .. } => None,
        })
    };
    let none_leaves = why(Asked::Login).or_else(|| why(Asked::Delivery));
    let what = match none_leaves.or_else(|| why(Asked::Question))? {
        why @ (NO_NETWORK | NO_INTERNET) => capitalised(why),
        why if none_leaves.is_none() => {
            format!("El {} no responde cómo quedaron los envíos ({why})", s.authority)
        }
        why => format!("Sin conexión con el {} ({why})", s.authority),
    };
    Some(say(Mood::Waiting, format!("{what}: puede seguir vendiendo. {}", waiting(s))))
}

fn waiting(s: &Situation<'_>) -> String {
    format!("{} por enviar", thousands(s.counters.queued + s.counters.sending))
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
            return Some(say(Mood::Stopped, format!("Detenido: {what}. {way_out}")));
        }
        [] if sells && notes_alone => format!("{}: puede seguir vendiendo. {way_out}", capitalised(&what)),
        [] => format!("{}. {way_out}", capitalised(&what)),
        others => format!("{}: puede seguir vendiendo con {}", capitalised(&what), others.join(" o con ")),
    };
    Some(say(Mood::Attention, text))
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
mod tests;
