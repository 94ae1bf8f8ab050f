//! Who may do what. A risky act is asked about at its moment: somebody in charge says their PIN, and what they
//! allowed is written down before it is done. While nobody has a PIN everybody may do everything.
//!
//! Who works here and their PINs are kept by the composition root ([`Staff`]).

use std::sync::Arc;

use bytes::Bytes;
use timbre_core::Sale;

use crate::doer::SOMEBODY;
use crate::engine::{Agent, Answer};
use crate::view::{ProblemView, RefusalView, StaffView, WorkerOrder};

/// What only somebody in charge may do, by the name of the window's command or of the API's act, and what the
/// journal calls it.
/// Every other command is everybody's.
pub const RISKY: &[(&str, &str)] = &[
    (CORRECT, "Emitir una nota"),
    ("resend_pending", "Reenviar todos los pendientes"),
    ("resend_found", "Reenviar todo lo encontrado"),
    ("sending", "Detener o iniciar el envío"),
    ("export", "Exportar documentos"),
    ("export_vouched", "Exportar las ventas con voucher"),
    ("reissue", "Emitir de nuevo un documento"),
    ("found_accepted", "Dar por aceptado un documento rechazado"),
    ("number_annulled", "Marcar un folio como anulado en el SII"),
    ("note_verdict", "Anotar lo que dice el sitio del SII de un documento"),
    ("load_folios", "Cargar folios"),
    ("stop_range", "Detener un rango de folios"),
    ("resume_range", "Volver a usar un rango de folios"),
    ("range_annulled", "Marcar un rango como anulado en el SII"),
    ("skipped_annulled", "Marcar folios saltados como anulados en el SII"),
    ("unlock", "Desbloquear la emisión"),
    ("accept_clock", "Emitir con el reloj corrido"),
    ("claim", "Aceptar o reclamar un documento recibido"),
    (LOOK_ACTS, "Ver quién hizo o autorizó qué"),
    ("set_company", "Cambiar los datos de la empresa"),
    ("set_settings", "Cambiar los ajustes"),
    ("begin_check", "Revisar todos los datos"),
    (RECOVERY_KEY, "Mostrar una clave de recuperación"),
    (SEAL, "Cifrar lo que se guarda"),
    ("undo_vouched", "Deshacer una venta con voucher"),
    ("set_vouchers", "Cambiar el modelo de voucher de las tarjetas"),
    ("load_certificate", "Cargar un certificado"),
    ("put_printer", "Cambiar una impresora"),
    ("remove_printer", "Quitar una impresora"),
    ("set_logo", "Cambiar el logo"),
    ("make_token", "Dar acceso a un programa"),
    ("revoke_token", "Quitar el acceso de un programa"),
    ("put_webhook", "Cambiar a qué dirección se avisa"),
    ("remove_webhook", "Dejar de avisar a una dirección"),
    ("panel_password", "Cambiar la contraseña del panel"),
    ("put_worker", "Cambiar quién trabaja aquí"),
    ("remove_worker", "Quitar a quien trabaja aquí"),
];

/// A note, which takes back or changes what was issued; any other sale is everybody's.
pub const CORRECT: &str = "correct";

/// To stand at the till: whoever works here is it by their own PIN, for as long as a turn lasts, and sells under
/// their name ([`crate::cashier`]). No risky act: who wants a name of theirs on nothing sells all the same.
pub const SELL: &str = "sell";

/// The header in which a page shows the permit for an act.
pub const PERMIT: &str = "timbre-permit";

/// The header in which a page's sale shows the permit of who stands at its till.
pub const CASHIER: &str = "timbre-cashier";

/// To look through what people did: its permit is good for as many looks as there is time for, and written down once.
pub const LOOK_ACTS: &str = "acts";

/// To be shown a recovery key: in the folder's own window alone, before it is sealed.
pub const RECOVERY_KEY: &str = "recovery_key";

/// To seal what is written: in the folder's own window or a terminal, since a recovery key is shown for it.
pub const SEAL: &str = "seal";

/// Somebody in charge is needed, and said nothing yet.
pub const NEEDED: &str = "pin-needed";

/// Who works in a folder. It may compute for a while: not for an async task.
pub trait Staff: Send + Sync {
    fn list(&self) -> StaffView;

    /// Adds somebody, or changes who has that name. The first with a PIN is in charge.
    fn put(&self, order: &WorkerOrder) -> Answer<StaffView>;

    /// The last who is in charge goes only when nobody else is left.
    fn remove(&self, name: &str) -> Answer<StaffView>;

    /// Whether anybody has a PIN.
    fn asks(&self) -> bool;

    /// Allows `act` once, soon, or [`SELL`] for a turn: answers what to show for it. A wrong PIN is counted before this answers.
    fn permit(&self, name: &str, pin: &str, act: &str) -> Answer<String>;

    /// Takes a permit: answers who gave it.
    fn spend(&self, act: &str, permit: &str) -> Option<Spent>;
}

/// A permit that was good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    pub who: String,
    /// It was shown before, for the same looking.
    pub again: bool,
}

/// What the journal calls a risky act; `None` when it is everybody's.
pub fn risky(act: &str) -> Option<&'static str> {
    RISKY.iter().find(|(name, _)| *name == act).map(|(_, words)| *words)
}

impl Agent {
    /// Whoever keeps the staff of this folder; once.
    pub fn employ(&self, staff: Arc<dyn Staff>) {
        // Nobody employs twice.
        let _ = self.0.staff.set(staff);
    }

    pub fn staff(&self) -> StaffView {
        self.0.staff.get().map(|staff| staff.list()).unwrap_or_default()
    }

    /// Adds somebody, or changes their role and PIN, and writes down who did.
    pub async fn put_worker(&self, order: WorkerOrder) -> Answer<StaffView> {
        let (name, role) = (order.name.trim().to_owned(), order.role.clone());
        let known = self.staff().workers.iter().any(|worker| worker.name == name);
        let after = self.with_staff(move |staff| staff.put(&order)).await?;
        let what = match known {
            true => format!("Cambiar a «{name}», que trabaja aquí: {role}, con otro PIN"),
            false => format!("Agregar a «{name}» a quienes trabajan aquí: {role}"),
        };
        self.note_act(SOMEBODY, &what).await?;
        Ok(after)
    }

    /// From now on their PIN allows nothing; who took them out is written down.
    pub async fn remove_worker(&self, name: String) -> Answer<StaffView> {
        let what = format!("Quitar a «{name}» de quienes trabajan aquí");
        let after = self.with_staff(move |staff| staff.remove(&name)).await?;
        self.note_act(SOMEBODY, &what).await?;
        Ok(after)
    }

    /// Somebody in charge allows `act` once, by their PIN; or whoever works here stands at the till ([`SELL`]). One that
    /// was wrong is written down.
    pub async fn permit(&self, name: String, pin: String, act: String) -> Answer<String> {
        let words = if act == SELL { Some("Cobrar en la caja") } else { risky(&act) };
        let Some(words) = words else {
            return Err(ProblemView::bad_request("act-unknown", "Eso no necesita permiso."));
        };
        let who = name.clone();
        let permit = self.with_staff(move |staff| staff.permit(&name, &pin, &act)).await;
        if permit.as_ref().is_err_and(|problem| problem.code == "pin-wrong") {
            self.note_act(&who, &format!("PIN equivocado para: {words}")).await?;
        }
        permit
    }

    /// Lets an act through, or says that somebody in charge must allow it. Who did is in the journal before the
    /// act is done, and is answered: it is they who do it ([`crate::doer::Doer::Person`]).
    pub async fn let_through(&self, act: &str, permit: Option<&str>) -> Answer<Option<String>> {
        let (Some(words), Some(staff)) = (risky(act), self.0.staff.get()) else { return Ok(None) };
        if !staff.asks() {
            return Ok(None);
        }
        let spent = permit.and_then(|permit| staff.spend(act, permit));
        let Spent { who, again } = spent.ok_or_else(|| needed(act, words))?;
        if !again {
            self.note_act(&who, &format!("Autoriza: {words}")).await?;
        }
        Ok(Some(who))
    }

    /// The act that issuing this sale is: a note takes somebody in charge. What can't be read is refused later.
    pub async fn act_of_sale(&self, received: Bytes) -> Answer<&'static str> {
        let size = received.len();
        let look = move |agent: Agent| async move {
            Ok(match Sale::read(received, None) {
                Ok(sale) if agent.0.regime.corrects(&sale) => CORRECT,
                Ok(_) | Err(_) => "issue",
            })
        };
        self.with_sale(size, look).await
    }

    async fn with_staff<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&dyn Staff) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let Some(staff) = self.0.staff.get().cloned() else {
            return Err(ProblemView::conflict(
                "no-staff",
                "Esta orden no lleva los nombres de quienes trabajan.",
            ));
        };
        tokio::task::spawn_blocking(move || ask(&*staff)).await.map_err(ProblemView::internal)?
    }
}

/// The path names the act, for whoever asks for the permit.
fn needed(act: &str, words: &str) -> ProblemView {
    let detail = format!("{words}: lo autoriza un encargado con su PIN.");
    let error = RefusalView {
        code: NEEDED.to_owned(),
        path: act.to_owned(),
        message: detail.clone(),
        ..Default::default()
    };
    ProblemView { errors: vec![error], ..ProblemView::forbidden(NEEDED, detail) }
}
