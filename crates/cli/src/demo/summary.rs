//! The last line of the demo, as programs and as people read it.

use std::collections::HashMap;
use std::time::Duration;

use serde::Serialize;
use timbre_agent::view::RowView;
use timbre_core::DocState;

use super::audit::Audit;
use super::callers::Issued;
use crate::words::{millis, seconds, thousands};

/// Names and order are a promise.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    pub issued: u64,
    pub accepted: u64,
    pub objected: u64,
    pub rejected: u64,
    pub pending: u64,
    pub verifying: u64,
    pub lost: u64,
    pub duplicated: u64,
    pub issue_ms: Percentiles,
    pub drain_s: f64,
    pub elapsed_s: f64,
}

#[derive(Debug, Default, PartialEq, Serialize)]
pub struct Percentiles {
    pub p50: f64,
    pub p99: f64,
}

impl Summary {
    pub fn new(
        issued: &[Issued],
        rows: &HashMap<String, RowView>,
        audit: &Audit,
        drain: Duration,
        elapsed: Duration,
    ) -> Summary {
        let mut summary = Summary {
            issued: issued.len() as u64,
            lost: audit.lost.len() as u64,
            duplicated: audit.duplicated.len() as u64,
            issue_ms: Percentiles::of(issued.iter().map(|one| one.took).collect()),
            drain_s: tenth(drain.as_secs_f64()),
            elapsed_s: tenth(elapsed.as_secs_f64()),
            ..Summary::default()
        };
        for state in rows.values().filter_map(|row| DocState::from_word(&row.state)) {
            *match state {
                DocState::Aceptado => &mut summary.accepted,
                DocState::Reparo => &mut summary.objected,
                DocState::Rechazado | DocState::Reemplazado => &mut summary.rejected,
                DocState::Generado | DocState::Enviando | DocState::Pendiente => &mut summary.pending,
                DocState::Enviado | DocState::Verificando => &mut summary.verifying,
            } += 1;
        }
        summary
    }

    /// Every document has its verdict, and none was lost or came twice.
    pub fn is_sound(&self) -> bool {
        self.accepted + self.objected + self.rejected == self.issued && self.lost == 0 && self.duplicated == 0
    }

    pub fn lines(&self) -> Vec<String> {
        let n = thousands;
        vec![
            format!("Emitidos     {}", n(self.issued)),
            format!(
                "Aceptados    {} · con reparos {} · rechazados {}",
                n(self.accepted),
                n(self.objected),
                n(self.rejected)
            ),
            format!("Por resolver {} pendientes · {} en el SII", n(self.pending), n(self.verifying)),
            format!("Perdidos     {} · duplicados {}", n(self.lost), n(self.duplicated)),
            format!("Emitir uno   {} (p50) · {} (p99)", millis(self.issue_ms.p50), millis(self.issue_ms.p99)),
            format!("Vaciar la cola {} · en total {}", seconds(self.drain_s), seconds(self.elapsed_s)),
        ]
    }
}

impl Percentiles {
    /// Nearest rank.
    fn of(mut times: Vec<Duration>) -> Percentiles {
        times.sort_unstable();
        let at = |percent: usize| {
            let rank = (times.len() * percent).div_ceil(100).max(1) - 1;
            times.get(rank).map_or(0.0, |time| tenth(time.as_secs_f64() * 1000.0))
        };
        Percentiles { p50: at(50), p99: at(99) }
    }
}

fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issued(millis: &[u64]) -> Vec<Issued> {
        millis
            .iter()
            .enumerate()
            .map(|(i, ms)| Issued { id: format!("T39F{i}"), took: Duration::from_millis(*ms) })
            .collect()
    }

    fn rows(states: &[&str]) -> HashMap<String, RowView> {
        let row = |state: &str| RowView { state: state.to_owned(), ..crate::commands::issue::tests::row() };
        states.iter().enumerate().map(|(i, state)| (format!("T39F{i}"), row(state))).collect()
    }

    #[test]
    fn the_line_is_as_promised() {
        let summary = Summary::new(
            &issued(&[1, 2, 3]),
            &rows(&["ACEPTADO", "REPARO", "RECHAZADO"]),
            &Audit::default(),
            Duration::from_millis(1540),
            Duration::from_secs(3),
        );
        assert!(summary.is_sound());
        assert_eq!(
            serde_json::to_string(&summary).unwrap(),
            r#"{"issued":3,"accepted":1,"objected":1,"rejected":1,"pending":0,"verifying":0,"lost":0,"duplicated":0,"issue_ms":{"p50":2.0,"p99":3.0},"drain_s":1.5,"elapsed_s":3.0}"#
        );
    }

    #[test]
    fn what_has_no_verdict_or_is_lost_is_not_sound() {
        let none = Audit::default();
        let of = |states: &[&str], audit: &Audit| {
            Summary::new(&issued(&[1, 1]), &rows(states), audit, Duration::ZERO, Duration::ZERO)
        };
        for state in ["GENERADO", "ENVIANDO", "PENDIENTE", "ENVIADO", "VERIFICANDO"] {
            assert!(!of(&["ACEPTADO", state], &none).is_sound(), "{state}");
        }
        assert!(!of(&["ACEPTADO"], &none).is_sound());
        assert!(
            !of(&["ACEPTADO", "ACEPTADO"], &Audit { lost: vec!["T39F0".into()], ..Audit::default() })
                .is_sound()
        );
        assert!(of(&["ACEPTADO", "ACEPTADO"], &none).is_sound());
    }

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let times = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(Percentiles::of(times), Percentiles { p50: 50.0, p99: 99.0 });
        assert_eq!(Percentiles::of(vec![]), Percentiles::default());
    }
}
