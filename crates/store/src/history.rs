//! All that happened to a document: the facts that name it, and those of the parcels it
//! travelled in.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use timbre_core::{DocumentId, ParcelId, Timestamp};

use crate::index::{Keys, broken};
use crate::{Event, Place, Reader, StoreError, key};

impl Reader {
    /// The facts about a document, oldest first; empty for an unknown one. In the place of one that can't be read stands
    /// that it can't ([`Event::is_unreadable`]), at the time of the one before it.
    pub fn history(&self, id: &DocumentId) -> Result<Vec<Event>, StoreError> {
        let Some(order) = self.view.number(&key::document(id))? else {
            return Ok(Vec::new());
        };
        let mut places = self.places(&key::history_of(order))?;
        let parcels: BTreeSet<Vec<u8>> =
            self.view.with_prefix(&key::travelled_of(order))?.into_iter().map(|(_, parcel)| parcel).collect();
        for parcel in parcels {
            let parcel = ParcelId(String::from_utf8_lossy(&parcel).into_owned());
            places.extend(self.places(&key::parcel_events(&parcel))?);
        }
        let mut events: Vec<Event> = Vec::new();
        for place in places.into_values() {
            let event = match self.event(place) {
                Err(StoreError::Damaged { why, .. }) => {
                    let at = events.last().map_or(Timestamp::UNIX_EPOCH, |event| event.at);
                    Event { at, fact: json!({"fact": Event::UNREADABLE, "why": why}), frame: place }
                }
                read => read?,
            };
            events.push(event);
        }
        Ok(events)
    }

    pub(crate) fn places(&self, prefix: &[u8]) -> Result<BTreeMap<u64, Place>, StoreError> {
        let found = self.view.with_prefix(prefix)?;
        let place = |(key, value): (Vec<u8>, Vec<u8>)| {
            key::tail(&key).zip(key::place_of(&value)).ok_or_else(|| broken("una historia"))
        };
        found.into_iter().map(place).collect()
    }

    fn event(&self, place: Place) -> Result<Event, StoreError> {
        let frame = self.segments.frame(place)?;
        Ok(Event { at: frame.at(), fact: self.segments.json(&frame)?, frame: place })
    }
}
