//! `timbre cert`: the certificate of the person who signs. Its password comes from the terminal or
//! from the environment, never from the command line, and is wiped after use.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use timbre_agent::view::CertificateView;
use zeroize::Zeroizing;

use super::through;
use crate::api;
use crate::ask;
use crate::door::Need;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::words::moment;

/// Where scripts put the password.
const PASSWORD: &str = "TIMBRE_CERT_PASSWORD";

#[derive(clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Carga un certificado (.pfx o .p12); la clave se pide en el terminal o se toma de TIMBRE_CERT_PASSWORD
    Add {
        /// El archivo del certificado
        #[arg(value_name = "ARCHIVO")]
        file: PathBuf,

        /// RUT del titular, cuando el certificado no lo dice
        #[arg(long, value_name = "RUT")]
        rut: Option<String>,
    },
    /// Muestra el certificado cargado
    Show,
}

pub async fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    match args.what {
        What::Add { file, rut } => {
            let pfx = std::fs::read(&file).map(Zeroizing::new).map_err(|e| Failure::unreadable(&file, &e))?;
            let body = body(&pfx, &password()?, rut.as_deref())?;
            through(data, Need::Store, async |api| {
                let loaded = api.load_certificate(body).await?;
                if out.json {
                    return out.object(&loaded).map(|()| Exit::Done);
                }
                if let Some(warning) = &loaded.warning {
                    out.note(format!("aviso: {warning}."));
                }
                tell(&loaded.certificate, out)
            })
            .await
        }
        What::Show => {
            through(data, Need::Look, async |api| match api.certificate().await? {
                Some(view) => tell(&view, out),
                None if out.json => out.line("null").map(|()| Exit::Done),
                None => {
                    out.note("No hay certificado cargado: cárguelo con «timbre cert add ARCHIVO.pfx».");
                    Ok(Exit::Done)
                }
            })
            .await
        }
    }
}

fn password() -> Result<Zeroizing<String>, Failure> {
    if let Ok(password) = std::env::var(PASSWORD) {
        return Ok(Zeroizing::new(password));
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(format!(
            "Sin terminal donde pedir la clave del certificado: póngala en {PASSWORD}."
        )));
    }
    ask::secret("Clave del certificado: ")
}

fn body(pfx: &[u8], password: &str, holder: Option<&str>) -> Result<Bytes, Failure> {
    #[derive(serde::Serialize)]
    struct Body<'a> {
        pfx: &'a str,
        password: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        holder: Option<&'a str>,
    }
    let pfx = Zeroizing::new(BASE64_STANDARD.encode(pfx));
    // Room for all of it, so that no outgrown piece is left behind unwiped.
    let mut text = Zeroizing::new(Vec::with_capacity(pfx.len() + 6 * password.len() + 256));
    serde_json::to_writer(&mut *text, &Body { pfx: &pfx, password, holder }).map_err(api::unwritable)?;
    Ok(Bytes::from_owner(text))
}

fn tell(view: &CertificateView, out: Out) -> Result<Exit, Failure> {
    if out.json {
        out.object(view)?;
    } else {
        out.line(format!("Titular  {}", view.holder))?;
        out.line(format!("Sujeto   {}", view.subject))?;
        out.line(format!("Vigente  {} a {}", moment(&view.not_before), moment(&view.not_after)))?;
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_travels_as_base64_beside_its_password() {
        let plain = body(b"\x00\x01", "cla\"ve", None).unwrap();
        assert_eq!(plain, r#"{"pfx":"AAE=","password":"cla\"ve"}"#);
        let said = body(b"", "x", Some("11111111-1")).unwrap();
        assert_eq!(said, r#"{"pfx":"","password":"x","holder":"11111111-1"}"#);
    }
}
