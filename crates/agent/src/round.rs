//! A round of the sender: reads what waits, plans, and starts what may start. What may, and in which
//! order, is `plan`'s.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use timbre_core::{ChannelId, Document, DocumentId, ParcelId, Timestamp};
use timbre_store::Row;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;

use crate::apart::by_most;
use crate::clock::{later, until};
use crate::conversation::{Phase, TalkError};
use crate::deadline::Terms;
use crate::elsewhere;
use crate::line::Asked;
use crate::lines::Lines;
use crate::parcel::pack;
use crate::plan::{self, CLOCK_STEP, Desk, Going, Lane, Stage, Start, Waiting};
use crate::queue::{Queue, urgency};
use crate::sender::{Sender, lock};

/// What the loop knows between rounds.
#[derive(Default)]
pub(crate) struct Known {
    parcels: HashMap<ParcelId, Open>,
    /// Conversations in course: of which channel, and what they began with.
    busy: HashMap<ParcelId, (ChannelId, Stage)>,
    busy_documents: HashSet<DocumentId>,
    looking: HashSet<ChannelId>,
    /// When what waits for a channel was last told to wait no more.
    released: HashMap<ChannelId, Timestamp>,
    /// While a line lets nothing through: up to where its queue was told so.
    told: HashMap<ChannelId, u64>,
    went_on: bool,
    /// The time of the round before.
    last: Option<Timestamp>,
}

/// A parcel that is not settled.
struct Open {
    channel: ChannelId,
    due: Timestamp,
    stage: Stage,
    /// Its documents leave in no other envelope.
    binds: bool,
    /// When its last conversation stopped.
    heard: Option<Timestamp>,
    documents: HashMap<DocumentId, u32>,
}

/// How a task left its parcel.
pub(crate) struct Left {
    pub parcel: ParcelId,
    pub documents: Vec<DocumentId>,
    /// When to go on with the parcel; `None` when it is closed.
    pub due: Option<Timestamp>,
}

pub(crate) enum Ended {
    Left(Left),
    Looked(ChannelId),
}

/// New parcels by channel, the most urgent first.
type Fresh = BTreeMap<ChannelId, VecDeque<Vec<Arc<Document>>>>;

impl Sender {
    /// Takes up what a stop left: parcels that wait, and those on the wire, whose outcome is
    /// unknown.
    pub(crate) async fn recover(&self) -> Result<Known, TalkError> {
        let mut known = Known::default();
        let now = self.now();
        self.take_up_strays().await?;
        let parcels = self.reader().parcels()?;
        self.recover_tracks(&parcels);
        for open in parcels {
            let due = match open.state {
                Some(_) => Ok(plan::due(open.sent, open.due, now)),
                None => {
                    let why = "Timbre se detuvo mientras lo enviaba";
                    self.doubt(&open.id, &open.documents, open.attempt, why).await
                }
            };
            let due = due.unwrap_or_else(|error| {
                tracing::error!(%error, parcel = open.id.0, "a parcel can't be taken up yet");
                self.pause(1)
            });
            let phase = Phase::of(open.state.as_ref());
            known.parcels.insert(
                open.id,
                Open {
                    channel: open.channel,
                    due,
                    stage: phase.stage(),
                    binds: phase.binds(),
                    heard: None,
                    documents: open.documents.into_iter().collect(),
                },
            );
        }
        Ok(known)
    }

    pub(crate) fn ended(&self, known: &mut Known, ended: Ended) {
        let left = match ended {
            Ended::Looked(channel) => {
                known.looking.remove(&channel);
                return;
            }
            Ended::Left(left) => left,
        };
        known.busy.remove(&left.parcel);
        for id in &left.documents {
            known.busy_documents.remove(id);
        }
        match (left.due, known.parcels.get_mut(&left.parcel)) {
            (Some(due), Some(open)) => {
                open.due = due;
                open.heard = Some(self.now());
                // What can't be read is asked about.
                let row = self.reader().parcel_row(&left.parcel).ok().flatten();
                let phase = Phase::of(row.and_then(|row| row.state).as_ref());
                (open.stage, open.binds) = (phase.stage(), phase.binds());
            }
            (Some(_), None) => {}
            (None, _) => {
                known.parcels.remove(&left.parcel);
                lock(&self.probing).remove(&left.parcel);
            }
        }
    }

    /// Starts what can start now; answers when to look again.
    pub(crate) async fn round(
        self: &Arc<Self>,
        known: &mut Known,
        tasks: &mut JoinSet<Ended>,
    ) -> Result<Option<Timestamp>, TalkError> {
        if self.issuer().is_err() {
            return Ok(None);
        }
        let now = self.now();
        self.end_waits(known, now);
        let free = self.permits.available_permits();
        let mut lanes = BTreeMap::new();
        let mut fresh = Fresh::new();
        for (channel, lines) in self.lines() {
            let (lane, new) = self.lane(known, &channel, &lines, now, free).await?;
            lanes.insert(channel.clone(), lane);
            fresh.insert(channel, new);
        }
        let hands = self.settings().workers.max(1);
        let round = plan::round(&Desk { now, hands, free, went_on: known.went_on, lanes });
        for start in round.starts {
            let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
                return Ok(None); // a task that ends wakes the loop
            };
            known.went_on = matches!(start, Start::GoOn(..));
            match start {
                Start::Look(channel) => self.look(channel, permit, known, tasks),
                Start::GoOn(channel, parcel) => self.start_going(channel, parcel, permit, known, tasks),
                Start::Fresh(channel) => {
                    if let Some(group) = fresh.get_mut(&channel).and_then(VecDeque::pop_front) {
                        self.start_fresh(channel, group, permit, known, tasks);
                    }
                }
            }
        }
        Ok(round.next)
    }

    /// Ends the waits that need not be waited out: a person asked, a line came back, or the clock
    /// that they were told by was wrong.
    fn end_waits(&self, known: &mut Known, now: Timestamp) {
        let went_back = known.last.is_some_and(|last| until(now, last) > CLOCK_STEP);
        known.last = Some(now);
        let hurry = self.hurry.swap(false, Ordering::Relaxed);
        let returned = std::mem::take(&mut *lock(&self.returned));
        let wanted = std::mem::take(&mut *lock(&self.wanted));
        let mut probing = lock(&self.probing);
        for (id, open) in &mut known.parcels {
            if open.stage == Stage::Follow && wanted.contains(id) {
                // A person may press twice.
                let floor = open.heard.map(|heard| later(heard, self.settings().poll_floor));
                open.due = open.due.min(floor.map_or(now, |floor| floor.max(now)));
            }
            let over = match open.stage {
                Stage::Follow => went_back,
                Stage::Probe => went_back || hurry,
                Stage::Resend => went_back || hurry || returned.contains(&open.channel),
                Stage::Fresh => false,
            };
            if over {
                open.due = open.due.min(now);
            }
            if let Some(probing) = probing.get_mut(id).filter(|_| over) {
                probing.asked.values_mut().for_each(|asked| asked.due = asked.due.min(now));
                if went_back {
                    // Their states tell times too.
                    probing.asked.clear();
                }
            }
        }
        drop(probing);
        if went_back {
            lock(&self.quiet).clear();
        }
        if hurry || went_back {
            self.look_now(now);
            // What a person sends by hand is said to wait anew.
            known.told.clear();
        }
        let all: Vec<_> = if hurry { self.lines().into_keys().collect() } else { Vec::new() };
        // As the journal tells times: what was written in this very moment waits.
        let now = Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now);
        known.released.extend(returned.into_iter().chain(all).map(|channel| (channel, now)));
    }

    /// What a channel has, and the new parcels that could start on it.
    async fn lane(
        &self,
        known: &mut Known,
        channel: &ChannelId,
        lines: &Lines,
        now: Timestamp,
        free: usize,
    ) -> Result<(Lane, VecDeque<Vec<Arc<Document>>>), TalkError> {
        let limits = self.channel(channel).limits().clone();
        let busy = known.busy.values().filter(|(of, _)| of == channel);
        let going = known.parcels.iter().filter(|(id, open)| {
            open.channel == *channel && open.stage != Stage::Fresh && !known.busy.contains_key(*id)
        });
        let quiet = self.hushed(channel);
        // A journal that may end early, or that another machine goes on with, sends nothing: what waits in it may have
        // left already, and it is a person who knows. Asking changes nothing at the authority, and goes on.
        let held = self.reader().locked().is_some();
        let going = going.filter(|(_, open)| !(held && open.stage.delivers()));
        let mut lane = Lane {
            ask: plan::gate(lines, Asked::Question, now),
            deliver: plan::gate(lines, Asked::Delivery, now),
            busy: busy.clone().count(),
            busy_going: busy.clone().filter(|(_, stage)| *stage != Stage::Fresh).count(),
            asking: busy.filter(|(_, stage)| !stage.delivers()).count(),
            most: limits.in_flight.max(1),
            looking: known.looking.contains(channel),
            going: going
                .map(|(id, open)| {
                    let quiet = quiet.filter(|_| !open.stage.delivers());
                    Going {
                        parcel: id.clone(),
                        due: quiet.map_or(open.due, |at| at.max(open.due)),
                        stage: open.stage,
                    }
                })
                .collect(),
            fresh: Vec::new(),
            waits: false,
            wakes: None,
        };
        if !lane.deliver.is_open() {
            lane.waits = !self.reader().queue_of(channel, 0, 1)?.is_empty();
            let told = known.told.entry(channel.clone()).or_default();
            *told = self.no_line(channel, lines.why_none_leaves(), *told).await?;
            return Ok((lane, VecDeque::new()));
        }
        known.told.remove(channel);
        if held {
            return Ok((lane, VecDeque::new()));
        }
        let (parcels, documents) = lane.room(free, limits.documents.min(self.settings().parcel).max(1));
        let terms = self.terms();
        let (rows, wakes) = self.free_rows(known, channel, &terms, parcels * documents).await?;
        let orders: HashMap<_, _> =
            rows.iter().map(|(row, d)| (d.id.clone(), urgency(row, &terms))).collect();
        let of_channel = self.channel(channel);
        let together = |a: &Document, b: &Document| of_channel.travels_with(a, b);
        // Those are asked about first, and each by itself: what one of them met elsewhere tells nothing of another.
        let most = |row: &Row| if elsewhere::may_have_left(self.reader(), row) { Some(1) } else { row.most };
        let classes = by_most(rows, |(row, _)| most(row), documents);
        let groups = classes.into_iter().flat_map(|(most, rows)| {
            let of_class = rows.into_iter().map(|(_, document)| document);
            pack(of_class, documents.min(most), limits.bytes, &together)
        });
        let mut groups: Vec<_> =
            groups.filter_map(|group| Some((*orders.get(&group.first()?.id)?, group))).collect();
        groups.sort_by_key(|(urgency, _)| *urgency);
        lane.fresh = groups.iter().map(|(urgency, _)| *urgency).collect();
        lane.wakes = wakes;
        Ok((lane, groups.into_iter().map(|(_, group)| group).collect()))
    }

    /// The `many` most urgent documents of a channel that may leave now and can be read, and the first time that one
    /// of those before them waits for.
    async fn free_rows(
        &self,
        known: &Known,
        channel: &ChannelId,
        terms: &Terms,
        many: usize,
    ) -> Result<(Vec<(Row, Arc<Document>)>, Option<Timestamp>), TalkError> {
        let released = known.released.get(channel).copied();
        let (mut found, mut wakes) = (Vec::new(), None::<Timestamp>);
        let mut queue = Queue::of(channel, self.reader(), terms, many + known.busy_documents.len() + 1)?;
        while found.len() < many
            && let Some(row) = queue.next()?
        {
            let wait = Waiting { since: row.since, next_try: row.next_try };
            if let Some(at) = plan::waits(wait, terms.now, released) {
                wakes = wakes.into_iter().chain([at]).min();
            } else if !known.holds(&row)
                && self.has_its_turn(&row).await?
                && let Some(document) = self.readable(&row.id, row.version).await?
            {
                found.push((row, document));
            }
        }
        Ok((found, wakes))
    }

    fn start_going(
        self: &Arc<Self>,
        channel: ChannelId,
        id: ParcelId,
        permit: OwnedSemaphorePermit,
        known: &mut Known,
        tasks: &mut JoinSet<Ended>,
    ) {
        let stage = known.parcels.get(&id).map_or(Stage::Probe, |open| open.stage);
        known.busy.insert(id.clone(), (channel, stage));
        let sender = Arc::clone(self);
        tasks.spawn(async move {
            let _permit = permit;
            let due = sender.pause(u32::MAX);
            let otherwise = Left { parcel: id.clone(), documents: Vec::new(), due: Some(due) };
            let work = async move {
                let due = sender.go_on(&id).await;
                Left { parcel: id, documents: Vec::new(), due }
            };
            Ended::Left(unless_it_panics(work, otherwise).await)
        });
    }

    fn start_fresh(
        self: &Arc<Self>,
        channel: ChannelId,
        group: Vec<Arc<Document>>,
        permit: OwnedSemaphorePermit,
        known: &mut Known,
        tasks: &mut JoinSet<Ended>,
    ) {
        let id = self.new_parcel();
        let documents: HashMap<_, _> = group.iter().map(|d| (d.id.clone(), d.version)).collect();
        let names: Vec<_> = documents.keys().cloned().collect();
        known.busy_documents.extend(names.iter().cloned());
        known.busy.insert(id.clone(), (channel.clone(), Stage::Fresh));
        let due = self.now();
        let open = Open { channel, due, stage: Stage::Fresh, binds: true, heard: None, documents };
        known.parcels.insert(id.clone(), open);
        let sender = Arc::clone(self);
        tasks.spawn(async move {
            let _permit = permit;
            let work = {
                let (sender, id, group) = (Arc::clone(&sender), id.clone(), group.clone());
                async move { Some(sender.send_new(&id, group).await) }
            };
            let due = match unless_it_panics(work, None).await {
                Some(due) => due,
                None => {
                    let due = sender.pause(u32::MAX);
                    sender.postpone(&group, "el envío se interrumpió", Some(due)).await;
                    Some(due)
                }
            };
            Ended::Left(Left { parcel: id, documents: names, due })
        });
    }

    /// Looks at a line that is down: a login tells whether anything gets through.
    fn look(
        self: &Arc<Self>,
        channel: ChannelId,
        permit: OwnedSemaphorePermit,
        known: &mut Known,
        tasks: &mut JoinSet<Ended>,
    ) {
        known.looking.insert(channel.clone());
        let sender = Arc::clone(self);
        tasks.spawn(async move {
            let _permit = permit;
            let look = {
                let (sender, channel) = (Arc::clone(&sender), channel.clone());
                async move { sender.look_at(&channel).await.err().map(|error| error.to_string()) }
            };
            let panicked = Some("la revisión de la línea se interrumpió".to_owned());
            if let Some(why) = unless_it_panics(look, panicked).await {
                tracing::error!(why, "the line can't be looked at");
                sender.line_failed(&channel, Asked::Login, &why).await;
            }
            Ended::Looked(channel)
        });
    }
}

impl Known {
    /// On its way already, or part of a parcel whose bytes must stay the same.
    fn holds(&self, row: &Row) -> bool {
        let in_parcel = || {
            let open = self.parcels.get(row.parcel.as_ref()?).filter(|open| open.binds)?;
            // One made anew since is not what travelled.
            open.documents.get(&row.id).filter(|version| **version == row.version)
        };
        self.busy_documents.contains(&row.id) || in_parcel().is_some()
    }
}

/// What `work` answers, or `otherwise` when it panics: its documents must not stay busy for ever. Whoever
/// drops this ends the work, so that nothing goes on behind a store that was closed.
async fn unless_it_panics<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
    otherwise: T,
) -> T {
    let mut alone = JoinSet::new();
    alone.spawn(work);
    match alone.join_next().await {
        Some(Ok(answer)) => answer,
        Some(Err(error)) => {
            tracing::error!(%error, "a task of the sender panicked");
            otherwise
        }
        None => otherwise,
    }
}
