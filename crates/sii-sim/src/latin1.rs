//! ISO-8859-1, where a byte is a character. The files of the SII are written in it.

/// Every byte has a character, so this never fails.
pub(crate) fn decode(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// The bytes again. `None` when a character lies outside.
pub(crate) fn encode(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

/// The first byte ISO-8859-1 has no printable character for: 0x80 to 0x9F. UTF-8 taken for Latin-1 shows so.
pub(crate) fn stray_byte(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| (0x80..=0x9F).contains(byte))
}

/// The letters of Latin-1 as ASCII has them.
pub(crate) fn without_accents(text: &str) -> String {
    let plain = |c: char| match c {
        'À'..='Å' => 'A',
        'Ç' => 'C',
        'È'..='Ë' => 'E',
        'Ì'..='Ï' => 'I',
        'Ñ' => 'N',
        'Ò'..='Ö' | 'Ø' => 'O',
        'Ù'..='Ü' => 'U',
        'à'..='å' => 'a',
        'ç' => 'c',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' | 'ø' => 'o',
        'ù'..='ü' => 'u',
        other => other,
    };
    text.chars().map(plain).collect()
}
