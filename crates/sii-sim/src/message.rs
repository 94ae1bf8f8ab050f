//! What passes between a client and the simulator: which host was called, with what, and what came of it.
//! Sockets are not here; `serve` turns bytes on a wire into these and back.

use serde::Deserialize;
use std::time::Duration;

/// The three hosts of the SII's certification environment, by their role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Host {
    /// `maullin.sii.cl`: everything of the DTE channel.
    Dte,
    /// `apicert.sii.cl`: seed, token and questions of the boleta channel.
    BoletaQuery,
    /// `pangal.sii.cl`: the upload of boletas, and nothing else.
    BoletaUpload,
}

/// One request, complete: the body is what a server had read when it stopped reading.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub method: String,
    pub path_and_query: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// The first header of that name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The path without its query.
    pub fn path(&self) -> &str {
        self.path_and_query.split_once('?').map_or(self.path_and_query.as_str(), |(path, _)| path)
    }

    /// A parameter of the query, as it was written (the SII's own values need no escaping).
    pub fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.path_and_query.split_once('?')?;
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, value)| *key == name && !value.is_empty())
            .map(|(_, value)| value)
    }

    /// The token in the cookie `TOKEN=…`, which is how the SII wants it (OAS, security scheme).
    pub fn token_cookie(&self) -> Option<&str> {
        self.headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case("cookie"))
            .flat_map(|(_, value)| value.split(';'))
            .find_map(|cookie| cookie.trim().strip_prefix("TOKEN="))
            .filter(|token| !token.is_empty())
    }
}

/// What the SII says back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// How it comes over the line.
    pub wire: Wire,
}

/// How much of a reply reaches the client, and how fast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wire {
    #[default]
    Whole,
    /// Half of the body, then the end of the connection.
    HalfClosed,
    /// Half of the body, then a reset.
    Reset,
    /// A byte at a time.
    Drip(Duration),
    /// Filled up with blanks to so many bytes.
    Filled(u64),
    /// A `Content-Length` of half the body.
    WrongLength,
}

impl Reply {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("Content-Type".to_owned(), content_type.to_owned())];
        Reply { status, headers, body: body.into(), wire: Wire::Whole }
    }

    /// Errors of the REST services are plain text (OAS, schema `Error: string`).
    pub(crate) fn text(status: u16, body: &str) -> Self {
        Reply::new(status, "text/plain;charset=UTF-8", body)
    }

    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Reply::new(status, "application/json", body.to_string())
    }

    pub(crate) fn xml(body: String) -> Self {
        Reply::new(200, "application/xml", body)
    }

    pub(crate) fn html(body: &str) -> Self {
        Reply::new(200, "text/html; charset=iso-8859-1", body)
    }

    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn with_header(mut self, name: &str, value: String) -> Self {
        self.headers.push((name.to_owned(), value));
        self
    }

    /// The body as text, for callers that only look.
    pub fn body_text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What came of a request, as the caller on the other side of the line sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Reply {
        after: Duration,
        reply: Reply,
    },
    /// The line is dead: the connection is refused, or closed before anything is stored.
    DropBefore,
    /// The request took effect; the connection is cut and no reply comes.
    DropAfter {
        after: Duration,
    },
}
