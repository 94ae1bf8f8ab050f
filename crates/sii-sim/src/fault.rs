//! One thing that goes wrong, as a scenario or a script says it: at which door, how often, and what is done.

use crate::state::Channel;
use serde::{Deserialize, Serialize};

/// A service of the SII, seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Door {
    Upload,
    Seed,
    Token,
    UploadState,
    DocumentState,
    /// `wsDTECorreo`.
    Mail,
    /// The claim registry.
    Claims,
    /// What is known to no service: a WSDL, a wrong path.
    Other,
}

/// Where a fault strikes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Where {
    #[default]
    Upload,
    Seed,
    Token,
    UploadState,
    DocumentState,
    Mail,
    Claims,
    /// Everything but an upload.
    Questions,
    Anywhere,
}

impl Where {
    fn is(self, door: Door) -> bool {
        match self {
            Where::Upload => door == Door::Upload,
            Where::Seed => door == Door::Seed,
            Where::Token => door == Door::Token,
            Where::UploadState => door == Door::UploadState,
            Where::DocumentState => door == Door::DocumentState,
            Where::Mail => door == Door::Mail,
            Where::Claims => door == Door::Claims,
            Where::Questions => door != Door::Upload,
            Where::Anywhere => true,
        }
    }
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// The connection is cut before anything took effect.
    LostRequest,
    /// It took effect, and the connection is reset without a reply.
    LostReply,
    /// HTTP 200 and the page "HA OCURRIDO UN ERROR EN EL UPLOAD".
    Html,
    /// HTTP 200 and the page "Error 501", which elsewhere means a bad session.
    #[serde(rename = "error-501")]
    Error501,
    /// HTTP 200 and nothing.
    Empty,
    /// The HTTP status `status` with the text `body`, and `X-Retry-After: seconds` when that is not 0. Without
    /// either it is HTTP 500 and `Error 500`.
    Status,
    /// DTEUpload answers `STATUS status`.
    Reception,
    /// The reply comes `seconds` later.
    Delay,
    /// Half of the body, under its own right length.
    Truncated,
    /// Half of the body under the whole one's length, and then the end of the connection.
    HalfClose,
    /// Half of the body, and then a reset.
    Reset,
    /// One byte every `seconds`.
    Drip,
    /// A body of 100 MB.
    Huge,
    /// A `Content-Length` that is too short.
    WrongLength,
    /// A state question is answered with the code `code` (and `err` for ERR_CODE), whatever is known.
    Say,
    /// EPR with counts of zero.
    ZeroCounts,
    /// EPR without counts.
    NoCounts,
    /// EPR with more informed than were sent.
    OtherCounts,
    /// EPR without the counts of credit notes.
    NoNotes,
}

/// When in the life of a request a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before it takes effect.
    Before,
    /// When a state is said.
    Answer,
    /// When the counts of a processed upload are said.
    Counts,
    /// When the reply is ready.
    After,
}

impl Deed {
    fn moment(self) -> Moment {
        match self {
            Deed::Say => Moment::Answer,
            Deed::ZeroCounts | Deed::NoCounts | Deed::OtherCounts | Deed::NoNotes => Moment::Counts,
            // Those that need a reply to spoil come after the request took effect.
            Deed::LostReply
            | Deed::Delay
            | Deed::Truncated
            | Deed::HalfClose
            | Deed::Reset
            | Deed::Drip
            | Deed::Huge
            | Deed::WrongLength => Moment::After,
            Deed::LostRequest
            | Deed::Html
            | Deed::Error501
            | Deed::Empty
            | Deed::Status
            | Deed::Reception => Moment::Before,
        }
    }
}

/// `[[faults]]` of a scenario; one alone is a line of a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    pub does: Deed,
    #[serde(default)]
    pub at: Where,
    /// `dte` or `boleta`; without it both.
    #[serde(default)]
    pub channel: Option<Channel>,
    /// Every k-th time. With neither this nor `permille` it is each time.
    #[serde(default)]
    pub every: u64,
    #[serde(default)]
    pub permille: u64,
    /// Spares so many at first.
    #[serde(default)]
    pub skip: u64,
    /// Strikes so many times at the most.
    #[serde(default)]
    pub times: Option<u64>,
    /// The request takes effect before: what is uploaded is stored.
    #[serde(default)]
    pub stored: bool,
    #[serde(default)]
    pub status: i32,
    #[serde(default)]
    pub body: String,
    #[serde(default)]
    pub seconds: u64,
    #[serde(default)]
    pub code: String,
    #[serde(default)]
    pub err: String,
    /// Counts for each upload or document by itself: `every` and `permille` then choose which.
    #[serde(default)]
    pub each: bool,
}

impl Fault {
    pub(crate) fn new(does: Deed, at: Where) -> Fault {
        Fault {
            does,
            at,
            channel: None,
            every: 0,
            permille: 0,
            skip: 0,
            times: None,
            stored: false,
            status: 0,
            body: String::new(),
            seconds: 0,
            code: String::new(),
            err: String::new(),
            each: false,
        }
    }

    pub(crate) fn concerns(&self, door: Door, channel: Channel) -> bool {
        self.at.is(door) && self.channel.is_none_or(|only| only == channel)
    }

    pub(crate) fn moment(&self) -> Moment {
        match self.does.moment() {
            Moment::Before if self.stored => Moment::After,
            moment => moment,
        }
    }
}
