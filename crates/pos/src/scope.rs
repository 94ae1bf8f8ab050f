//! What a token is good for, and what each request asks of it. No I/O.

use axum::http::Method;

/// How far a token reaches; each may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Looks.
    Read,
    /// A till: issues, previews, prints, sends again.
    Issue,
    /// Somebody in charge: folios, certificate, company, tokens, rejected documents.
    Manage,
}

impl Scope {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Issue => "issue",
            Scope::Manage => "manage",
        }
    }

    pub fn from_word(word: &str) -> Option<Scope> {
        [Scope::Read, Scope::Issue, Scope::Manage].into_iter().find(|scope| scope.word() == word)
    }
}

/// Is it a change of who may speak to Timbre, of whom it speaks to (a printer is sent what is sold, and a test of one tells
/// what answers where), or of who may allow what? A permit is none: who asks for one says a PIN.
pub(crate) fn opens_doors(method: &Method, path: &str) -> bool {
    let mut parts = path.trim_matches('/').split('/');
    match (parts.next(), parts.next()) {
        _ if looks(method) => false,
        (Some("staff"), Some("permit")) => false,
        (Some("tokens" | "webhooks" | "staff" | "printers"), _) | (Some("printer"), Some("test")) => true,
        _ => false,
    }
}

/// Does this setting open a door, or close one, by its name in `timbre.toml`? What is in the drop folder is issued
/// without a token.
pub(crate) fn is_a_door(setting: &str) -> bool {
    setting == "folder.enabled" || setting.starts_with("network.") || setting.starts_with("api.")
}

fn looks(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// What is asked of who wants `path` (below `/v1`). A change that is not known to be a till's business is
/// for somebody in charge.
pub(crate) fn needed(method: &Method, path: &str) -> Scope {
    let parts: Vec<_> = path.trim_matches('/').split('/').collect();
    match parts.as_slice() {
        ["tokens" | "webhooks" | "acts", ..] => Scope::Manage,
        _ if looks(method) => Scope::Read,
        ["documents"] | ["documents", "preview"] | ["batch", "check"] | ["resend"] | ["vouchers"] => {
            Scope::Issue
        }
        ["documents", _, "print" | "paper" | "resend" | "results-mail"] => Scope::Issue,
        _ => Scope::Manage,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_till_sells_and_only_somebody_in_charge_changes_how() {
        for (method, path, scope) in [
            (Method::GET, "/documents", Scope::Read),
            (Method::GET, "/events", Scope::Read),
            (Method::GET, "/tokens", Scope::Manage),
            (Method::GET, "/webhooks/tienda/attempts", Scope::Manage),
            (Method::POST, "/documents", Scope::Issue),
            (Method::POST, "/documents/preview", Scope::Issue),
            (Method::POST, "/vouchers", Scope::Issue),
            (Method::PUT, "/vouchers/terms", Scope::Manage),
            (Method::POST, "/vouchers/undo", Scope::Manage),
            (Method::GET, "/acts", Scope::Manage),
            (Method::POST, "/documents/T39F1/resend", Scope::Issue),
            (Method::POST, "/documents/T39F1/reissue", Scope::Manage),
            (Method::POST, "/folios", Scope::Manage),
            (Method::PUT, "/company", Scope::Manage),
            (Method::POST, "/certificate", Scope::Manage),
            (Method::POST, "/issuing/unlock", Scope::Manage),
            (Method::POST, "/algo/nuevo", Scope::Manage),
            (Method::DELETE, "/tokens/caja", Scope::Manage),
            (Method::PUT, "/staff/Rosa", Scope::Manage),
        ] {
            assert_eq!(needed(&method, path), scope, "{method} {path}");
        }
        assert!(Scope::Read < Scope::Issue && Scope::Issue < Scope::Manage);
    }

    #[test]
    fn who_may_speak_and_who_may_allow_is_a_door_and_what_is_sold_is_none() {
        for (method, path, door) in [
            (Method::POST, "/tokens", true),
            (Method::DELETE, "/tokens/caja", true),
            (Method::PUT, "/webhooks/tienda", true),
            (Method::PUT, "/staff/Rosa", true),
            (Method::DELETE, "/staff/Rosa", true),
            (Method::PUT, "/printers/cocina", true),
            (Method::DELETE, "/printers/cocina", true),
            (Method::POST, "/printer/test", true),
            (Method::GET, "/printers/found", false),
            (Method::POST, "/documents/T39F1/print", false),
            (Method::GET, "/staff", false),
            (Method::HEAD, "/tokens", false),
            (Method::POST, "/staff/permit", false),
            (Method::POST, "/documents", false),
        ] {
            assert_eq!(opens_doors(&method, path), door, "{method} {path}");
        }
        for (setting, door) in [
            ("folder.enabled", true),
            ("network.listen", true),
            ("api.origins", true),
            ("folder.paper", false),
        ] {
            assert_eq!(is_a_door(setting), door, "{setting}");
        }
    }
}
