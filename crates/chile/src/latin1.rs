//! ISO-8859-1, strictly: the only encoding of a DTE, its stamp and its envelope. Not windows-1252,
//! which is what libraries call by this name.

/// A character that ISO-8859-1 has no byte for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("el carácter {} (posición {offset}) no existe en ISO-8859-1, la codificación que exige el SII", shown(*.ch))]
pub struct NotLatin1 {
    /// Byte offset in the text.
    pub offset: usize,
    pub ch: char,
}

/// `«ñ»`, or `de control U+0096`: that has no shape to be shown.
pub fn shown(ch: char) -> String {
    if ch.is_control() { format!("de control U+{:04X}", ch as u32) } else { format!("«{ch}»") }
}

/// One byte a character; refuses what has none, and the control characters that XML or the SII do
/// not allow.
pub fn encode(text: &str) -> Result<Vec<u8>, NotLatin1> {
    text.char_indices()
        .map(|(offset, ch)| match u32::from(ch) {
            n @ (0x09 | 0x0A | 0x0D | 0x20..=0x7E | 0xA0..=0xFF) => Ok(n as u8),
            _ => Err(NotLatin1 { offset, ch }),
        })
        .collect()
}

/// Every byte is a character.
pub fn decode(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

/// What a till or a person types, as near as ISO-8859-1 comes to it. Characters without a place in
/// the map stay, for [`encode`] to refuse: nothing is dropped in silence that a reader would miss.
pub fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for ch in text.chars() {
        if let Some(composed) = out.chars().next_back().and_then(|base| compose(base, ch)) {
            out.pop();
            out.push(composed);
            continue;
        }
        match transliterate(ch) {
            Some(text) => out.push_str(text),
            None => out.push(ch),
        }
    }
    out
}

/// The map, whole.
fn transliterate(ch: char) -> Option<&'static str> {
    Some(match ch {
        // Quotes and primes
        '‘' | '’' | '‚' | '‛' | '′' | 'ʼ' => "'",
        '“' | '”' | '„' | '‟' | '″' => "\"",
        '‹' => "<",
        '›' => ">",
        // Dashes, dots, bullets
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => "-",
        '…' => "...",
        '•' | '‣' | '∙' => "·",
        // Signs
        '€' => "EUR",
        '№' => "N°",
        '™' => "TM",
        '⁄' => "/",
        // Blanks of every width
        '\t'
        | '\n'
        | '\r'
        | '\u{A0}'
        | '\u{2000}'..='\u{200A}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{202F}'
        | '\u{205F}'
        | '\u{3000}' => " ",
        // Invisible: soft hyphen, joiners, marks of direction, byte order mark
        '\u{AD}'
        | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'
        | '\u{FE0F}'
        | '\u{FEFF}' => "",
        // Letters of names that are common in Chile
        'Œ' => "OE",
        'œ' => "oe",
        'Š' | 'Ś' => "S",
        'š' | 'ś' => "s",
        'Ž' | 'Ź' | 'Ż' => "Z",
        'ž' | 'ź' | 'ż' => "z",
        'Č' | 'Ć' => "C",
        'č' | 'ć' => "c",
        'Đ' => "D",
        'đ' => "d",
        'Ł' => "L",
        'ł' => "l",
        'Ÿ' => "Y",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        _ => return None,
    })
}

/// NFC for the letters that exist in ISO-8859-1.
fn compose(base: char, mark: char) -> Option<char> {
    let (bases, composed) = match mark {
        '\u{300}' => ("AEIOUaeiou", "ÀÈÌÒÙàèìòù"),
        '\u{301}' => ("AEIOUYaeiouy", "ÁÉÍÓÚÝáéíóúý"),
        '\u{302}' => ("AEIOUaeiou", "ÂÊÎÔÛâêîôû"),
        '\u{303}' => ("ANOano", "ÃÑÕãñõ"),
        '\u{308}' => ("AEIOUaeiouy", "ÄËÏÖÜäëïöüÿ"),
        '\u{30A}' => ("Aa", "Åå"),
        '\u{327}' => ("Cc", "Çç"),
        _ => return None,
    };
    bases.chars().zip(composed.chars()).find_map(|(b, c)| (b == base).then_some(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_till_sends_is_brought_into_latin1() {
        for (typed, tidied) in [
            ("Café “Ñandú” – 1½ kg…", "Café \"Ñandú\" - 1½ kg..."),
            ("cafe\u{301} n\u{303}on\u{303}o pingu\u{308}ino", "café ñoño pingüino"),
            ("5\u{A0}€", "5 EUR"),
            ("a\tb\r\nc\u{200B}\u{FEFF}", "a b  c"),
            ("Luksić Čović", "Luksic Covic"),
            ("«ya está» ¿sí? ¡no!", "«ya está» ¿sí? ¡no!"),
        ] {
            assert_eq!(tidy(typed), tidied);
            assert!(encode(&tidy(typed)).is_ok(), "{typed}");
        }
    }

    #[test]
    fn what_has_no_byte_is_refused_and_not_lost() {
        assert_eq!(encode(&tidy("pan 🍞")), Err(NotLatin1 { offset: 4, ch: '🍞' }));
        assert_eq!(encode("5 €"), Err(NotLatin1 { offset: 2, ch: '€' }));
        // A dash of windows-1252 that was read as ISO-8859-1, and what C ends its texts with.
        for control in ['\u{96}', '\0', '\u{7F}', '\u{85}'] {
            let written = format!("a{control}");
            let no = encode(&tidy(&written)).unwrap_err();
            assert_eq!(no, NotLatin1 { offset: 1, ch: control });
            assert!(no.to_string().contains(&format!("U+{:04X}", control as u32)), "{no}");
        }
        assert_eq!(encode("ñÑ ÿ").unwrap(), b"\xF1\xD1 \xFF");
    }

    proptest! {
        #[test]
        fn encoding_and_decoding_are_inverse(text in "[ -~\u{A0}-\u{FF}\n]{0,40}") {
            prop_assert_eq!(decode(&encode(&text).unwrap()), text);
        }

        #[test]
        fn tidying_twice_changes_nothing_more(text in "\\PC{0,40}") {
            prop_assert_eq!(tidy(&tidy(&text)), tidy(&text));
        }
    }
}
