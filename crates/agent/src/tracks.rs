//! Which parcel each track was given to. An authority, or what stands between, that gives the same to two proves nothing
//! of the second: what is counted of one upload would be believed of both.

use std::collections::VecDeque;

use timbre_core::{ChannelId, ParcelId, Report, Step, Verdict};

use crate::conversation::{Talk, rows_in};
use crate::sender::{Sender, lock};

/// So many are remembered.
const MOST: usize = 4096;

/// The last tracks that were given, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Tracks(VecDeque<(ChannelId, String, ParcelId)>);

impl Tracks {
    /// `parcel` has it now; false where another one does.
    fn give(&mut self, channel: &ChannelId, track: &str, parcel: &ParcelId) -> bool {
        if let Some((.., of)) = self.0.iter().find(|(on, known, _)| on == channel && known == track) {
            return of == parcel;
        }
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back((channel.clone(), track.to_owned(), parcel.clone()));
        true
    }
}

impl Sender {
    /// Takes up what a run before was given, of parcels that are open.
    pub(crate) fn recover_tracks(&self, open: &[timbre_store::OpenParcel]) {
        let mut tracks = lock(&self.tracks);
        for open in open {
            let track = rows_in(self.reader(), open).into_iter().find_map(|row| row.track);
            if let Some(track) = track {
                tracks.give(&open.channel, &track, &open.id);
            }
        }
    }

    /// The step as it is, or doubt, where the track that it tells of is another parcel's. The same bytes are always in
    /// the same parcel.
    pub(crate) fn unless_anothers(&self, talk: &Talk<'_>, step: Step) -> Step {
        let (Step::Ask(_, _, reports) | Step::Wait(_, _, reports) | Step::Done(reports)) = &step else {
            return step;
        };
        let track = reports.iter().find_map(|report| match &report.verdict {
            Verdict::Sent { track } => Some(track),
            _ => None,
        });
        if track.is_none_or(|track| lock(&self.tracks).give(talk.channel, track, talk.parcel)) {
            return step;
        }
        let why = "se recibió con el número de otro envío, y eso no prueba que haya llegado";
        let doubt = |document: timbre_core::DocumentId| Report {
            document,
            verdict: Verdict::Unknown { why: why.to_owned() },
        };
        Step::Done(talk.documents.iter().map(|document| doubt(document.id.clone())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_track_is_one_parcels_for_as_long_as_it_is_remembered() {
        let (on, id) = (|name: &str| ChannelId(name.to_owned()), |id: u32| ParcelId(id.to_string()));
        let mut tracks = Tracks::default();
        assert!(tracks.give(&on("a"), "8888", &id(1)));
        assert!(tracks.give(&on("a"), "8888", &id(1)), "the same bytes again");
        assert!(!tracks.give(&on("a"), "8888", &id(2)));
        assert!(tracks.give(&on("b"), "8888", &id(2)), "another channel's are its own");
        for other in 0..u32::try_from(MOST).unwrap() {
            assert!(tracks.give(&on("a"), &format!("t{other}"), &id(3)));
        }
        assert_eq!(tracks.0.len(), MOST);
        assert!(tracks.give(&on("a"), "8888", &id(2)), "forgotten");
    }
}
