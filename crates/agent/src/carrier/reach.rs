//! How far this machine gets when the authority is not heard: is it its own network, the internet, or the
//! authority? No stranger is spoken to unless a setting names whom; what can't be told apart is said to be so.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use tokio::task::JoinSet;

use super::names::Lookup;

/// What stands between this machine and the authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// This machine has no way out: a cable, a switched-off router.
    Network,
    /// It has a network, and nothing beyond it: there is no data coverage.
    Internet,
    /// Others are there: it is the authority.
    Authority,
    /// That can't be told apart.
    Untold,
}

/// Who is asked beside the authority, so that its own silence is told from that of everybody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Witnesses {
    /// Names that this machine's own name server is asked for; nothing is sent to whom they belong.
    pub names: Vec<String>,
    /// Hosts that a connection is opened to, and closed: `host`, or `host:port`.
    pub hosts: Vec<String>,
}

/// What was seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evidence {
    /// This machine knows a way to the world.
    pub way: bool,
    /// A name of the authority's was found.
    pub named: bool,
    /// A host of the authority's took a connection.
    pub answered: bool,
    /// A witness's name was found; `None` where nobody is to be asked.
    pub other_named: Option<bool>,
    /// A witness took a connection; `None` where nobody is to be asked.
    pub other_answered: Option<bool>,
}

/// How often in vain a silence of witnesses must be heard to be everybody's: one may have its own trouble.
const SILENT: usize = 2;

/// No single one of these waits longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the evidence says. Only where everybody is silent is it the internet: from that the law's term stands still,
/// and it must not by mistake.
pub fn judge(seen: &Evidence) -> Reach {
    match seen {
        Evidence { way: false, .. } => Reach::Network,
        Evidence { answered: true, .. } | Evidence { other_answered: Some(true), .. } => Reach::Authority,
        Evidence { other_answered: Some(false), .. } => Reach::Internet,
        // Its name server answers, and not for the authority's names.
        Evidence { named: false, other_named: Some(true), .. } => Reach::Authority,
        Evidence { named: false, other_named: Some(false), .. } => Reach::Internet,
        Evidence { named: true, .. } | Evidence { other_named: None, .. } => Reach::Untold,
    }
}

/// Looks. `hosts` are the authority's, as base addresses.
pub(super) async fn look(hosts: &[String], witnesses: &Witnesses, lookup: &Lookup) -> Reach {
    if !has_way_out() {
        return Reach::Network;
    }
    let theirs = find(hosts.iter().filter_map(|base| place(base)).collect(), lookup).await;
    let mut seen = Evidence { way: true, named: !theirs.is_empty(), ..Evidence::default() };
    seen.answered = takes(theirs).await;
    if seen.answered {
        return judge(&seen);
    }
    if !witnesses.names.is_empty() {
        let names = witnesses.names.iter().map(|name| (name.clone(), 443)).collect();
        seen.other_named = Some(!find(names, lookup).await.is_empty());
    }
    if witnesses.hosts.len() >= SILENT {
        let hosts = witnesses.hosts.iter().filter_map(|host| place(host)).collect();
        seen.other_answered = Some(takes(find(hosts, lookup).await).await);
    }
    // A route that went meanwhile: whatever was seen last is of no worth.
    seen.way = has_way_out();
    judge(&seen)
}

/// Is one of these names found? Nothing is sent to any host.
pub(super) async fn finds(hosts: &[String], lookup: &Lookup) -> bool {
    has_way_out() && !find(hosts.iter().filter_map(|base| place(base)).collect(), lookup).await.is_empty()
}

/// Host and port of a base address, or of `host:port`.
fn place(base: &str) -> Option<(String, u16)> {
    let full = if base.contains("://") { base.to_owned() } else { format!("https://{base}") };
    let url = reqwest::Url::parse(&full).ok()?;
    Some((url.host_str()?.trim_matches(['[', ']']).to_owned(), url.port_or_known_default()?))
}

/// The addresses of those places whose name is found.
async fn find(places: Vec<(String, u16)>, lookup: &Lookup) -> Vec<SocketAddr> {
    let mut asked = JoinSet::new();
    for (name, port) in places {
        let lookup = lookup.clone();
        let found = tokio::task::spawn_blocking(move || lookup(&name));
        asked.spawn(async move {
            let found = tokio::time::timeout(PATIENCE, found).await;
            let found = found.ok()?.ok()?.ok()?;
            found.into_iter().next().map(|address| SocketAddr::new(address.ip(), port))
        });
    }
    let mut addresses = Vec::new();
    while let Some(found) = asked.join_next().await {
        addresses.extend(found.ok().flatten());
    }
    addresses
}

/// Does one of these take a connection?
async fn takes(places: Vec<SocketAddr>) -> bool {
    let mut asked = JoinSet::new();
    for place in places {
        asked.spawn(tokio::time::timeout(PATIENCE, tokio::net::TcpStream::connect(place)));
    }
    while let Some(taken) = asked.join_next().await {
        // One that is refused was answered all the same.
        let answered = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ConnectionRefused;
        match taken {
            Ok(Ok(Ok(_))) => return true,
            Ok(Ok(Err(error))) if answered(&error) => return true,
            _ => {}
        }
    }
    false
}

/// Whether this machine knows a way to the world. Nothing is sent: only its routes are asked
/// (203.0.113.0/24 and 2001:db8::/32 are nobody's, RFC 5737 and RFC 3849).
pub(super) fn has_way_out() -> bool {
    let known = |from: IpAddr, to: IpAddr| {
        UdpSocket::bind((from, 0)).is_ok_and(|socket| socket.connect((to, 9)).is_ok())
    };
    known(Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(203, 0, 113, 1).into())
        || known(Ipv6Addr::UNSPECIFIED.into(), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn only_the_silence_of_everybody_is_the_internets() {
        let all = [false, true];
        let maybe = [None, Some(false), Some(true)];
        for (way, named, answered) in
            all.iter().flat_map(|a| all.iter().flat_map(move |b| all.map(|c| (*a, *b, c))))
        {
            for (other_named, other_answered) in maybe.iter().flat_map(|a| maybe.map(|b| (*a, b))) {
                let seen = Evidence { way, named, answered, other_named, other_answered };
                let heard = answered || other_answered == Some(true);
                match judge(&seen) {
                    Reach::Network => assert!(!way, "{seen:?}"),
                    Reach::Internet => {
                        let silent = other_answered == Some(false) || (!named && other_named == Some(false));
                        assert!(way && !heard && silent, "{seen:?}");
                    }
                    Reach::Authority => assert!(way && (heard || other_named == Some(true)), "{seen:?}"),
                    Reach::Untold => assert!(way && !heard && other_answered.is_none(), "{seen:?}"),
                }
            }
        }
    }

    #[test]
    fn a_place_is_read_from_a_base_address_and_from_a_setting() {
        for (text, expect) in [
            ("https://palabra.example/recursos/v1", Some(("palabra.example", 443))),
            ("http://127.0.0.1:4581", Some(("127.0.0.1", 4581))),
            ("caja.example", Some(("caja.example", 443))),
            ("caja.example:8443", Some(("caja.example", 8443))),
            ("", None),
        ] {
            let found = place(text);
            assert_eq!(found.as_ref().map(|(host, port)| (host.as_str(), *port)), expect, "{text}");
        }
    }

    /// Names lead to an open door on loopback, or are not found.
    async fn seen(theirs: &'static str, other: &'static str, witnesses: &Witnesses) -> Reach {
        let open = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = open.local_addr().unwrap().port();
        let lookup: Lookup = Arc::new(move |name| {
            let kind = if name.starts_with("autoridad") { theirs } else { other };
            match kind {
                "open" => Ok(vec![SocketAddr::from(([127, 0, 0, 1], 0))]),
                _ => Err(std::io::Error::other("failed to lookup address information")),
            }
        });
        let witnesses = Witnesses {
            hosts: witnesses.hosts.iter().map(|host| format!("{host}:{port}")).collect(),
            ..witnesses.clone()
        };
        look(&[format!("http://autoridad.example:{port}")], &witnesses, &lookup).await
    }

    #[tokio::test]
    async fn it_is_told_whose_trouble_it_is() {
        if !has_way_out() {
            eprintln!("skipped: this machine has no network at all");
            return;
        }
        let names = Witnesses { names: vec!["registro.example".to_owned()], hosts: vec![] };
        let hosts = Witnesses { names: vec![], hosts: vec!["a.example".to_owned(), "b.example".to_owned()] };
        let one = Witnesses { names: vec![], hosts: vec!["a.example".to_owned()] };
        let nobody = Witnesses::default();
        for (theirs, other, witnesses, expect) in [
            ("open", "none", &names, Reach::Authority),
            ("none", "open", &names, Reach::Authority),
            ("none", "none", &names, Reach::Internet),
            ("none", "none", &nobody, Reach::Untold),
            ("none", "none", &one, Reach::Untold),
            ("none", "open", &hosts, Reach::Authority),
            ("none", "none", &hosts, Reach::Internet),
        ] {
            assert_eq!(seen(theirs, other, witnesses).await, expect, "{theirs} {other} {witnesses:?}");
        }
    }
}
