//! Nothing is signed outside of the certificate's dates: neither a sale, nor an envelope, nor a login.

use timbre_core::keys::Certificate;
use timbre_core::{Refusal, Timestamp};

/// Why this certificate signs nothing now.
pub(crate) fn fault(certificate: &Certificate, now: Timestamp) -> Option<Refusal> {
    let (from, to) = (certificate.not_before, certificate.not_after);
    if now >= to {
        let text = format!("El certificado digital venció el {to}. Cargue uno vigente.");
        return Some(Refusal::temporary("certificate-expired", "", text));
    }
    if now < from {
        let text = format!("El certificado digital vale desde el {from}. Revise el reloj del equipo.");
        return Some(Refusal::temporary("certificate-not-yet-valid", "", text));
    }
    None
}
