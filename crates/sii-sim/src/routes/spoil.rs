//! What a fault makes of a reply: another one, none, or the same one badly delivered.

use super::dte;
use crate::{
    fault::{Deed, Fault},
    message::{Outcome, Reply, Wire},
};
use jiff::Timestamp;
use std::time::Duration;

const HUGE: u64 = 100_000_000;

/// `reply` is what would have been said, when the request took effect.
pub(super) fn spoil(fault: &Fault, reply: Option<Reply>, now: Timestamp, after: Duration) -> Outcome {
    let instead = match fault.does {
        Deed::LostRequest | Deed::LostReply => None,
        Deed::Html => Some(dte::upload_error_page()),
        Deed::Error501 => Some(dte::error_501_page()),
        Deed::Empty => Some(Reply::html("")),
        Deed::Status => Some(status(fault)),
        Deed::Reception => Some(dte::reception_failed(&fault.status.to_string(), now)),
        Deed::Delay => {
            let after = after.saturating_add(Duration::from_secs(fault.seconds));
            return reply.map_or(Outcome::DropAfter { after }, |reply| Outcome::Reply { after, reply });
        }
        Deed::Truncated => reply.map(|mut reply| {
            reply.body.truncate(reply.body.len() / 2);
            reply
        }),
        Deed::HalfClose => reply.map(|reply| Reply { wire: Wire::HalfClosed, ..reply }),
        Deed::Reset => reply.map(|reply| Reply { wire: Wire::Reset, ..reply }),
        Deed::Drip => {
            let pace = Duration::from_secs(fault.seconds.max(1));
            reply.map(|reply| Reply { wire: Wire::Drip(pace), ..reply })
        }
        Deed::Huge => reply.map(|reply| Reply { wire: Wire::Filled(HUGE), ..reply }),
        // These shape an answer before there is a reply.
        Deed::Say | Deed::ZeroCounts | Deed::NoCounts | Deed::OtherCounts | Deed::NoNotes => reply,
        Deed::WrongLength => reply.map(|reply| Reply { wire: Wire::WrongLength, ..reply }),
    };
    match instead {
        Some(reply) => Outcome::Reply { after, reply },
        None if fault.does == Deed::LostRequest => Outcome::DropBefore,
        None => Outcome::DropAfter { after },
    }
}

fn status(fault: &Fault) -> Reply {
    let status = u16::try_from(fault.status).ok().filter(|status| *status != 0).unwrap_or(500);
    let reply = match fault.body.as_str() {
        "" => Reply::text(status, "Error 500"),
        // Plain text under the header of JSON, as the document question does it ("falta monto").
        body if status == 200 => Reply::new(200, "application/json", body),
        body => Reply::text(status, body),
    };
    match fault.seconds {
        0 => reply,
        seconds => reply.with_header("X-Retry-After", seconds.to_string()),
    }
}

/// For the book of arrivals.
pub(super) fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Reply { reply, .. } if reply.wire == Wire::Whole => format!("{} spoilt", reply.status),
        Outcome::Reply { reply, .. } => format!("{} spoilt on the wire", reply.status),
        Outcome::DropBefore => "request lost".to_owned(),
        Outcome::DropAfter { .. } => "reply lost".to_owned(),
    }
}
