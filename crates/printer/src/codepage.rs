//! Letters as the bytes of a printer's page. What a page does not have is written without its accent, and
//! what has no such form as a question mark: never as bytes that mean something else.

use crate::{Codepage, Profile};

/// 0x80 to 0xFF of PC850; 858 differs in 0xD5, the euro.
const PC850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤\
                     ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";

impl Profile {
    /// The `n` of `ESC t n`: Epson's numbers, which most others copied.
    pub(crate) fn page_number(&self) -> u8 {
        self.codepage_number.unwrap_or(match self.codepage {
            Codepage::Ascii => 0,
            Codepage::Pc850 => 2,
            Codepage::Wpc1252 => 16,
            Codepage::Pc858 => 19,
        })
    }
}

/// A text in the page's bytes, one a character.
pub(crate) fn encode(text: &str, page: Codepage) -> Vec<u8> {
    text.chars().map(|c| byte(c, page).or_else(|| byte(plain(c), page)).unwrap_or(b'?')).collect()
}

fn byte(c: char, page: Codepage) -> Option<u8> {
    let code = c as u32;
    if (0x20..0x7f).contains(&code) {
        return Some(code as u8);
    }
    match page {
        Codepage::Ascii => None,
        // The upper half of Latin-1; what is between is Windows' own.
        Codepage::Wpc1252 if c == '€' => Some(0x80),
        Codepage::Wpc1252 => (0xa0..=0xff).contains(&code).then_some(code as u8),
        Codepage::Pc858 if c == '€' => Some(0xd5),
        Codepage::Pc858 if c == 'ı' => None,
        Codepage::Pc850 | Codepage::Pc858 => {
            PC850.chars().position(|known| known == c).map(|at| at as u8 + 0x80)
        }
    }
}

/// The letter without its accent.
fn plain(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' | 'ı' => 'i',
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'ø' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ñ' => 'n',
        'ç' => 'c',
        'ý' | 'ÿ' => 'y',
        'Á' | 'À' | 'Â' | 'Ä' | 'Ã' | 'Å' => 'A',
        'É' | 'È' | 'Ê' | 'Ë' => 'E',
        'Í' | 'Ì' | 'Î' | 'Ï' => 'I',
        'Ó' | 'Ò' | 'Ô' | 'Ö' | 'Õ' | 'Ø' => 'O',
        'Ú' | 'Ù' | 'Û' | 'Ü' => 'U',
        'Ñ' => 'N',
        'Ç' => 'C',
        'Ý' => 'Y',
        '°' | 'º' => 'o',
        'ª' => 'a',
        '·' | '–' | '—' => '-',
        '“' | '”' | '«' | '»' => '"',
        '‘' | '’' | '´' => '\'',
        '\u{a0}' => ' ',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spanish_is_in_every_page_that_has_accents() {
        assert_eq!(encode("Ñandú N° ¿Sí?", Codepage::Wpc1252), b"\xd1and\xfa N\xb0 \xbfS\xed?");
        assert_eq!(encode("Ñandú N° ¿Sí?", Codepage::Pc858), b"\xa5and\xa3 N\xf8 \xa8S\xa1?");
        assert_eq!(encode("Ñandú N° ¡Sí!", Codepage::Ascii), b"Nandu No ?Si!");
        assert_eq!(PC850.chars().count(), 128);
    }

    #[test]
    fn no_letter_becomes_a_command() {
        for page in [Codepage::Pc850, Codepage::Pc858, Codepage::Wpc1252, Codepage::Ascii] {
            for c in (0..0x3000).filter_map(char::from_u32) {
                let bytes = encode(&c.to_string(), page);
                assert!(bytes.len() == 1 && bytes[0] >= 0x20 && bytes[0] != 0x7f, "{c:?} {bytes:?}");
            }
        }
    }
}
