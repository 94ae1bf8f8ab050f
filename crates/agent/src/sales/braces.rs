//! Where a JSON value ends, found byte by byte: braces, brackets and strings, nothing else.

/// How far a value has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It goes on.
    Open,
    /// It ended before this byte of what was fed last.
    At(usize),
    /// It can't end any more: a string runs over the line.
    Broken,
}

/// Depth and string of a value that has been read up to here.
#[derive(Debug, Clone, Default)]
pub struct Braces {
    depth: usize,
    text: bool,
    escaped: bool,
}

impl Braces {
    /// Reads on. Blanks before the value are skipped.
    pub fn feed(&mut self, bytes: &[u8]) -> End {
        for (i, byte) in bytes.iter().enumerate() {
            if self.text {
                match byte {
                    // A string of JSON has no line feed in it.
                    b'\n' => return End::Broken,
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.text = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.text = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth <= 1 => return End::At(i + 1),
                b'}' | b']' => self.depth -= 1,
                _ => {}
            }
        }
        End::Open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_ends_with_its_last_brace() {
        for (text, end) in [
            (r#"{"a":{"b":[1,2]}} {"#, End::At(17)),
            (r#"{"a":"}\"}"}"#, End::At(12)),
            (r#"  {"a":1"#, End::Open),
            ("{\"a\":\"sin cierre\n", End::Broken),
        ] {
            assert_eq!(Braces::default().feed(text.as_bytes()), end, "{text}");
        }
    }
}
