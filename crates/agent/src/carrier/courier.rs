//! Whoever carries news to an address that somebody in charge has set: over TLS, or in the clear where the
//! address is this machine or its own network, and never to a link's own addresses, where a rented machine is told its
//! keys. No redirect is followed and no answer is read.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::names::{self, Lookup};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Over the network, to anybody: it carries nothing to an authority.
pub struct Courier(reqwest::Client);

impl Courier {
    pub fn new() -> Result<Courier, reqwest::Error> {
        Courier::with(names::system())
    }

    /// The same, with names looked up by `lookup`.
    pub fn with(lookup: Lookup) -> Result<Courier, reqwest::Error> {
        let client = reqwest::Client::builder()
            .tls_backend_native()
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(Duration::from_secs(10))
            .timeout(PATIENCE)
            .dns_resolver(Arc::new(Sound(lookup)))
            .pool_max_idle_per_host(0);
        Ok(Courier(client.build()?))
    }

    /// May news go there? The error is a sentence.
    pub fn allows(address: &str) -> Result<(), &'static str> {
        // A reader of addresses leaves them out in silence (WHATWG URL, 4.4), and another program may not.
        if address.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(
                "La dirección no puede llevar espacios, saltos de línea ni otros caracteres de control.",
            );
        }
        let url = reqwest::Url::parse(address).map_err(|_| "La dirección no se entiende.")?;
        if url.fragment().is_some() {
            return Err("La dirección no puede llevar «#»: lo que sigue no se envía a nadie.");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("La dirección no puede llevar usuario ni clave.");
        }
        let Some(host) = url.host_str() else { return Err("Falta el nombre del servidor.") };
        let ip = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        if ip.is_some_and(is_of_a_link) {
            return Err(LINK);
        }
        let near = host == "localhost" || ip.is_some_and(|ip| !names::is_public(ip));
        match url.scheme() {
            "https" => Ok(()),
            "http" if near => Ok(()),
            "http" => Err("Fuera de este equipo y de su red la dirección debe ser https."),
            _ => Err("La dirección debe ser https."),
        }
    }

    /// What was answered; the error is why nothing was.
    pub async fn deliver(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
    ) -> Result<u16, String> {
        // It may have been set when more was allowed.
        Courier::allows(url)?;
        let mut request = self.0.post(url).body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        match request.send().await {
            Ok(answer) => Ok(answer.status().as_u16()),
            Err(error) if error.is_timeout() => Err("no respondió a tiempo".to_owned()),
            Err(error) if super::cause::<OfALink>(&error).is_some() => Err(LINK.to_owned()),
            Err(error) if error.is_connect() => Err("no se pudo conectar".to_owned()),
            // Without the address: it may hold what only the receiver should know.
            Err(error) => Err(error.without_url().to_string()),
        }
    }
}

const LINK: &str = "La dirección no puede ser de enlace local (169.254.0.0/16, fe80::/10).";

/// Where a machine of a cloud is told who it is and with which keys (169.254.169.254 everywhere); no shop's own program
/// listens there (RFC 3927, RFC 4291 2.5.6).
pub fn is_of_a_link(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

/// Names that lead there go nowhere. One such address among others is enough: which is tried first is chance.
struct Sound(Lookup);

impl Resolve for Sound {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, name) = (Arc::clone(&self.0), name.as_str().to_owned());
        Box::pin(async move {
            let found = tokio::task::spawn_blocking(move || lookup(&name)).await??;
            let all: Addrs = Box::new(sound(found)?.into_iter());
            Ok(all)
        })
    }
}

fn sound(found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, OfALink> {
    if found.iter().any(|address| is_of_a_link(address.ip())) { Err(OfALink) } else { Ok(found) }
}

#[derive(Debug, thiserror::Error)]
#[error("{LINK}")]
struct OfALink;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_line_without_a_user_and_of_no_links_own() {
        for bad in [
            "https://tienda.cl/a\r\nX: y",
            "https://tienda.cl/a\tb",
            "https://tienda.cl/a\0",
            " https://tienda.cl/",
            "https://tienda.cl/\n",
            "https://tienda.cl/a b",
            "https://tienda.cl/avisos#fin",
            "https://tienda.cl/#",
            "https://a@tienda.cl/",
            "https://:b@tienda.cl/",
            "http://169.254.169.254/latest/meta-data",
            "https://169.254.0.1/",
            "http://2852039166/",
            "https://[fe80::1]/",
            "http://[febf::1]/",
            "https://[::ffff:169.254.169.254]/",
        ] {
            assert!(Courier::allows(bad).is_err(), "{bad:?}");
        }
        for good in
            ["https://tienda.cl/avisos?a=1", "http://[::1]:80/", "https://[2800::1]/", "https://169.253.1.1/"]
        {
            assert_eq!(Courier::allows(good), Ok(()), "{good}");
        }
    }

    #[tokio::test]
    async fn where_an_answer_points_to_nobody_goes() {
        use std::io::{Read, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/avisos", listener.local_addr().unwrap());
        let answering = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]);
            stream
                .write_all(
                    b"HTTP/1.1 302 x\r\nLocation: /otra\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                )
                .unwrap();
            listener.set_nonblocking(true).unwrap();
            listener
        });
        assert_eq!(Courier::new().unwrap().deliver(&url, &[], Vec::new()).await, Ok(302));
        assert!(answering.join().unwrap().accept().is_err(), "nobody came again");
    }

    #[tokio::test]
    async fn a_name_that_leads_to_a_link_is_told_nothing_and_neither_is_an_address_that_was_set_before() {
        let turned: Lookup =
            Arc::new(|_| Ok(["127.0.0.1:0", "169.254.169.254:0"].map(|at| at.parse().unwrap()).to_vec()));
        let courier = Courier::with(turned).unwrap();
        for url in ["https://tienda.cl/avisos", "http://169.254.169.254/"] {
            assert_eq!(courier.deliver(url, &[], Vec::new()).await, Err(LINK.to_owned()), "{url}");
        }
    }

    #[test]
    fn news_leave_in_the_clear_only_for_this_machine_and_its_network() {
        for good in [
            "https://tienda.cl/avisos",
            "http://127.0.0.1:8080/x",
            "http://192.168.1.9/",
            "http://localhost:1",
        ] {
            assert_eq!(Courier::allows(good), Ok(()), "{good}");
        }
        for bad in [
            "http://tienda.cl/",
            "http://8.8.8.8/",
            "ftp://x/",
            "https://a:b@tienda.cl/",
            "tienda.cl",
            "file:///etc/passwd",
        ] {
            assert!(Courier::allows(bad).is_err(), "{bad}");
        }
    }
}
