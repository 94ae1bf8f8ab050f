//! What a thermal printer says, byte by byte, and what each byte can be the answer to. A printer may speak unasked
//! (*automatic status back*), and answer late: no byte is taken for the answer to another question.
//!
//! By the fixed bits of ESC/POS: `DLE EOT n` is answered with `0xx1xx10`, `GS r n` with `0xx0xxxx`, and what is said
//! unasked are four bytes of which the first is `0xx1xx00` and each other one `0xx0xxxx`. `XON` and `XOFF` are no answer, and
//! may come in between. What fits none of these comes from another kind of machine at that address; bytes above 127, which
//! a line makes of itself when it is opened, are passed over.

/// What was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// To a question that is answered at once.
    AtOnce(u8),
    /// To a question that is answered in its turn, when all before it is on paper.
    InTurn(u8),
    /// Unasked: why it can't print.
    Lacks(&'static str),
    /// No printer says this.
    Foreign,
}

pub(super) const NO_PAPER: &str = "la impresora no tiene papel";
pub(super) const OPEN: &str = "la tapa de la impresora está abierta";

pub(super) const FOREIGN: &str = "no contesta como impresora (revise su dirección)";
const XON: u8 = 0x11;
const XOFF: u8 = 0x13;

/// Tells apart what is heard.
#[derive(Debug, Default)]
pub(super) struct Ear {
    /// What it says unasked, as far as it was heard.
    unasked: Vec<u8>,
}

impl Ear {
    /// One more byte; `None` while it says nothing that matters.
    pub fn hear(&mut self, byte: u8) -> Option<Said> {
        if matches!(byte, XON | XOFF | 0x80..) {
            return None;
        }
        if !self.unasked.is_empty() {
            self.unasked.push(byte);
            if byte & 0x10 != 0 {
                self.unasked.clear();
                return Some(Said::Foreign);
            }
            return match self.unasked.len() {
                4 => lacks(&std::mem::take(&mut self.unasked)),
                _ => None,
            };
        }
        match byte & 0x13 {
            0x00..=0x03 => Some(Said::InTurn(byte)),
            0x12 => Some(Said::AtOnce(byte)),
            0x10 => {
                self.unasked.push(byte);
                None
            }
            _ => Some(Said::Foreign),
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
        assert_eq!(all(&[0x14, 0x13, 0, 0xff, 0x0c, 0]), [Said::Lacks(NO_PAPER)], "nor is noise");
    }

    #[test]
    fn what_no_printer_says_is_known() {
        for text in
            ["HTTP/1.1 400 Bad Request", "SSH-2.0-OpenSSH", "220 mail.example ESMTP", "\x15\x03\x03\0\x02"]
        {
            assert!(all(text.as_bytes()).contains(&Said::Foreign), "{text}");
        }
    }
}
