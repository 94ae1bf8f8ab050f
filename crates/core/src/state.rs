//! The states of a document and the arrows between them: one pure function.

use serde::{Deserialize, Serialize};

use crate::Remark;

/// Where a document is. The same words in store, API and window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum DocState {
    /// Signed and on disk; waits for its first sending.
    Generado,
    /// Its bytes may be on the wire.
    Enviando,
    /// The authority has it (there is a TrackID); no verdict yet.
    Enviado,
    /// Outcome of a sending unknown: asked about before it is sent again.
    Verificando,
    /// No line, or attempts spent: retried by itself or by hand.
    Pendiente,
    /// Accepted.
    Aceptado,
    /// Accepted with objections.
    Reparo,
    /// Rejected.
    Rechazado,
    /// Its sale lives on in another document.
    Reemplazado,
}

/// What moved a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "kebab-case")]
pub enum Cause {
    /// The parcel's first byte is about to leave.
    Sending,
    /// Certainly nothing left this machine; an attempt may or may not have been used.
    NotSent {
        why: String,
    },
    /// No line: it waits without having used an attempt.
    NoLine {
        why: String,
    },
    /// Bytes may have left and no complete answer came.
    Doubt {
        why: String,
    },
    /// The authority took the parcel.
    Sent {
        track: String,
    },
    /// The authority says it does not have it, past its own delay.
    Absent,
    Accepted {
        remarks: Vec<Remark>,
        /// What the authority gave it: [`crate::Verdict::Accepted`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        given: Option<String>,
    },
    Rejected {
        reasons: Vec<Remark>,
        number: crate::NumberFate,
    },
    /// Refused as a whole for a reason that is not the document's (permission, configuration).
    Refused {
        why: String,
    },
    /// Its parcel was rejected as a whole and nothing of it is kept: it goes again in another one, with no more
    /// than so many documents where one of them may be to blame.
    Fell {
        why: String,
        most: Option<u32>,
    },
    /// Made again on the same folio.
    Reissued,
    /// Another document took its place.
    Replaced {
        by: crate::DocumentId,
        /// What the authority said of the number when it was asked first, where it is no good, whatever the rejection
        /// was for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<crate::NumberFate>,
    },
    /// A person asked for it to be sent again.
    ByHand,
    /// The authority holds this very document, and a person found it accepted there.
    FoundAccepted {
        /// Whose word may be overruled; nobody's where it is an earlier version that the authority holds: of this one it
        /// will only say that it is another.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        who: Option<String>,
        /// As with [`Cause::Accepted`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        given: Option<String>,
    },
    /// A person read at the authority's site how it stands, for its services give no verdict.
    Noted {
        who: String,
        said: Said,
        why: String,
    },
    /// The services say after all how it stands, and not as a person had noted: their verdict follows.
    Overruled,
}

/// What a person reads at the authority's site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Said {
    Accepted,
    /// With objections.
    Objected,
    Rejected,
}

impl Said {
    /// Where it takes a document.
    pub fn state(self) -> DocState {
        match self {
            Said::Accepted => DocState::Aceptado,
            Said::Objected => DocState::Reparo,
            Said::Rejected => DocState::Rechazado,
        }
    }
}

impl DocState {
    pub const ALL: [DocState; 9] = [
        DocState::Generado,
        DocState::Enviando,
        DocState::Enviado,
        DocState::Verificando,
        DocState::Pendiente,
        DocState::Aceptado,
        DocState::Reparo,
        DocState::Rechazado,
        DocState::Reemplazado,
    ];

    /// The word in store, API and window.
    pub fn word(self) -> &'static str {
        match self {
            DocState::Generado => "GENERADO",
            DocState::Enviando => "ENVIANDO",
            DocState::Enviado => "ENVIADO",
            DocState::Verificando => "VERIFICANDO",
            DocState::Pendiente => "PENDIENTE",
            DocState::Aceptado => "ACEPTADO",
            DocState::Reparo => "REPARO",
            DocState::Rechazado => "RECHAZADO",
            DocState::Reemplazado => "REEMPLAZADO",
        }
    }

    /// Reads the word, in any case.
    pub fn from_word(word: &str) -> Option<DocState> {
        DocState::ALL.into_iter().find(|s| s.word().eq_ignore_ascii_case(word.trim()))
    }

    /// The authority has spoken and will not change its mind.
    pub fn is_final(self) -> bool {
        matches!(self, DocState::Aceptado | DocState::Reparo | DocState::Rechazado | DocState::Reemplazado)
    }

    /// May a parcel with this document leave? Only from here; never while in doubt.
    pub fn may_send(self) -> bool {
        matches!(self, DocState::Generado | DocState::Pendiente)
    }

    /// Where `cause` takes a document, or `None` where the arrow does not exist (the cause came
    /// late, or twice, and changes nothing).
    pub fn after(self, cause: &Cause) -> Option<DocState> {
        use DocState::*;
        match (self, cause) {
            (Generado | Pendiente, Cause::Sending) => Some(Enviando),
            (Generado | Pendiente, Cause::NoLine { .. }) => Some(Pendiente),
            (Generado | Pendiente, Cause::Refused { .. }) => Some(Pendiente),
            (Pendiente, Cause::ByHand) => Some(Generado),
            (Enviando, Cause::NotSent { .. } | Cause::NoLine { .. } | Cause::Refused { .. }) => {
                Some(Pendiente)
            }
            (Enviando | Enviado, Cause::Fell { .. }) => Some(Pendiente),
            (Enviando, Cause::Doubt { .. }) => Some(Verificando),
            (Enviando | Verificando, Cause::Sent { .. }) => Some(Enviado),
            // It has it from another upload (RPT), or has lost it; or a person sends again what is stuck there.
            (Enviado, Cause::Doubt { .. }) => Some(Verificando),
            (Verificando, Cause::Absent) => Some(Pendiente),
            (Enviando | Enviado | Verificando, Cause::Accepted { remarks, .. }) => {
                Some(if remarks.is_empty() { Aceptado } else { Reparo })
            }
            (Enviando | Enviado | Verificando, Cause::Rejected { .. }) => Some(Rechazado),
            // Also of what goes round in a circle, there and not there: the engine sees to that.
            (Enviado | Verificando | Pendiente, Cause::Noted { said, .. }) => Some(said.state()),
            // Only where a person's word was what had ended it: the store sees to that.
            (Aceptado | Reparo | Rechazado, Cause::Overruled) => Some(Enviado),
            (Rechazado, Cause::Reissued) => Some(Generado),
            // A rejection that was concluded and not told, or told of another delivery: two for one sale are worse.
            (Rechazado | Enviado | Verificando, Cause::FoundAccepted { .. }) => Some(Aceptado),
            // Before it ever left: the store sees to that.
            (Rechazado | Generado | Pendiente, Cause::Replaced { .. }) => Some(Reemplazado),
            (
                Generado | Enviando | Enviado | Verificando | Pendiente | Aceptado | Reparo | Rechazado
                | Reemplazado,
                _,
            ) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DocState::*;

    fn causes() -> Vec<Cause> {
        let why = String::new;
        vec![
            Cause::Sending,
            Cause::NotSent { why: why() },
            Cause::NoLine { why: why() },
            Cause::Doubt { why: why() },
            Cause::Sent { track: why() },
            Cause::Absent,
            Cause::Accepted { remarks: vec![], given: None },
            Cause::Rejected { reasons: vec![], number: crate::NumberFate::AskByProbe },
            Cause::Refused { why: why() },
            Cause::Fell { why: why(), most: Some(7) },
            Cause::Reissued,
            Cause::Replaced { by: crate::DocumentId::new("39", 2), number: None },
            Cause::ByHand,
            Cause::Noted { who: why(), said: Said::Rejected, why: why() },
            Cause::Overruled,
            Cause::FoundAccepted { who: None, given: None },
        ]
    }

    /// Every arrow there is, and none besides: a row for each state, a column for each cause.
    #[test]
    fn each_cause_takes_each_state_where_the_drawing_says_and_nowhere_else() {
        let letter = |state: DocState| match state {
            Generado => 'G',
            Enviando => 'E',
            Enviado => 'S',
            Verificando => 'V',
            Pendiente => 'P',
            Aceptado => 'A',
            Reparo => 'O',
            Rechazado => 'R',
            Reemplazado => 'X',
        };
        // Sending, NotSent, NoLine, Doubt, Sent; Absent, Accepted, Rejected, Refused, Fell; Reissued, Replaced, ByHand,
        // Noted, Overruled, FoundAccepted.
        let drawn = [
            "G E.P.. ...P. .X....",
            "E .PPVS .ARPP ......",
            "S ...V. .AR.P ...R.A",
            "V ....S PAR.. ...R.A",
            "P E.P.. ...P. .XGR..",
            "A ..... ..... ....S.",
            "O ..... ..... ....S.",
            "R ..... ..... GX..SA",
            "X ..... ..... ......",
        ];
        for (state, drawn) in DocState::ALL.into_iter().zip(drawn) {
            let after = |cause: &Cause| state.after(cause).map_or('.', letter);
            let arrows: String = causes().iter().map(after).collect();
            let row = format!("{} {} {} {}", letter(state), &arrows[..5], &arrows[5..10], &arrows[10..]);
            assert_eq!(row, drawn);
        }
        for (said, state) in
            [(Said::Accepted, Aceptado), (Said::Objected, Reparo), (Said::Rejected, Rechazado)]
        {
            let noted = Cause::Noted { who: String::new(), said, why: String::new() };
            for from in [Enviado, Verificando, Pendiente] {
                assert_eq!(from.after(&noted), Some(state));
            }
        }
        let objected = Cause::Accepted { remarks: vec![Remark::ours("1", "")], given: None };
        for state in [Enviando, Enviado, Verificando] {
            assert_eq!(state.after(&objected), Some(Reparo));
        }
    }

    #[test]
    fn a_final_state_leaves_only_by_a_persons_act_on_a_rejection_or_where_a_persons_word_is_overruled() {
        for state in DocState::ALL.into_iter().filter(|s| s.is_final()) {
            for cause in causes() {
                let after = state.after(&cause);
                let act =
                    matches!(cause, Cause::Reissued | Cause::Replaced { .. } | Cause::FoundAccepted { .. });
                let allowed =
                    (state == Rechazado && act) || (state != Reemplazado && cause == Cause::Overruled);
                assert_eq!(after.is_some(), allowed, "{state:?} {cause:?}");
            }
        }
    }

    #[test]
    fn nothing_is_sent_from_doubt() {
        for state in [Verificando, Enviando, Enviado, Aceptado, Reparo, Rechazado, Reemplazado] {
            assert_eq!(state.after(&Cause::Sending), None, "{state:?}");
        }
        assert_eq!(Verificando.after(&Cause::Absent), Some(Pendiente));
    }

    #[test]
    fn what_the_authority_took_goes_again_only_through_doubt_and_is_replaced_only_once_rejected() {
        assert_eq!(Enviado.after(&Cause::Absent), None);
        assert_eq!(Enviado.after(&Cause::ByHand), None);
        assert_eq!(Enviado.after(&Cause::Doubt { why: String::new() }), Some(Verificando));
        for state in [Enviando, Enviado, Verificando] {
            let by = crate::DocumentId::new("39", 2);
            assert_eq!(state.after(&Cause::Replaced { by, number: None }), None, "{state:?}");
            let rejected = Cause::Rejected { reasons: vec![], number: crate::NumberFate::Taken };
            assert_eq!(state.after(&rejected), Some(Rechazado), "{state:?}");
        }
    }

    #[test]
    fn what_fell_with_its_parcel_goes_again_and_what_is_in_doubt_does_not() {
        let fell = Cause::Fell { why: String::new(), most: None };
        for state in DocState::ALL {
            let again = matches!(state, Enviando | Enviado).then_some(Pendiente);
            assert_eq!(state.after(&fell), again, "{state:?}");
        }
    }

    #[test]
    fn a_question_that_fails_moves_nothing() {
        // `NoLine` and `NotSent` are what a failed question could bring by mistake.
        for state in [Enviado, Verificando] {
            for cause in [Cause::NoLine { why: String::new() }, Cause::NotSent { why: String::new() }] {
                assert_eq!(state.after(&cause), None, "{state:?} {cause:?}");
            }
        }
    }

    #[test]
    fn every_word_is_read_back() {
        for state in DocState::ALL {
            assert_eq!(DocState::from_word(state.word()), Some(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.word());
        }
    }
}
