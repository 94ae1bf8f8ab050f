//! The desk: what a taxpayer gets from the SII and from a certificate company before the first sale, for
//! training only. It signs with keys that are public by design (see the README beside this file); nothing
//! here takes part in judging.

mod caf;
mod certificate;
mod lending;

pub use certificate::{Holder, TrainingCertificate};
pub(crate) use lending::Lent;
pub use lending::Refused;

use jiff::civil::{Date, date};

/// Where training companies, certificates and CAFs come from.
pub struct Desk;

/// The company that trains: fictitious, and the only one the simulator lets send.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Company {
    pub rut: &'static str,
    pub name: &'static str,
    pub giro: &'static str,
    pub acteco: u32,
    pub address: &'static str,
    pub comuna: &'static str,
    pub city: &'static str,
    /// `FchResol` of the carátula.
    pub resolution_date: Date,
    /// `NroResol` of the carátula; zero outside production.
    pub resolution_number: u32,
    /// Who may sign and send for it: the RUTs of certificate holders.
    pub signers: &'static [&'static str],
}

static COMPANY: Company = Company {
    rut: "99999999-9",
    name: "ALMACEN EL TIMBRE (ENTRENAMIENTO) LTDA",
    giro: "Venta al por menor en almacenes",
    acteco: 472_101,
    address: "Av. Irarrázaval 1234",
    comuna: "Ñuñoa",
    city: "Santiago",
    resolution_date: date(2014, 8, 22),
    resolution_number: 0,
    signers: &["11111111-1"],
};

impl Desk {
    pub fn company() -> &'static Company {
        &COMPANY
    }

    /// The training CA's certificate (PEM): who tells practice from the real thing compares with it.
    pub fn ca() -> &'static str {
        include_str!("training-ca.pem")
    }

    /// A fresh RSA-2048 certificate of the person who signs for the company, as a password-protected PFX.
    pub fn certificate(password: &str) -> TrainingCertificate {
        certificate::issue(&Holder::default(), password)
    }

    /// The same for another holder, or for other dates of validity.
    pub fn certificate_for(holder: &Holder, password: &str) -> TrainingCertificate {
        certificate::issue(holder, password)
    }

    /// A CAF for the folios `from..=to`, as the SII delivers it: ISO-8859-1 bytes under a prolog that does not
    /// say so, LF, a fresh RSA-512 key with exponent 3, `FRMA` by the training authority (IDK 999).
    pub fn caf(rut: &str, tipo: u16, from: u64, to: u64, date: Date, rs: &str) -> Vec<u8> {
        caf::issue(rut, tipo, from, to, date, rs)
    }
}
