//! The shape of answers, which varies in nature: prefixes, orders, spellings. Data of a scenario; what is answered
//! is decided elsewhere.

use crate::random::Random;
use serde::Deserialize;

/// One of two forms, or both by chance, as they were seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    #[default]
    Mixed,
    Always,
    Never,
}

impl Form {
    pub(crate) fn draw(self, permille: u64, random: &mut Random) -> bool {
        match self {
            Form::Mixed => random.chance(permille),
            Form::Always => true,
            Form::Never => false,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SoapShape {
    /// `ns1:` before the names of the answer.
    pub prefix: Form,
    /// CR as `&#xd;` at the ends of lines.
    pub carriage_returns: Form,
    /// The inner XML in a CDATA section.
    pub cdata: bool,
    /// ISO-8859-1 bytes under a header that says UTF-8.
    pub latin1: bool,
    /// `RESP_HDR` before `RESP_BODY`; by default where each was seen.
    pub header_first: Option<bool>,
    /// `ESTADO` 0 for 00.
    pub short_ok: bool,
    /// The header says 0 and the state stands in the body.
    pub state_in_body: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RestShape {
    /// `ESTADO` 0 for 00 in seeds.
    pub short_ok: Form,
    /// `RESP_BODY` before `RESP_HDR` in tokens, against the OAS.
    pub token_body_first: bool,
    /// `trackid` as a string in receipts and as a number in states: the other way round than seen.
    pub swap_track: bool,
    /// Dates the other way round than seen.
    pub swap_dates: bool,
    /// `estadistica` and `detalle_rep_rech` are left out where they would be null.
    pub leave_nulls_out: bool,
    /// `detalle_rep_rech` is null even when the upload is processed.
    pub null_detail: bool,
    /// No `tipo` in the detail of a document.
    pub no_type: bool,
    /// No `descripcion`.
    pub no_description: bool,
    /// No `nivel` in an error.
    pub no_level: bool,
    /// RPR for a document whose objections are all of level 1.
    pub rpr_for_light: bool,
    /// So many requests a minute: `X-RateLimit-*` in every reply, then 429 with `X-Retry-After`.
    pub rate_limit: Option<u64>,
}

/// How an upload ends whatever is in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ending {
    /// RSC, RFR, RCT, RCH, RCO, RPT, RPR, RLV, VOF, or anything else that nobody knows.
    pub state: String,
    #[serde(default)]
    pub every: u64,
    #[serde(default)]
    pub permille: u64,
    /// So many uploads at the most.
    #[serde(default)]
    pub times: Option<u64>,
    /// Only uploads with a document of one of these folios in them; of any, where there is none.
    #[serde(default)]
    pub folios: Vec<u64>,
}
