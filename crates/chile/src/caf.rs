//! The CAF: the range of folios the SII lends, its public text that goes into every stamp, and the
//! key that stamps. What needs the store (overlaps, folios already used) is not checked here.

use std::fmt;

use jiff::ToSpan;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sha::sha256;
use openssl::sign::{Signer, Verifier};
use timbre_core::{Date, Environment, Grant, GrantFile, GrantId, Refusal, Refusals, Series};
use zeroize::Zeroizing;

use crate::latin1;
use crate::rut::Rut;

mod authority;
mod text;

pub use authority::Authority;
use text::Parts;
pub(crate) use text::flatten;

/// Types a CAF may be of (schema SiiTypes, DTEType, and those of EnvioBOLETA).
const KINDS: &[u16] = &[33, 34, 39, 41, 43, 46, 52, 56, 61, 110, 111, 112];

/// Types whose folios expire six months after FA (Res. Ex. SII 58/2017); the others do not.
pub(crate) const EXPIRING: &[u16] = &[33, 43, 46, 56, 61];

/// A CAF's file, read and found sound by every check that needs no environment.
pub struct Caf {
    public: String,
    issuer: Rut,
    name: String,
    kind: u16,
    first: u64,
    last: u64,
    authorised: Date,
    authority: Authority,
    secret: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Caf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Caf({} T{} {}..={})", self.issuer, self.kind, self.first, self.last)
    }
}

impl Caf {
    /// Reads a CAF as the SII delivers it: ISO-8859-1 bytes under a prolog that names no encoding.
    ///
    /// The file is text of the SII's that goes into every stamp byte for byte, so it is cut out, not
    /// parsed and written again.
    pub fn read(file: &[u8]) -> Result<Caf, Refusals> {
        let whole = Zeroizing::new(latin1::decode(file));
        Caf::read_text(&whole).map_err(|refusals| {
            // Opened and saved by an editor: its accents are two bytes now, and the signature is lost.
            if file.is_ascii() || std::str::from_utf8(file).is_err() {
                return refusals;
            }
            Refusal::new(
                "caf-reencoded",
                "",
                "El archivo del CAF fue abierto y guardado en otra codificación (UTF-8), y así su firma ya no sirve. \
                 Descárguelo de nuevo del SII y cárguelo sin abrirlo.",
            )
            .into()
        })
    }

    fn read_text(whole: &str) -> Result<Caf, Refusals> {
        let parts = text::cut(whole)?;
        let caf = Caf::from_parts(&parts)?;
        caf.check_authority(&parts)?;
        caf.check_key(&parts)?;
        Ok(caf)
    }

    fn from_parts(parts: &Parts<'_>) -> Result<Caf, Refusals> {
        let issuer: Rut =
            text::value(&parts.public, "RE").parse().map_err(|e| text::malformed("RE", &format!("{e}")))?;
        let kind = number(&parts.public, "TD")?;
        let kind = u16::try_from(kind).ok().filter(|k| KINDS.contains(k)).ok_or_else(|| {
            Refusal::new(
                "caf-kind-unknown",
                "TD",
                format!(
                    "El CAF es de un tipo de documento que no existe ({kind}). Descárguelo de nuevo del SII."
                ),
            )
        })?;
        let (first, last) = (number(&parts.public, "D")?, number(&parts.public, "H")?);
        if first == 0 || first > last {
            return Err(text::malformed("RNG", &format!("va del folio {first} al {last}")).into());
        }
        let authorised: Date =
            text::value(&parts.public, "FA").parse().map_err(|_| text::malformed("FA", "no es una fecha"))?;
        let idk = number(&parts.public, "IDK")?;
        let authority = Authority::of(idk).ok_or_else(|| {
            Refusal::new(
                "caf-authority-unknown",
                "IDK",
                format!(
                    "El CAF dice estar firmado con la clave {idk} del SII, que Timbre no conoce. No se puede \
                     comprobar, así que no se carga. Verifique que lo descargó del sitio del SII."
                ),
            )
        })?;
        Ok(Caf {
            issuer,
            name: text::unescape(text::value(&parts.public, "RS")),
            kind,
            first,
            last,
            authorised,
            authority,
            secret: Zeroizing::new(parts.secret.as_bytes().to_vec()),
            public: parts.public.clone(),
        })
    }

    /// FRMA is RSA-SHA1 by the SII's key over the flat text of DA, in ISO-8859-1 (Instructivo de
    /// emisión de documentos electrónicos, anexo 2).
    fn check_authority(&self, parts: &Parts<'_>) -> Result<(), Refusals> {
        let signed = latin1::encode(text::element(&parts.public, "DA"))
            .map_err(|_| text::malformed("DA", "tiene caracteres de control"))?;
        let signature = text::base64(&parts.public, "FRMA")?;
        if verifies(&self.authority.key(), &signed, &signature) {
            return Ok(());
        }
        Err(Refusal::new(
            "caf-signature-invalid",
            "FRMA",
            "La firma del SII en el CAF no corresponde a su contenido: el archivo fue modificado o está dañado. \
             Descárguelo de nuevo del SII y cárguelo sin abrirlo.",
        )
        .into())
    }

    /// RSASK is the private half of RSAPK: what it signs is verified with that one.
    fn check_key(&self, parts: &Parts<'_>) -> Result<(), Refusals> {
        let damaged = || {
            Refusal::new(
                "caf-key-invalid",
                "RSASK",
                "El CAF no trae una clave privada legible. Descárguelo de nuevo del SII.",
            )
        };
        let private = Rsa::private_key_from_pem(&self.secret).map_err(|_| damaged())?;
        let (modulus, exponent) = (text::base64(&parts.public, "M")?, text::base64(&parts.public, "E")?);
        let pair = || -> Result<bool, openssl::error::ErrorStack> {
            let n = openssl::bn::BigNum::from_slice(&modulus)?;
            let e = openssl::bn::BigNum::from_slice(&exponent)?;
            let public = PKey::from_rsa(Rsa::from_public_components(n, e)?)?;
            let private: PKey<Private> = PKey::from_rsa(private)?;
            let mut signer = Signer::new(MessageDigest::sha1(), &private)?;
            let signature = signer.sign_oneshot_to_vec(b"<DD></DD>")?;
            Ok(verifies(&public, b"<DD></DD>", &signature))
        };
        match pair() {
            Ok(true) => Ok(()),
            Ok(false) => Err(Refusal::new(
                "caf-key-mismatch",
                "RSASK",
                "La clave privada del CAF es de otro CAF: con ella los timbres serían rechazados. Descárguelo de \
                 nuevo del SII.",
            )
            .into()),
            Err(_) => Err(damaged().into()),
        }
    }

    /// Razón social, as the SII cut it at forty characters.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn kind(&self) -> u16 {
        self.kind
    }

    pub fn range(&self) -> std::ops::RangeInclusive<u64> {
        self.first..=self.last
    }

    /// The flat text `<CAF version="1.0">…</CAF>`, as every stamp carries it.
    pub fn public(&self) -> &str {
        &self.public
    }

    /// Which environment's key signed it.
    pub fn environment(&self) -> Environment {
        self.authority.environment()
    }

    /// The last day on which it may stamp, `None` for ever.
    ///
    /// The SII compares six months with the day of signing (rejection CAF-3-517); counted elsewhere
    /// as 180 days, so the earlier of the two.
    pub fn expires(&self) -> Option<Date> {
        if !EXPIRING.contains(&self.kind) {
            return None;
        }
        let days = self.authorised.saturating_add(180.days());
        Some(days.min(self.authorised.saturating_add(6.months())))
    }

    /// The grant of a folder: refused when the CAF is of another environment or company.
    pub fn into_grant(self, environment: Environment, issuer: &Rut) -> Result<GrantFile, Refusals> {
        let mut refusals = Vec::new();
        if self.environment() != environment {
            refusals.push(Refusal::new(
                "caf-environment",
                "IDK",
                format!(
                    "El CAF es {} y esta carpeta es de {}. Cargue el CAF que corresponde.",
                    origin(self.environment()),
                    word(environment)
                ),
            ));
        }
        if self.issuer != *issuer {
            refusals.push(Refusal::new(
                "caf-other-company",
                "RE",
                format!(
                    "El CAF es de {} ({}) y la empresa de esta carpeta es {}. Cargue un CAF de su empresa.",
                    self.issuer.dotted(),
                    self.name,
                    issuer.dotted()
                ),
            ));
        }
        if !refusals.is_empty() {
            return Err(Refusals(refusals));
        }
        Ok(GrantFile {
            grant: Grant {
                id: grant_id(&self.public),
                series: Series(self.kind.to_string()),
                first: self.first,
                last: self.last,
                environment,
                issuer: self.issuer.to_string(),
                authorised: self.authorised,
                expires: self.expires(),
                public: self.public,
            },
            secret: self.secret,
        })
    }
}

/// SHA-256 of the CAF's flat text in the SII's own encoding, in hexadecimal.
fn grant_id(public: &str) -> GrantId {
    let bytes = latin1::encode(public).expect("it was decoded from ISO-8859-1 and found free of controls");
    GrantId(sha256(&bytes).iter().map(|b| format!("{b:02x}")).collect())
}

fn number(public: &str, name: &str) -> Result<u64, Refusal> {
    let value = text::value(public, name);
    value
        .parse()
        .ok()
        .filter(|_| value.bytes().all(|b| b.is_ascii_digit()))
        .ok_or_else(|| text::malformed(name, "no es un número"))
}

pub(crate) fn verifies(key: &PKey<openssl::pkey::Public>, message: &[u8], signature: &[u8]) -> bool {
    Verifier::new(MessageDigest::sha1(), key)
        .and_then(|mut verifier| verifier.verify_oneshot(signature, message))
        .unwrap_or(false)
}

fn origin(environment: Environment) -> &'static str {
    match environment {
        Environment::Training => "del simulador de entrenamiento",
        Environment::Certification => "del ambiente de certificación del SII",
        Environment::Production => "del ambiente de producción del SII",
    }
}

fn word(environment: Environment) -> &'static str {
    match environment {
        Environment::Training => "entrenamiento",
        Environment::Certification => "certificación",
        Environment::Production => "producción",
    }
}

#[cfg(test)]
mod tests;
