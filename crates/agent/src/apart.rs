//! A parcel that was rejected as a whole for what may be one document's fault is taken apart: its documents go
//! again in smaller parcels, until the bad one stands alone and the good ones are accepted. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use timbre_core::channel::Conduct;

/// How many may travel together after a parcel of so many fell: fifties, sevens, and each by itself. Three steps
/// whatever the parcel, so that the legal hour is enough; a bad one costs fifteen uploads at the most.
pub(crate) fn apart(fell: usize) -> usize {
    match fell {
        0..=7 => 1,
        8..=50 => 7,
        _ => 50,
    }
}

/// Those that may travel together, by how many: who never fell is not held up by those that did.
pub(crate) fn by_most<T>(
    waiting: impl IntoIterator<Item = T>,
    most: impl Fn(&T) -> Option<u32>,
    documents: usize,
) -> BTreeMap<usize, Vec<T>> {
    let mut classes: BTreeMap<usize, Vec<T>> = BTreeMap::new();
    for one in waiting {
        // Nobody else shares this place with it.
        let class = most(&one).map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(documents));
        classes.entry(class).or_default().push(one);
    }
    classes
}

/// How to ask about a parcel that was taken apart: sooner than usual, since the hour of its documents runs.
/// The SII's advice is to wait ten minutes; answers are seen within seconds, and one question in the first
/// minute is what others get through with.
pub(crate) fn brisk(conduct: &Conduct) -> Conduct {
    const MINUTE: Duration = Duration::from_secs(60);
    let soon = conduct.first_poll.min(MINUTE);
    let polls = [soon; 5].into_iter().chain(conduct.polls.iter().copied()).collect();
    Conduct { first_poll: soon, polls, ..conduct.clone() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Sends parcels until nothing waits: who was accepted, who was rejected, and how many uploads it took.
    fn run(
        documents: usize,
        bad: &BTreeSet<usize>,
        at_once: usize,
    ) -> (BTreeSet<usize>, BTreeSet<usize>, usize) {
        let (mut accepted, mut rejected, mut uploads) = (BTreeSet::new(), BTreeSet::new(), 0);
        let mut waiting: Vec<(usize, Option<u32>)> = (0..documents).map(|n| (n, None)).collect();
        while !waiting.is_empty() {
            let classes = by_most(std::mem::take(&mut waiting), |(_, most)| *most, at_once);
            for (class, members) in classes {
                for parcel in members.chunks(class.min(at_once)) {
                    uploads += 1;
                    let falls = parcel.iter().any(|(n, _)| bad.contains(n));
                    match (falls, parcel) {
                        (false, parcel) => accepted.extend(parcel.iter().map(|(n, _)| *n)),
                        (true, [(n, _)]) => _ = rejected.insert(*n),
                        (true, parcel) => {
                            let most = u32::try_from(apart(parcel.len())).ok();
                            waiting.extend(parcel.iter().map(|(n, _)| (*n, most)));
                        }
                    }
                }
            }
        }
        (accepted, rejected, uploads)
    }

    proptest! {
        #[test]
        fn every_good_one_is_accepted_and_every_bad_one_stands_alone(
            documents in prop::sample::select(vec![1usize, 2, 7, 8, 50, 51, 300, 500]),
            bad in prop::collection::btree_set(0usize..500, 1..=10),
        ) {
            let bad: BTreeSet<_> = bad.into_iter().map(|n| n % documents).collect();
            let (accepted, rejected, uploads) = run(documents, &bad, documents);
            prop_assert_eq!(&rejected, &bad);
            prop_assert_eq!(accepted.len() + bad.len(), documents);
            // The whole, its fifties, and for each bad one its eight sevens and seven singles.
            let most = 1 + documents.div_ceil(50) + bad.len() * 15;
            prop_assert!(uploads <= most, "{uploads} uploads, {most} at the most");
        }
    }

    #[test]
    fn a_parcel_of_fifty_with_one_bad_document_takes_sixteen_uploads() {
        assert_eq!(run(50, &BTreeSet::from([31]), 50).2, 1 + 8 + 7);
        assert_eq!(run(500, &BTreeSet::from([31]), 500).2, 1 + 10 + 8 + 7);
    }

    #[test]
    fn one_that_fell_is_asked_about_within_the_minute() {
        let usual = crate::Settings::new("").conduct;
        let brisk = brisk(&usual);
        let (minute, now) = (Duration::from_secs(60), Duration::ZERO);
        assert_eq!([0, 1, 5].map(|asked| brisk.wait_before(asked, now)), [minute; 3]);
        assert_eq!(brisk.wait_before(6, now), usual.wait_before(1, now), "and later as everything else");
        assert_eq!(brisk.absence_after, usual.absence_after, "no absence is believed sooner");
    }
}
