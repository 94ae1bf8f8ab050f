//! The text of a table out of its bytes: UTF-8, or the windows-1252 that a spreadsheet in Chile writes. A
//! table that is neither, or both, is said to be; nothing is read as what it may not be.

/// What windows-1252 has at 0x80 to 0x9F (<https://encoding.spec.whatwg.org/index-windows-1252.txt>). What it
/// has nothing at stays the control character of that number, which no sale may hold.
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
];

/// The text, or the line and why there is none.
pub fn decoded(bytes: &[u8]) -> Result<String, (u64, String)> {
    let zero = |at: usize| bytes.get(at) == Some(&0);
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") || zero(0) || zero(1) {
        return Err((1, "El texto está en UTF-16; guárdelo en UTF-8.".to_owned()));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let (mut line, mut utf8, mut other) = (1, None, None);
    for chunk in bytes.utf8_chunks() {
        for ch in chunk.valid().chars() {
            line += u64::from(ch == '\n');
            if is_mark(ch) {
                utf8.get_or_insert(line);
            }
        }
        if !chunk.invalid().is_empty() {
            other.get_or_insert(line);
        }
    }
    match (utf8, other) {
        (_, None) => Ok(String::from_utf8_lossy(bytes).into_owned()),
        (None, Some(_)) => Ok(bytes.iter().map(|&byte| letter(byte)).collect()),
        (Some(utf8), Some(other)) => Err((
            utf8.max(other),
            format!(
                "La tabla mezcla dos codificaciones: la línea {utf8} está en UTF-8 y la línea {other} no. Ábrala, \
                 revise los acentos y guárdela entera en UTF-8."
            ),
        )),
    }
}

/// Letters of Spanish, and quotes, dashes and the euro: written in UTF-8 they are pairs in windows-1252 that no
/// text has (`Ã±`, `â€“`). What else happens to be UTF-8 may be two characters of that (`Ú»`).
fn is_mark(ch: char) -> bool {
    matches!(ch, '\u{80}'..='\u{FF}' | '\u{2000}'..='\u{22FF}')
}

fn letter(byte: u8) -> char {
    match byte {
        0x80..=0x9F => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}
