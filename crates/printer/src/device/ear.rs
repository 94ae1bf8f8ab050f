//! What a thermal printer says, byte by byte, and what each byte can be the answer to. A printer may speak unasked
//! (*automatic status back*), and answer late: no byte is taken for the answer to another question.
//!
//! By the fixed bits of ESC/POS: `DLE EOT n` is answered with `0xx1xx10`, `GS r n` with `0xx0xxxx`, and what is said
//! unasked are four bytes of which the first is `0xx1xx00`. `XON` and `XOFF` (`0xx1xx11`, `0xx1xx01`) are no answer.

/// What was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// To a question that is answered at once.
    AtOnce(u8),
    /// To a question that is answered in its turn, when all before it is on paper.
    InTurn(u8),
    /// Unasked: why it can't print.
    Lacks(&'static str),
}

pub(super) const NO_PAPER: &str = "la impresora no tiene papel";
pub(super) const OPEN: &str = "la tapa de la impresora está abierta";

/// Tells apart what is heard.
#[derive(Debug, Default)]
pub(super) struct Ear {
    /// What it says unasked, as far as it was heard.
    unasked: Vec<u8>,
}

impl Ear {
    /// One more byte; `None` while it says nothing that matters.
    pub fn hear(&mut self, byte: u8) -> Option<Said> {
        if !self.unasked.is_empty() {
            self.unasked.push(byte);
            return match self.unasked.len() {
                4 => lacks(&std::mem::take(&mut self.unasked)),
                _ => None,
            };
        }
        match byte {
            byte if byte & 0x90 == 0 => Some(Said::InTurn(byte)),
            byte if byte & 0x93 == 0x12 => Some(Said::AtOnce(byte)),
            byte if byte & 0x93 == 0x10 => {
                self.unasked.push(byte);
                None
            }
            _ => None,
        }
    }
}

fn lacks(unasked: &[u8]) -> Option<Said> {
    match unasked {
        [_, _, paper, _] if paper & 0x0c != 0 => Some(Said::Lacks(NO_PAPER)),
        [first, ..] if first & 0x20 != 0 => Some(Said::Lacks(OPEN)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<Said> {
        let mut ear = Ear::default();
        bytes.iter().filter_map(|byte| ear.hear(*byte)).collect()
    }

    #[test]
    fn an_answer_is_told_from_what_is_said_unasked() {
        let well = [0x10, 0, 0, 0x0f];
        assert_eq!(all(&well), []);
        assert_eq!(all(&[&well[..], &[0x12]].concat()), [Said::AtOnce(0x12)]);
        assert_eq!(all(&[&[0x00][..], &well].concat()), [Said::InTurn(0)]);
        assert_eq!(all(&[0x14, 0, 0x0c, 0]), [Said::Lacks(NO_PAPER)]);
        assert_eq!(all(&[0x30, 0, 0, 0]), [Said::Lacks(OPEN)]);
        assert_eq!(all(&[0x11, 0x13, 0x72]), [Said::AtOnce(0x72)], "XON and XOFF are no answers");
    }
}
