//! Every named place where the harness's build can be made to die (`crash!` in the product's code),
//! and what has to come before so that a life gets there.

/// What a life needs in order to come to a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A new folder that is made into a shop.
    New,
    /// Selling.
    Sold,
    /// Sending: the pass is one of the first few.
    Sent,
    /// Opening.
    Opened,
    /// Opening when the life before died with half a batch in the journal.
    Torn,
    /// Opening when the life before died before the index heard of its last batch.
    Behind,
    /// Opening when the index is marked as one that failed.
    Suspect,
    /// A write to the journal fails while selling (Linux: by the preloaded shim).
    JournalFails,
    /// A write to the index fails while selling (Linux: by the preloaded shim).
    IndexFails,
    /// What is written is sealed, or is in clear again: a command of its own.
    Sealing,
}

use Way::{Behind, IndexFails, JournalFails, New, Opened, Sealing, Sent, Sold, Suspect, Torn};

/// Name, way, and the highest pass that every such life comes to.
pub const POINTS: [(&str, Way, u64); 46] = [
    ("folder-made", New, 1),
    ("vault-half", New, 2), // the key's file, and the vault's
    ("folder-unsynced", New, 1),
    ("journal-made", New, 1),
    ("anchor-based", New, 1),
    ("index-marked", New, 1),
    ("open-unsettled", New, 1),
    ("company-written", New, 1),
    ("certificate-unwritten", New, 1),
    ("certificate-written", New, 1),
    ("grant-unwritten", New, 2),
    ("grant-written", New, 2),
    ("card-half", New, 1),
    ("append-before", Sold, 30),
    ("append-half", Sold, 30),
    ("append-unsynced", Sold, 30),
    ("room-made", Sold, 1),
    ("index-before", Sold, 30),
    ("index-marked", Sold, 30),
    ("index-after", Sold, 30),
    ("index-synced", Sold, 30),
    ("answer-unsaid", Sold, 20),
    ("answer-unsent", Sold, 20),
    ("segment-unmade", Sold, 1),
    ("segment-unsynced", Sold, 1),
    ("anchor-before", Sold, 1),
    ("anchor-half", Sold, 1),
    ("sending-unwritten", Sent, 3),
    ("sending-written", Sent, 3),
    ("answer-heard", Sent, 6),
    ("answer-written", Sent, 3),
    ("verdict-unwritten", Sent, 3),
    ("open-unsettled", Opened, 1),
    ("journal-made", Opened, 1),
    ("secure-unsynced", Opened, 1),
    ("card-half", Opened, 1),
    ("tail-kept", Torn, 1),
    ("tail-cut", Torn, 1),
    ("replay-unwritten", Behind, 1),
    ("reopen-before", JournalFails, 1),
    ("reopen-after", JournalFails, 1),
    ("reopen-shut", IndexFails, 1),
    ("rebuild-put-aside", Suspect, 1),
    ("open-unsettled", Suspect, 1),
    // Last, so that one short run comes to all others sealed, or in clear, and to the rest the other way round.
    ("sealing-unwritten", Sealing, 1),
    ("sealing-written", Sealing, 1),
];

/// One that wants a journal of several hundred documents, so that a rebuild writes more than once.
pub const LARGE: (&str, Way, u64) = ("rebuild-half", Suspect, 1);

/// Those of the drop folder and of the webhooks, and the highest pass that a life with seven files comes to: see
/// `doors`.
pub const DOORS: [(&str, u64); 15] = [
    ("file-read", 5),
    ("file-issued", 5),
    ("paper-left", 5),
    ("file-answered", 5),
    ("file-passing", 5),
    ("file-aside", 5),
    ("refusal-left", 1),
    ("old-answer-aside", 4),
    ("old-refusal-half", 1),
    ("caf-loaded", 1),
    ("caf-noticed", 1),
    ("event-kept", 2),
    ("event-unsent", 5),
    ("event-sent", 5),
    ("event-settled", 5),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    fn walk(dir: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let names = text.split("crash!(\"").skip(1);
                found.extend(names.filter_map(|rest| rest.split_once('"')).map(|(name, _)| name.to_owned()));
            }
        }
    }

    #[test]
    fn the_harness_walks_through_every_point_that_the_code_has() {
        let mut found = BTreeSet::new();
        walk(Path::new("../crates"), &mut found);
        let sold = POINTS.iter().chain([&LARGE]).map(|(name, ..)| *name);
        let doors = DOORS.iter().map(|(name, _)| *name);
        assert_eq!(found, sold.chain(doors).map(str::to_owned).collect());
    }
}
