//! Nothing is signed outside of the certificate's dates: neither a sale, nor an envelope, nor a login.

use timbre_core::{Refusal, Timestamp};

/// A certificate signs from its first moment to its last; otherwise, why it signs nothing now.
pub(crate) fn in_force(from: Timestamp, until: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    let refuse = |code: &str, text: String| Err(Refusal::temporary(code, "", text));
    if now >= until {
        let text = format!("El certificado digital venció el {until}. Cargue uno vigente.");
        return refuse("certificate-expired", text);
    }
    if now < from {
        let text = format!("El certificado digital vale desde el {from}. Revise el reloj del equipo.");
        return refuse("certificate-not-yet-valid", text);
    }
    Ok(())
}
