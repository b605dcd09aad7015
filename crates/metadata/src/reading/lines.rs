//! Lines and columns of many offsets of one text.

/// Characters are counted ahead at every so many bytes.
const STEP: usize = 256;

/// The line starts of a text, and how many characters it has at certain offsets: a position costs the same in a document of
/// one line.
pub(super) struct Lines {
    starts: Vec<u32>,
    /// How many characters begin before each multiple of [`STEP`].
    characters: Vec<u32>,
}

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let newlines = text.bytes().enumerate().filter(|(_, b)| *b == b'\n');
        let starts = std::iter::once(0).chain(newlines.map(|(i, _)| i as u32 + 1)).collect();
        let mut characters = Vec::with_capacity(text.len() / STEP + 1);
        let mut before = 0;
        for chunk in text.as_bytes().chunks(STEP) {
            characters.push(before);
            before += begun(chunk);
        }
        characters.push(before);
        Self { starts, characters }
    }

    /// Line and column of an offset, both from 1.
    pub(super) fn position(&self, text: &str, offset: usize) -> (u32, u32) {
        let offset = offset.min(text.len());
        let line = self.starts.partition_point(|start| *start as usize <= offset);
        let start = self.starts[line - 1] as usize;
        let column = self.before(text, offset) - self.before(text, start);
        (line as u32, column + 1)
    }

    fn before(&self, text: &str, offset: usize) -> u32 {
        let step = offset / STEP;
        self.characters[step] + begun(&text.as_bytes()[step * STEP..offset])
    }
}

/// How many characters begin in a piece of UTF-8.
fn begun(bytes: &[u8]) -> u32 {
    bytes.iter().filter(|b| **b & 0xC0 != 0x80).count() as u32
}

#[cfg(test)]
mod tests {
    use waxwing_xml::Position;

    use super::*;

    #[test]
    fn positions_are_those_of_counting() {
        let text = format!("a\nbö€\r\n\n{}😀{}\nend", "ä".repeat(300), "x".repeat(600));
        let lines = Lines::of(&text);
        for (offset, _) in text.char_indices().chain([(text.len(), ' ')]) {
            let Position { line, column } = Position::of(&text, offset);
            assert_eq!(lines.position(&text, offset), (line, column), "at {offset}");
        }
        assert_eq!(Lines::of("").position("", 0), (1, 1));
    }
}
