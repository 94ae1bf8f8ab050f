use proptest::prelude::*;

use super::*;
use crate::clock::later;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + seconds).unwrap()
}

fn channel(name: &str) -> ChannelId {
    ChannelId(name.to_owned())
}

fn lane() -> Lane {
    Lane {
        ask: Gate::All,
        deliver: Gate::All,
        busy: 0,
        busy_going: 0,
        asking: 0,
        most: 5,
        looking: false,
        going: Vec::new(),
        fresh: Vec::new(),
        waits: false,
        wakes: None,
    }
}

/// A channel with parcels that are due, of this stage, and new ones of these orders.
fn with(due: usize, stage: Stage, fresh: &[u64]) -> Lane {
    let going = |n| Going { parcel: ParcelId(format!("p{n}")), due: at(0), stage };
    let urgency = |order: &u64| Urgency { deadline: at(3_600), order: *order };
    Lane { going: (0..due).map(going).collect(), fresh: fresh.iter().map(urgency).collect(), ..lane() }
}

fn desk(hands: usize, lanes: &[(&str, Lane)]) -> Desk {
    let lanes = lanes.iter().map(|(name, lane)| (channel(name), lane.clone())).collect();
    Desk { now: at(0), hands, free: hands, went_on: false, lanes }
}

/// What starts, in short: `look a`, `on a`, `new a`.
fn starts(desk: &Desk) -> Vec<String> {
    let told = |start: Start| match start {
        Start::Look(channel) => format!("look {}", channel.0),
        Start::GoOn(channel, _) => format!("on {}", channel.0),
        Start::Fresh(channel) => format!("new {}", channel.0),
    };
    round(desk).starts.into_iter().map(told).collect()
}

#[test]
fn the_nearest_deadline_leaves_first_and_then_the_oldest() {
    let mut late = with(0, Stage::Probe, &[1, 2]);
    late.fresh.iter_mut().for_each(|fresh| fresh.deadline = at(43_200));
    let soon = with(0, Stage::Probe, &[8, 9]);
    assert_eq!(starts(&desk(1, &[("a", late.clone()), ("b", soon.clone())])), ["new b"]);
    let (one, two) = (with(0, Stage::Probe, &[4]), with(0, Stage::Probe, &[3]));
    assert_eq!(starts(&desk(1, &[("a", one), ("b", two)])), ["new b"]);
    // A channel without a conversation has one before another has its second.
    assert_eq!(starts(&desk(3, &[("a", late), ("b", soon)])), ["new b", "new a", "new b"]);
}

#[test]
fn what_goes_on_leaves_a_hand_to_what_is_new() {
    let all = with(9, Stage::Probe, &[]);
    assert_eq!(starts(&desk(5, &[("a", all)])), ["on a"; 5]);
    let some = with(9, Stage::Probe, &[1, 2]);
    assert_eq!(starts(&desk(5, &[("a", some.clone())])), ["on a", "on a", "on a", "on a", "new a"]);
    // Also when it is another channel's.
    let others = [("a", with(9, Stage::Probe, &[])), ("b", with(0, Stage::Probe, &[7]))];
    assert_eq!(starts(&desk(3, &others)), ["on a", "on a", "new b"]);
    // With a conversation of each channel in course the hand is the next one's all the same.
    let mut held = some;
    (held.busy, held.busy_going, held.asking) = (4, 4, 4);
    let full = Desk { free: 1, ..desk(5, &[("a", held)]) };
    assert_eq!(starts(&full), ["new a"]);
}

#[test]
fn one_hand_takes_turns() {
    let both = [("a", with(2, Stage::Probe, &[1]))];
    assert_eq!(starts(&desk(1, &both)), ["on a"]);
    assert_eq!(starts(&Desk { went_on: true, ..desk(1, &both) }), ["new a"]);
    let nothing_new = [("a", with(2, Stage::Probe, &[]))];
    assert_eq!(starts(&Desk { went_on: true, ..desk(1, &nothing_new) }), ["on a"]);
}

#[test]
fn a_channel_has_no_more_than_it_may() {
    let narrow = Lane { most: 2, ..with(3, Stage::Follow, &[1, 2, 3]) };
    assert_eq!(starts(&desk(9, &[("a", narrow.clone())])), ["on a", "new a"]);
    assert_eq!(starts(&desk(9, &[("a", Lane { busy: 2, ..narrow })])), Vec::<String>::new());
}

#[test]
fn a_line_that_is_half_open_has_one_conversation() {
    for (stage, fresh, first) in [
        (Stage::Follow, &[1][..], &["on a", "new a"][..]),
        (Stage::Follow, &[][..], &["on a"][..]),
        (Stage::Resend, &[1][..], &["on a"][..]),
        (Stage::Resend, &[][..], &["on a"][..]),
        (Stage::Probe, &[1, 2, 3][..], &["on a", "new a"][..]),
    ] {
        let half = Lane { ask: Gate::One, deliver: Gate::One, ..with(3, stage, fresh) };
        assert_eq!(starts(&desk(5, &[("a", half.clone())])), first, "{stage:?}");
        let busy = Lane { busy: 2, asking: 1, ..half };
        assert_eq!(starts(&desk(5, &[("a", busy)])), Vec::<String>::new());
    }
    let half = Lane { deliver: Gate::One, ..lane() };
    assert_eq!(half.room(5, 50), (1, 1), "the smallest that is of use");
    assert_eq!(
        Lane { busy: 1, asking: 1, ..half.clone() }.room(5, 50),
        (1, 1),
        "a question in course tries nothing"
    );
    assert_eq!(Lane { busy: 1, ..half }.room(5, 50), (0, 1));
    assert_eq!(lane().room(9, 50), (5, 50));
}

#[test]
fn neither_questions_nor_deliveries_wait_for_the_other_where_that_is_what_fails() {
    for shut in [Gate::Shut { until: at(7) }, Gate::Down { look: at(7) }] {
        let unasked = Lane { ask: shut, ..with(9, Stage::Follow, &[1, 2]) };
        assert_eq!(starts(&desk(5, &[("a", unasked.clone())])), ["new a", "new a"], "{shut:?}");
        assert_eq!(round(&desk(5, &[("a", unasked)])).next, Some(at(7)));
        let resent = Lane { ask: shut, ..with(2, Stage::Resend, &[]) };
        assert_eq!(starts(&desk(5, &[("a", resent)])), ["on a", "on a"], "{shut:?}");
        let undelivered = Lane { deliver: shut, waits: true, ..with(2, Stage::Probe, &[]) };
        assert_eq!(starts(&desk(5, &[("a", undelivered.clone())])), ["on a", "on a"], "{shut:?}");
        assert_eq!(round(&desk(5, &[("a", undelivered)])).next, Some(at(7)));
        let unsent = Lane { deliver: shut, waits: true, ..with(2, Stage::Resend, &[]) };
        assert_eq!(starts(&desk(5, &[("a", unsent)])), Vec::<String>::new(), "{shut:?}");
    }
    // Tried by one question at a time, however many are due, it takes no hand of what is new.
    let tried = Lane { ask: Gate::One, ..with(99, Stage::Follow, &[1, 2, 3]) };
    assert_eq!(starts(&desk(5, &[("a", tried)])), ["on a", "new a", "new a", "new a"]);
}

#[test]
fn what_a_channel_lets_through_is_told_by_how_its_lines_stand() {
    use crate::line::Asked::{Delivery, Login, Question};
    let trying = || Line::Trying { since: at(0), tries: 3 };
    let why = timbre_core::Remark::ours("X", "");
    let refused = |retry_at| Line::Refused {
        why: why.clone(),
        retry_at: at(retry_at),
        of: Login,
        tries: 1,
        since: at(0),
    };
    let down = |look| Line::Down { since: at(0), next_look: at(look), why: String::new(), tries: 1 };
    let (look, shut) = (|s| Gate::Down { look: at(s) }, |s| Gate::Shut { until: at(s) });
    let (deliveries, questions) =
        (|line| Lines { deliveries: line, ..Lines::UP }, |line| Lines { questions: line, ..Lines::UP });
    let login = |line| Lines { login: line, ..Lines::UP };
    for (lines, now, asks, delivers) in [
        (Lines::UP, 0, Gate::All, Gate::All),
        (deliveries(trying()), 0, Gate::All, Gate::One),
        (questions(trying()), 0, Gate::One, Gate::All),
        (deliveries(refused(9)), 8, Gate::All, shut(9)),
        (deliveries(refused(9)), 9, Gate::All, Gate::One),
        (questions(refused(9)), 8, shut(9), Gate::All),
        (questions(refused(9)), 9, Gate::One, Gate::All),
        // Only a look opens it, however late it is.
        (deliveries(down(7)), 99, Gate::All, look(7)),
        // A question is its own look.
        (questions(down(7)), 6, shut(7), Gate::All),
        (questions(down(7)), 7, Gate::One, Gate::All),
        // Without a pass nothing goes.
        (login(down(7)), 99, look(7), look(7)),
        (login(refused(9)), 8, shut(9), shut(9)),
        (login(refused(9)), 9, Gate::One, Gate::One),
        (Lines { login: down(7), ..deliveries(refused(30)) }, 8, look(7), shut(30)),
        (Lines { login: down(7), ..deliveries(down(30)) }, 8, look(7), look(30)),
        (Lines { login: down(30), ..questions(down(7)) }, 8, look(30), look(30)),
    ] {
        let now = at(now);
        assert_eq!((gate(&lines, Question, now), gate(&lines, Delivery, now)), (asks, delivers), "{lines:?}");
        assert_eq!(gate(&lines, Login, now), through(&lines.login, now), "{lines:?}");
    }
}

#[test]
fn a_line_that_is_down_is_looked_at_in_its_time_by_a_hand_and_only_for_a_reason() {
    // Of one look all that waits for it hears.
    let both = |gate| Lane { ask: gate, deliver: gate, ..lane() };
    let down = |look| {
        let Lane { going, fresh, .. } = with(1, Stage::Resend, &[1]);
        Lane { going, fresh, waits: true, ..both(Gate::Down { look }) }
    };
    assert_eq!(starts(&desk(2, &[("a", down(at(0)))])), ["look a"]);
    let other = ("b", with(0, Stage::Probe, &[1, 2]));
    assert_eq!(starts(&desk(2, &[("a", down(at(0))), other.clone()])), ["look a", "new b"]);
    let later = round(&desk(2, &[("a", down(at(9)))]));
    assert_eq!((later.starts.len(), later.next), (0, Some(at(9))));
    let looking = Lane { looking: true, ..down(at(0)) };
    assert_eq!(starts(&desk(2, &[("a", looking)])), Vec::<String>::new());
    let idle = Lane { waits: false, going: Vec::new(), ..down(at(0)) };
    assert_eq!(round(&desk(2, &[("a", idle)])), Round { starts: Vec::new(), next: None });
    let shut = Lane { going: Vec::new(), ..both(Gate::Shut { until: at(7) }) };
    let shut = Lane { waits: true, ..shut };
    assert_eq!(round(&desk(2, &[("a", shut)])), Round { starts: Vec::new(), next: Some(at(7)) });
}

#[test]
fn the_next_round_is_at_the_nearest_time() {
    let mut one = with(2, Stage::Follow, &[]);
    (one.going[0].due, one.going[1].due) = (at(30), at(20));
    let two = Lane { wakes: Some(at(10)), ..lane() };
    assert_eq!(round(&desk(5, &[("a", one.clone())])).next, Some(at(20)));
    assert_eq!(round(&desk(5, &[("a", one), ("b", two)])).next, Some(at(10)));
}

#[test]
fn a_wait_is_over_in_its_time_or_when_what_it_waited_for_has_come() {
    let day = 24 * 3_600;
    for (since, next_try, released, left) in [
        (-10, None, None, None),
        (-10, Some(0), None, None),
        (-10, Some(50), None, Some(50)),
        // Told to wait no more, before and after it began.
        (-10, Some(50), Some(-5), None),
        (-10, Some(50), Some(-10), Some(50)),
        (-10, Some(50), Some(-20), Some(50)),
        // By a clock that went ahead: it began in what is the future now.
        (7_200, Some(7_250), None, None),
        (-10, Some(2 * day), None, None),
    ] {
        let wait = Waiting { since: at(since), next_try: next_try.map(at) };
        assert_eq!(waits(wait, at(0), released.map(at)), left.map(at), "{since} {next_try:?} {released:?}");
    }
}

#[test]
fn a_parcel_taken_up_waits_for_no_time_that_another_clock_told() {
    assert_eq!(due(at(-60), Some(at(600)), at(0)), at(600));
    assert_eq!(due(at(-60), None, at(0)), at(0));
    assert_eq!(due(at(7_200), Some(at(7_800)), at(0)), at(0), "sent in the future");
    assert_eq!(due(at(-60), Some(at(99 * 86_400)), at(0)), later(at(0), LONGEST_WAIT));
}

fn any_gate() -> impl Strategy<Value = Gate> {
    prop_oneof![
        4 => Just(Gate::All),
        2 => Just(Gate::One),
        1 => (-9i64..9).prop_map(|s| Gate::Down { look: at(s) }),
        1 => (1i64..9).prop_map(|s| Gate::Shut { until: at(s) }),
    ]
}

prop_compose! {
    fn any_lane()(
        (ask, deliver) in (any_gate(), any_gate()),
        (most, busy, busy_going, asking) in (1usize..6, 0usize..6, 0usize..6, 0usize..6),
        going in proptest::collection::vec((-5i64..5, 0usize..3), 0..9),
        fresh in proptest::collection::vec(0u64..99, 0..9),
        looking in any::<bool>(),
    ) -> Lane {
        let busy = busy.min(most);
        let mut fresh = fresh;
        fresh.sort_unstable();
        let stages = [Stage::Follow, Stage::Probe, Stage::Resend];
        let going = going.into_iter().enumerate();
        Lane {
            ask,
            deliver,
            busy,
            busy_going: busy_going.min(busy),
            asking: asking.min(busy_going).min(busy),
            most,
            looking,
            waits: !fresh.is_empty(),
            going: going.map(|(n, (due, stage))| Going {
                parcel: ParcelId(format!("p{n}")),
                due: at(due),
                stage: stages[stage],
            }).collect(),
            fresh: fresh.into_iter().map(|order| Urgency { deadline: at(3_600), order }).collect(),
            wakes: None,
        }
    }
}

proptest! {
    /// Whatever there is: no hand is used twice, no channel has more than it may, nothing starts before
    /// its time or on a line that is shut, and no hand rests while something could start.
    #[test]
    fn any_desk_is_planned_within_its_means(
        lanes in proptest::collection::vec(any_lane(), 1..4), hands in 1usize..8, went_on in any::<bool>(),
    ) {
        let busy: usize = lanes.iter().map(|lane| lane.busy).sum();
        let free = hands.saturating_sub(busy);
        let lanes: BTreeMap<_, _> =
            lanes.into_iter().enumerate().map(|(n, lane)| (channel(&format!("c{n}")), lane)).collect();
        let planned = round(&Desk { now: at(0), hands, free, went_on, lanes: lanes.clone() });
        prop_assert!(planned.starts.len() <= free);
        for (name, lane) in &lanes {
            let stage_of = |start: &Start| match start {
                Start::GoOn(c, parcel) if c == name => {
                    lane.going.iter().find(|going| going.parcel == *parcel).map(|going| going.stage)
                }
                Start::Fresh(c) if c == name => Some(Stage::Fresh),
                Start::GoOn(..) | Start::Fresh(_) | Start::Look(_) => None,
            };
            let begun: Vec<_> = planned.starts.iter().filter_map(stage_of).collect();
            let delivered = begun.iter().filter(|stage| stage.delivers()).count();
            let looks = planned.starts.iter().filter(|s| **s == Start::Look(name.clone())).count();
            let due = lane.going.iter().filter(|going| going.due <= at(0)).count();
            prop_assert!(begun.is_empty() || lane.busy + begun.len() <= lane.most);
            for (gate, before, begun) in [
                (lane.ask, lane.asking, begun.len() - delivered),
                (lane.deliver, lane.busy - lane.asking, delivered),
            ] {
                match gate {
                    Gate::All => {}
                    Gate::One => prop_assert!(begun == 0 || before + begun == 1),
                    Gate::Down { .. } | Gate::Shut { .. } => prop_assert!(begun == 0),
                }
            }
            let to_look = |gate| matches!(gate, Gate::Down { look } if look <= at(0));
            let may_look = (to_look(lane.ask) || to_look(lane.deliver)) && !lane.looking;
            prop_assert!(looks <= usize::from(may_look));
            prop_assert!(begun.len() <= due + lane.fresh.len());
            let could = lane.busy + begun.len() < lane.most && match lane.deliver {
                Gate::All => true,
                Gate::One => lane.busy - lane.asking + delivered == 0,
                Gate::Down { .. } | Gate::Shut { .. } => false,
            };
            let left = lane.fresh.len() > begun.iter().filter(|stage| **stage == Stage::Fresh).count();
            prop_assert!(planned.starts.len() == free || !(could && left), "a hand rests: {planned:?}");
        }
    }
}
