//! PDF417 of bytes as they are (ISO/IEC 15438): byte compaction, level 5, not truncated. How large it is
//! drawn is the stamp's business.

mod patterns;

use patterns::PATTERNS;

/// The prime that codewords are counted in.
const PRIME: u32 = 929;

/// Codewords of error correction at level 5, which the SII demands (Instructivo técnico, anexo 2, A.2.5).
const CORRECTION: usize = 64;
const LEVEL: usize = 5;

/// The standard's largest symbol: rows, and codewords that data and length may fill.
pub const MOST_ROWS: usize = 90;
const MOST_CODEWORDS: usize = 928;

const START: (u32, usize) = (0x1fea8, 17);
const STOP: (u32, usize) = (0x3fa29, 18);

/// A symbol: rows of modules, `true` is black.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    pub rows: Vec<Vec<bool>>,
}

impl Symbol {
    /// Modules of a row.
    pub fn width(&self) -> usize {
        self.rows.first().map_or(0, Vec::len)
    }
}

/// Modules of a row with so many columns of data: start, two indicators, the data, stop.
pub const fn width(columns: usize) -> usize {
    17 * columns + 69
}

/// These bytes do not fit a symbol of these columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{bytes} bytes no caben en un PDF417 de {columns} columnas")]
pub struct TooLong {
    pub bytes: usize,
    pub columns: usize,
}

/// The symbol of `bytes` with `columns` columns of data (1 to 30) and as many rows as it takes.
pub fn encode(bytes: &[u8], columns: usize) -> Result<Symbol, TooLong> {
    let too_long = TooLong { bytes: bytes.len(), columns };
    if !(1..=30).contains(&columns) {
        return Err(too_long);
    }
    let mut words = compact(bytes);
    let rows = (1 + words.len() + CORRECTION).div_ceil(columns).max(3);
    let length = rows * columns - CORRECTION;
    if rows > MOST_ROWS || length + CORRECTION > MOST_CODEWORDS {
        return Err(too_long);
    }
    words.insert(0, length as u32);
    words.resize(length, 900);
    words.extend(correction(&words));
    let drawn = words.chunks(columns).enumerate().map(|(row, data)| {
        let (left, right) = indicators(row, rows, columns);
        let cluster = &PATTERNS[row % 3];
        let mut modules = Vec::with_capacity(width(columns));
        push(&mut modules, START);
        push(&mut modules, (cluster[left], 17));
        for &word in data {
            push(&mut modules, (cluster[word as usize], 17));
        }
        push(&mut modules, (cluster[right], 17));
        push(&mut modules, STOP);
        modules
    });
    Ok(Symbol { rows: drawn.collect() })
}

fn push(modules: &mut Vec<bool>, (pattern, bits): (u32, usize)) {
    modules.extend((0..bits).rev().map(|bit| pattern >> bit & 1 == 1));
}

/// Byte compaction: six bytes are five codewords, what is left over is one codeword a byte. The latch says
/// whether something is left over.
fn compact(bytes: &[u8]) -> Vec<u32> {
    let groups = bytes.chunks_exact(6);
    let rest = groups.remainder();
    let mut words = vec![if rest.is_empty() { 924 } else { 901 }];
    for group in groups {
        let mut value = group.iter().fold(0u64, |value, &byte| value << 8 | u64::from(byte));
        let mut digits = [0u32; 5];
        for digit in digits.iter_mut().rev() {
            *digit = (value % 900) as u32;
            value /= 900;
        }
        words.extend(digits);
    }
    words.extend(rest.iter().map(|&byte| u32::from(byte)));
    words
}

/// Reed-Solomon over the field of 929 elements: the remainder by the product of (x - 3^i), negated.
fn correction(words: &[u32]) -> Vec<u32> {
    // Coefficients from the constant term upwards; the leading one is 1 and not kept.
    let mut generator = vec![1u32];
    let mut root = 1;
    for _ in 0..CORRECTION {
        root = root * 3 % PRIME;
        generator.insert(0, 0);
        for i in 0..generator.len() - 1 {
            generator[i] = (generator[i] + (PRIME - root) * generator[i + 1]) % PRIME;
        }
    }
    let mut remainder = vec![0u32; CORRECTION];
    for &word in words {
        let lead = (word + remainder[CORRECTION - 1]) % PRIME;
        for i in (0..CORRECTION).rev() {
            let below = if i == 0 { 0 } else { remainder[i - 1] };
            remainder[i] = (below + PRIME - lead * generator[i] % PRIME) % PRIME;
        }
    }
    remainder.iter().rev().map(|&word| (PRIME - word) % PRIME).collect()
}

/// The codewords that frame a row: between them, three rows tell rows, columns and level.
fn indicators(row: usize, rows: usize, columns: usize) -> (usize, usize) {
    let base = 30 * (row / 3);
    let height = (rows - 1) / 3;
    let level = 3 * LEVEL + (rows - 1) % 3;
    match row % 3 {
        0 => (base + height, base + columns - 1),
        1 => (base + level, base + height),
        _ => (base + columns - 1, base + level),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_has_the_size_that_was_computed_for_it() {
        // 767 bytes: 1 length, 1 latch, 640 for 127 groups and 5 bytes, 64 of correction.
        let symbol = encode(&[b'x'; 767], 12).unwrap();
        assert_eq!((symbol.rows.len(), symbol.width()), (59, 273));
        assert!(symbol.rows.iter().all(|row| row.len() == width(12)));
        assert_eq!(encode(&[0; 767], 18).unwrap().rows.len(), 40);
    }

    #[test]
    fn what_does_not_fit_is_said_and_not_cut() {
        assert_eq!(encode(&[0; 767], 7), Err(TooLong { bytes: 767, columns: 7 }));
        assert!(encode(&[0; 1040], 30).is_err());
        assert!(encode(&[0; 1], 0).is_err() && encode(&[0; 1], 31).is_err());
    }

    /// The worked example of many manuals: 3 is a root of the generator, so that data and correction
    /// together are divisible by it.
    #[test]
    fn data_and_correction_are_divisible_by_the_generator() {
        let mut words: Vec<u32> = (0..500).map(|n| n * 37 % 900).collect();
        words.extend(correction(&words));
        for power in 1..=CORRECTION as u32 {
            let root = (0..power).fold(1, |value, _| value * 3 % PRIME);
            let value = words.iter().fold(0, |sum, &word| (sum * root + word) % PRIME);
            assert_eq!(value, 0, "root 3^{power}");
        }
    }
}
