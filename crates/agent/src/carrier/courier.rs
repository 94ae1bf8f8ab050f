//! Whoever carries news to an address that somebody in charge has set: over TLS, or in the clear where the
//! address is this machine or its own network. No redirect is followed and no answer is read.

use std::net::IpAddr;
use std::time::Duration;

use super::names;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Over the network, to anybody: it carries nothing to an authority.
pub struct Courier(reqwest::Client);

impl Courier {
    pub fn new() -> Result<Courier, reqwest::Error> {
        let client = reqwest::Client::builder()
            .tls_backend_native()
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(Duration::from_secs(10))
            .timeout(PATIENCE)
            .pool_max_idle_per_host(0);
        Ok(Courier(client.build()?))
    }

    /// May news go there? The error is a sentence.
    pub fn allows(address: &str) -> Result<(), &'static str> {
        let url = reqwest::Url::parse(address).map_err(|_| "La dirección no se entiende.")?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("La dirección no puede llevar usuario ni clave.");
        }
        let Some(host) = url.host_str() else { return Err("Falta el nombre del servidor.") };
        let near = host == "localhost"
            || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| !names::is_public(ip));
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
        let mut request = self.0.post(url).body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        match request.send().await {
            Ok(answer) => Ok(answer.status().as_u16()),
            Err(error) if error.is_timeout() => Err("no respondió a tiempo".to_owned()),
            Err(error) if error.is_connect() => Err("no se pudo conectar".to_owned()),
            // Without the address: it may hold what only the receiver should know.
            Err(error) => Err(error.without_url().to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
