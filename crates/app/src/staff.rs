//! Who works in a folder: names, roles and PINs in its file `users`, these as [`crate::secret`] keeps them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::rand::rand_bytes;
use serde::{Deserialize, Serialize};
use timbre_agent::Answer;
use timbre_agent::clock::{Clock, later};
use timbre_agent::roles::{LOOK_ACTS, SELL, Spent, Staff};
use timbre_agent::view::{ProblemView, StaffView, WorkerOrder, WorkerView};
use timbre_core::Timestamp;

use crate::secret::{Secret, span};
use timbre_store::whole;

/// A permit that is not used by then is none.
const PERMIT: Duration = Duration::from_secs(60);

/// As long may be looked through what one shows.
const LOOK: Duration = Duration::from_secs(300);

/// So long may a turn at the till last.
const TURN: Duration = Duration::from_secs(16 * 3_600);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Role {
    Cajero,
    Encargado,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Worker {
    role: Role,
    #[serde(flatten)]
    pin: Secret,
}

type People = BTreeMap<String, Worker>;

struct Permit {
    act: String,
    who: String,
    until: Timestamp,
    shown: bool,
}

/// The staff of one folder.
pub(crate) struct Workers {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    /// Why its file can't be read.
    broken: Option<String>,
    people: Mutex<People>,
    permits: Mutex<BTreeMap<String, Permit>>,
}

impl Workers {
    /// As the folder's file says. One that can't be read stops no sale, and lets nobody do everything either.
    pub fn open(dir: &Path, clock: Arc<dyn Clock>) -> Workers {
        let path = dir.join("users");
        let read = match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| error.to_string()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(People::new()),
            Err(error) => Err(error.to_string()),
        };
        let (people, broken) = match read {
            Ok(people) => (people, None),
            Err(why) => {
                tracing::error!(%why, "the file of who works here can't be read: nobody may allow anything");
                (People::new(), Some(format!("No se puede leer {} ({why}).", path.display())))
            }
        };
        Workers { path, clock, broken, people: Mutex::new(people), permits: Mutex::default() }
    }

    /// What changes is on disk before it counts.
    fn change<T>(&self, change: impl FnOnce(&mut People) -> Answer<T>) -> Answer<T> {
        if let Some(why) = &self.broken {
            return Err(ProblemView::conflict("users-damaged", why));
        }
        let mut kept = held(&self.people);
        let mut next = kept.clone();
        let made = change(&mut next)?;
        let text = serde_json::to_vec_pretty(&next).map_err(ProblemView::internal)?;
        whole::write(&self.path, &text).map_err(|error| {
            ProblemView::internal(format!("No se pudo guardar {} ({error}).", self.path.display()))
        })?;
        *kept = next;
        Ok(made)
    }

    /// What they allowed by a PIN that they have no more is over.
    fn forget(&self, name: &str) {
        held(&self.permits).retain(|_, given| given.who != name);
    }

    /// The wrong ones are counted before the PIN is looked at: who pulls the plug gains no try.
    fn try_pin(&self, name: &str, pin: &str) -> Answer<Role> {
        let now = self.clock.now();
        let worker = self.change(|people| {
            let worker = people.get_mut(name).ok_or_else(|| {
                ProblemView::refused("worker-unknown", format!("«{name}» no trabaja aquí."))
            })?;
            worker.pin.count(now).map_err(|left| {
                let detail =
                    format!("Demasiados PIN equivocados. Se puede intentar de nuevo en {}.", span(left));
                ProblemView::forbidden("pin-locked", detail)
            })?;
            Ok(worker.clone())
        })?;
        if !worker.pin.is(pin).ok_or_else(|| ProblemView::internal("El archivo users está dañado."))? {
            return Err(ProblemView::forbidden("pin-wrong", "El PIN no es ése."));
        }
        self.change(|people| {
            if let Some(worker) = people.get_mut(name) {
                worker.pin.forgive();
            }
            Ok(())
        })?;
        Ok(worker.role)
    }
}

impl Staff for Workers {
    fn list(&self) -> StaffView {
        let now = self.clock.now();
        let view = |(name, worker): (&String, &Worker)| WorkerView {
            name: name.clone(),
            role: match worker.role {
                Role::Cajero => "cajero",
                Role::Encargado => "encargado",
            }
            .to_owned(),
            locked_until: worker.pin.locked(now).map(|until| until.to_string()),
        };
        StaffView { workers: held(&self.people).iter().map(view).collect() }
    }

    fn put(&self, order: &WorkerOrder) -> Answer<StaffView> {
        let name = order.name.trim();
        let refused = |code: &str, detail: &str| Err(ProblemView::refused(code, detail));
        if name.is_empty() || name.chars().count() > 40 || name.chars().any(char::is_control) {
            return refused("worker-name", "El nombre lleva de 1 a 40 letras.");
        }
        let role = match order.role.as_str() {
            "cajero" => Role::Cajero,
            "encargado" => Role::Encargado,
            _ => return refused("worker-role", "El rol es cajero o encargado."),
        };
        if !(4..=12).contains(&order.pin.len()) || !order.pin.bytes().all(|byte| byte.is_ascii_digit()) {
            return refused("pin-invalid", "El PIN lleva de 4 a 12 números.");
        }
        let first = order.pin.as_bytes()[0];
        if order.pin.bytes().all(|byte| byte == first) {
            return refused("pin-weak", "Un PIN de un solo número repetido se adivina: elija otro.");
        }
        let worker = Worker { role, pin: Secret::new(&order.pin).map_err(ProblemView::internal)? };
        self.change(|people| {
            people.insert(name.to_owned(), worker);
            somebody_in_charge(people)
        })?;
        self.forget(name);
        Ok(self.list())
    }

    fn remove(&self, name: &str) -> Answer<StaffView> {
        self.change(|people| {
            people.remove(name);
            somebody_in_charge(people)
        })?;
        self.forget(name);
        Ok(self.list())
    }

    fn asks(&self) -> bool {
        self.broken.is_some() || !held(&self.people).is_empty()
    }

    fn permit(&self, name: &str, pin: &str, act: &str) -> Answer<String> {
        if self.try_pin(name, pin)? != Role::Encargado && act != SELL {
            return Err(ProblemView::forbidden("role-insufficient", "Eso lo autoriza un encargado."));
        }
        let mut bytes = [0; 24];
        rand_bytes(&mut bytes).map_err(ProblemView::internal)?;
        let permit = URL_SAFE_NO_PAD.encode(bytes);
        let now = self.clock.now();
        let mut permits = held(&self.permits);
        permits.retain(|_, given| now < given.until);
        let span = match act {
            LOOK_ACTS => LOOK,
            SELL => TURN,
            _ => PERMIT,
        };
        let until = later(now, span);
        let given = Permit { act: act.to_owned(), who: name.to_owned(), until, shown: false };
        permits.insert(permit.clone(), given);
        Ok(permit)
    }

    fn spend(&self, act: &str, permit: &str) -> Option<Spent> {
        let mut permits = held(&self.permits);
        let given = permits.remove(permit)?;
        if given.act != act || given.until <= self.clock.now() {
            return None;
        }
        let spent = Spent { who: given.who.clone(), again: given.shown };
        if [LOOK_ACTS, SELL].contains(&act) {
            permits.insert(permit.to_owned(), Permit { shown: true, ..given });
        }
        Some(spent)
    }
}

/// With a PIN here and nobody in charge, nobody could allow anything.
fn somebody_in_charge(people: &People) -> Answer<()> {
    if people.is_empty() || people.values().any(|worker| worker.role == Role::Encargado) {
        return Ok(());
    }
    Err(ProblemView::refused("nobody-in-charge", "Tiene que quedar al menos un encargado."))
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{FREE, WAIT};
    use timbre_agent::clock::SystemClock;

    struct Hands(Mutex<Timestamp>);

    impl Hands {
        fn advance(&self, span: Duration) {
            let mut now = held(&self.0);
            *now = later(*now, span);
        }
    }

    impl Clock for Hands {
        fn now(&self) -> Timestamp {
            *held(&self.0)
        }
    }

    fn order(name: &str, role: &str, pin: &str) -> WorkerOrder {
        WorkerOrder { name: name.to_owned(), role: role.to_owned(), pin: pin.to_owned() }
    }

    fn shop() -> (tempfile::TempDir, Arc<Hands>, Workers) {
        let (dir, clock) = (tempfile::tempdir().unwrap(), Arc::new(Hands(Mutex::new(SystemClock.now()))));
        let workers = Workers::open(dir.path(), clock.clone());
        (dir, clock, workers)
    }

    #[track_caller]
    fn code<T>(answer: Answer<T>) -> String {
        answer.err().expect("it is refused").code
    }

    #[test]
    fn a_permit_is_for_one_act_once_and_soon() {
        let (dir, clock, workers) = shop();
        assert!(!workers.asks());
        workers.put(&order("Ana", "encargado", "2580")).unwrap();
        assert!(workers.asks());
        let permit = || workers.permit("Ana", "2580", "reissue").unwrap();
        let first = permit();
        let ana = |again| Some(Spent { who: "Ana".to_owned(), again });
        assert_eq!(workers.spend("reissue", &first), ana(false));
        assert_eq!(workers.spend("reissue", &first), None, "it was used");
        assert_eq!(workers.spend("export", &permit()), None, "it was for something else");
        let late = permit();
        clock.advance(PERMIT);
        assert_eq!(workers.spend("reissue", &late), None, "it is over");
        let look = workers.permit("Ana", "2580", LOOK_ACTS).unwrap();
        assert_eq!(workers.spend(LOOK_ACTS, &look), ana(false));
        assert_eq!(workers.spend(LOOK_ACTS, &look), ana(true), "the next page needs no other");
        assert_eq!(workers.spend("reissue", &look), None, "to look is not to do");
        let look = workers.permit("Ana", "2580", LOOK_ACTS).unwrap();
        clock.advance(LOOK);
        assert_eq!(workers.spend(LOOK_ACTS, &look), None);
        let kept = std::fs::read_to_string(dir.path().join("users")).unwrap();
        assert!(!kept.contains("2580"));
    }

    #[test]
    fn wrong_pins_cost_ever_more_time_and_a_restart_forgives_none() {
        let (dir, clock, workers) = shop();
        workers.put(&order("Ana", "encargado", "2580")).unwrap();
        for _ in 0..FREE {
            assert_eq!(code(workers.permit("Ana", "1111", "x")), "pin-wrong");
        }
        assert_eq!(code(workers.permit("Ana", "2580", "x")), "pin-locked", "even the right one");
        drop(workers);
        let workers = Workers::open(dir.path(), clock.clone());
        assert_eq!(code(workers.permit("Ana", "2580", "x")), "pin-locked");
        clock.advance(WAIT);
        assert_eq!(code(workers.permit("Ana", "1111", "x")), "pin-wrong");
        clock.advance(WAIT);
        assert_eq!(code(workers.permit("Ana", "2580", "x")), "pin-locked", "twice as long now");
        clock.advance(WAIT);
        workers.permit("Ana", "2580", "x").unwrap();
        assert_eq!(code(workers.permit("Ana", "1111", "x")), "pin-wrong", "the right one begins anew");
    }

    #[test]
    fn who_stands_at_the_till_is_so_for_a_turn_and_no_longer_than_their_pin() {
        let (_dir, clock, workers) = shop();
        workers.put(&order("Ana", "encargado", "2580")).unwrap();
        workers.put(&order("Beto", "cajero", "4321")).unwrap();
        let beto = Some("Beto".to_owned());
        let who = |permit: &str| workers.spend(SELL, permit).map(|spent| spent.who);
        let turn = workers.permit("Beto", "4321", SELL).unwrap();
        assert_eq!((who(&turn), who(&turn)), (beto.clone(), beto.clone()), "sale after sale");
        assert_eq!(workers.spend("reissue", &turn), None, "it allows nothing");
        let turn = workers.permit("Beto", "4321", SELL).unwrap();
        clock.advance(TURN);
        assert_eq!(who(&turn), None);
        let [theirs, hers] =
            [("Beto", "4321"), ("Ana", "2580")].map(|(name, pin)| workers.permit(name, pin, SELL).unwrap());
        workers.put(&order("Beto", "cajero", "8642")).unwrap();
        assert_eq!((who(&theirs), who(&hers)), (None, Some("Ana".to_owned())));
        let gone = workers.permit("Beto", "8642", SELL).unwrap();
        workers.remove("Beto").unwrap();
        assert_eq!(who(&gone), None);
    }

    #[test]
    fn a_cashier_allows_nothing_and_the_last_in_charge_stays() {
        let (_dir, _, workers) = shop();
        assert_eq!(code(workers.put(&order("Beto", "cajero", "4321"))), "nobody-in-charge");
        workers.put(&order("Ana", "encargado", "2580")).unwrap();
        workers.put(&order("Beto", "cajero", "4321")).unwrap();
        assert_eq!(code(workers.permit("Beto", "4321", "x")), "role-insufficient");
        assert_eq!(code(workers.permit("Carla", "4321", "x")), "worker-unknown");
        assert_eq!(code(workers.remove("Ana")), "nobody-in-charge");
        assert_eq!(code(workers.put(&order("Ana", "cajero", "2580"))), "nobody-in-charge");
        for pin in ["123", "12a4", "1111", "1234567890123"] {
            assert!(workers.put(&order("Ana", "encargado", pin)).is_err(), "{pin}");
        }
        workers.remove("Beto").unwrap();
        assert_eq!(workers.remove("Ana").unwrap().workers, []);
        assert!(!workers.asks());
    }

    #[test]
    fn a_damaged_file_lets_nobody_do_everything() {
        let (dir, clock, _) = shop();
        std::fs::write(dir.path().join("users"), "{").unwrap();
        let workers = Workers::open(dir.path(), clock);
        assert!(workers.asks());
        assert_eq!(code(workers.put(&order("Eva", "encargado", "2580"))), "users-damaged");
        assert_eq!(code(workers.permit("Ana", "2580", "x")), "users-damaged");
    }
}
