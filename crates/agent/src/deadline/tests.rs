//! The limit by tables of cases, and by properties over any history of the line.

use proptest::prelude::*;

use super::*;

const HOUR: u64 = 3600;
const TERM: Term = Term { seconds: HOUR, stands_without_coverage: true, confirmed: true };

fn at(minute: u64) -> Timestamp {
    later(Timestamp::UNIX_EPOCH, Duration::from_secs(60 * minute))
}

fn limit(issued: Timestamp, term: &Term, gaps: &[Gap]) -> Limit {
    reached(issued, Duration::from_secs(term.seconds), gaps)
}

/// No coverage from one minute to another, said again every five.
fn without(from: u64, until: u64) -> Vec<Word> {
    let mut words: Vec<_> = (from..until).step_by(5).map(|n| Word { at: at(n), covered: false }).collect();
    words.push(Word { at: at(until), covered: true });
    words
}

#[track_caller]
fn ends(issued: u64, words: &[Word], now: u64, expect: Limit) {
    assert_eq!(limit(at(issued), &TERM, &gaps(words, at(now))), expect);
}

#[test]
fn the_hour_runs_from_the_issue_and_stands_only_without_coverage() {
    ends(0, &[], 30, Limit::At(at(60)));
    // Issued without coverage: a whole hour from the line's return.
    ends(100, &without(90, 150), 200, Limit::At(at(210)));
    // Lost in the middle for half an hour: the hour stands still meanwhile.
    ends(0, &without(20, 50), 200, Limit::At(at(90)));
    // Lost again while it ran.
    let twice = [without(0, 30), without(40, 60)].concat();
    ends(10, &twice, 200, Limit::At(at(110)));
    // What was lost before it was issued, or after its hour, is no concern of it.
    ends(100, &without(30, 99), 200, Limit::At(at(160)));
    ends(0, &without(60, 99), 200, Limit::At(at(60)));
    // It goes on: nobody knows until when.
    let goes_on = &without(20, 50)[..6];
    ends(0, goes_on, 47, Limit::Stands { left: Duration::from_secs(40 * 60) });
    assert_eq!(Limit::Stands { left: Duration::from_secs(60) }.earliest(at(5)), at(6));
}

#[test]
fn a_term_that_nothing_stops_is_not_stopped() {
    let gaps = gaps(&without(0, 500), at(600));
    let all = [("stands", TERM), ("runs", Term { stands_without_coverage: false, ..TERM })];
    let of = BTreeMap::from(all.map(|(name, term)| (name.to_owned(), term)));
    let terms = Terms { of: of.into(), gaps, now: at(600) };
    let stopped = |name: &str| terms.gaps_of(&terms.of[name]).len();
    assert_eq!((stopped("stands"), stopped("runs")), (1, 0));
}

#[test]
fn that_there_is_no_coverage_is_believed_no_longer_than_it_is_said() {
    // Said once and never again: Timbre stopped, or the machine slept.
    let once = [Word { at: at(10), covered: false }, Word { at: at(300), covered: true }];
    ends(0, &once, 400, Limit::At(at(75)));
    ends(0, &once[..1], 400, Limit::At(at(75)));
    // A clock that was set back in between gives nothing.
    let back = [Word { at: at(10), covered: false }, Word { at: at(5), covered: true }];
    ends(0, &back, 400, Limit::At(at(60)));
}

#[test]
fn what_a_clock_that_was_ahead_stamped_is_over() {
    let gaps = gaps(&without(0, 90), at(95));
    let terms = Terms { of: BTreeMap::new().into(), gaps, now: at(100) };
    let span = Duration::from_secs(HOUR);
    let told = |issued| (level(terms.ran(issued, &TERM), &TERM), terms.reached(issued, span, &TERM));
    assert_eq!(told(at(99)), (None, Limit::At(at(159))));
    // A clock that was set back a little gives the last stamp again.
    assert_eq!(told(at(105)), (None, Limit::At(at(165))));
    for ahead in [106, 160, 100_000] {
        assert_eq!(told(at(ahead)), (Some(OVER), Limit::At(at(100))), "{ahead}");
    }
}

#[test]
fn settings_may_shorten_what_the_law_says_and_tell_what_it_does_not() {
    use timbre_core::Weight;
    use timbre_core::regime::{Kind, PrintGate};
    const QUOTED: Term = Term { seconds: 12 * HOUR, stands_without_coverage: false, confirmed: false };
    static PROFILE: Profile = Profile {
        country: "XX",
        authority: "X",
        zone: "UTC",
        kinds: &[
            Kind { series: "law", name: "", term: Some(TERM), weight: Weight::Sale, instead: &[] },
            Kind { series: "quoted", name: "", term: Some(QUOTED), weight: Weight::Sale, instead: &[] },
            Kind { series: "none", name: "", term: None, weight: Weight::Sale, instead: &[] },
        ],
        print: PrintGate::OnSeal,
    };
    let told = |all: &[(&str, u64)]| {
        let told = all.iter().map(|(name, n)| ((*name).to_owned(), Duration::from_secs(*n))).collect();
        let terms = terms(&PROFILE, &told);
        ["law", "quoted", "none"].map(|name| terms.get(name).map(|term| term.seconds))
    };
    assert_eq!(told(&[]), [Some(HOUR), Some(12 * HOUR), None]);
    assert_eq!(told(&[("law", 60), ("quoted", 60), ("none", 60)]), [Some(60), Some(60), Some(60)]);
    assert_eq!(told(&[("law", 9 * HOUR), ("quoted", 99 * HOUR)])[..2], [Some(HOUR), Some(99 * HOUR)]);
    assert_eq!(told(&[("quoted", 0), ("law", 0)]), [Some(HOUR), None, None], "the law's is not done without");
}

/// Any history: words at any minutes, in any order of times.
fn history() -> impl Strategy<Value = Vec<Word>> {
    let word = (0..300u64, any::<bool>()).prop_map(|(minute, covered)| Word { at: at(minute), covered });
    prop::collection::vec(word, 0..12)
}

/// The lawful end by counting minutes: those without a proof of lost coverage run.
fn counted(issued: u64, words: &[Word], span: u64) -> Option<u64> {
    let lost = |minute: u64| {
        let inside = |n: usize, word: &Word| {
            let proven = later(word.at, PROOF);
            let ends = words[n + 1..].iter().map(|after| after.at).fold(proven, Timestamp::min);
            !word.covered && word.at <= at(minute) && at(minute) < ends
        };
        words.iter().enumerate().any(|(n, word)| inside(n, word))
    };
    let runs: Vec<u64> = (issued..2000).filter(|minute| !lost(*minute)).collect();
    runs.get(span as usize - 1).map(|last| last + 1)
}

proptest! {
    #[test]
    fn the_limit_is_the_one_that_counting_minutes_gives(
        mut words in history(), issued in 0..300u64, sorted in any::<bool>(),
    ) {
        if sorted {
            words.sort_by_key(|word| word.at);
        }
        let gaps = gaps(&words, at(1000));
        let told = limit(at(issued), &TERM, &gaps);
        prop_assert_eq!(told, Limit::At(at(counted(issued, &words, 60).unwrap())));
    }

    #[test]
    fn it_is_never_before_the_hour_nor_later_than_an_hour_after_the_last_loss(
        words in history(), issued in 0..300u64,
    ) {
        let gaps = gaps(&words, at(1000));
        let told = limit(at(issued), &TERM, &gaps).earliest(at(1000));
        let back = gaps.iter().filter_map(|gap| gap.until).filter(|until| *until > at(issued)).max();
        let lawful = later(back.unwrap_or(at(issued)), Duration::from_secs(HOUR));
        prop_assert!(at(issued + 60) <= told && told <= lawful.max(at(issued + 60)));
        prop_assert!(elapsed(at(issued), &gaps, told) == Duration::from_secs(HOUR));
    }

    #[test]
    fn what_is_issued_later_ends_later(words in history(), first in 0..300u64, after in 0..300u64, now in 0..400u64) {
        let gaps = gaps(&words, at(now));
        let ends = |issued| limit(at(issued), &TERM, &gaps).earliest(at(now.max(300)));
        prop_assert!(ends(first) <= ends(first + after));
    }

    #[test]
    fn both_reasons_together_are_all_minutes_of_either(one in history(), other in history(), minute in 0..400u64) {
        let (one, other) = (gaps(&one, at(1000)), gaps(&other, at(1000)));
        let inside = |gaps: &[Gap]| {
            gaps.iter().any(|gap| gap.from <= at(minute) && gap.until.is_none_or(|until| at(minute) < until))
        };
        let both = merged(one.clone(), other.clone());
        prop_assert_eq!(inside(&both), inside(&one) || inside(&other));
        prop_assert!(both.windows(2).all(|pair| pair[0].until.is_some_and(|until| until < pair[1].from)));
    }

    #[test]
    fn what_has_run_and_when_it_has_run_agree(words in history(), issued in 0..300u64, now in 0..600u64) {
        let gaps = gaps(&words, at(now));
        let ran = elapsed(at(issued), &gaps, at(now));
        for minutes in [1, 30, 48, 60] {
            let span = Duration::from_secs(60 * minutes);
            let passed = match reached(at(issued), span, &gaps) {
                Limit::At(at_) => at_ <= at(now),
                Limit::Stands { left } => left.is_zero(),
            };
            prop_assert_eq!(passed, ran >= span, "{:?} {:?} {:?}", ran, span, gaps);
        }
    }
}
