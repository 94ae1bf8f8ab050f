//! A picture of black and white dots, as a thermal head prints it.

/// Rows of dots; `true` is black.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bitmap {
    width: usize,
    rows: Vec<Vec<bool>>,
}

impl Bitmap {
    /// All white.
    pub fn new(width: usize, height: usize) -> Bitmap {
        Bitmap { width, rows: vec![vec![false; width]; height] }
    }

    /// Rows of one length.
    pub(crate) fn of(rows: Vec<Vec<bool>>) -> Bitmap {
        Bitmap { width: rows.first().map_or(0, Vec::len), rows }
    }

    pub fn width(&self) -> usize {
        self.width
    }

    pub fn height(&self) -> usize {
        self.rows.len()
    }

    pub fn rows(&self) -> &[Vec<bool>] {
        &self.rows
    }

    /// Blackens a dot; outside the picture there is none.
    pub(crate) fn ink(&mut self, x: usize, y: usize) {
        if let Some(dot) = self.rows.get_mut(y).and_then(|row| row.get_mut(x)) {
            *dot = true;
        }
    }

    /// Blackens a rectangle.
    pub(crate) fn fill(&mut self, x: usize, y: usize, width: usize, height: usize) {
        for row in y..y + height {
            for column in x..x + width {
                self.ink(column, row);
            }
        }
    }

    /// Blackens the picture's edges.
    pub(crate) fn frame(&mut self, line: usize) {
        let (width, height) = (self.width, self.rows.len());
        self.fill(0, 0, width, line);
        self.fill(0, height - line, width, line);
        self.fill(0, 0, line, height);
        self.fill(width - line, 0, line, height);
    }

    /// Eight dots a byte, the first one highest; each row begins a new byte.
    pub(crate) fn packed(&self) -> Vec<u8> {
        let byte = |dots: &[bool]| {
            dots.iter().enumerate().fold(0u8, |byte, (at, &dot)| byte | u8::from(dot) << (7 - at))
        };
        self.rows.iter().flat_map(|row| row.chunks(8).map(byte)).collect()
    }
}
