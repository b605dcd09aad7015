//! Text of strangers on a terminal: what would move the cursor, colour it or turn it around is shown by its number.

use std::fmt::Write as _;
use std::io::{self, Write};

/// Whether a character does something to a terminal instead of being seen.
fn acts(c: char) -> bool {
    let is_break = matches!(c, '\n' | '\t');
    let turns = matches!(c, '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    c.is_control() && !is_break || turns
}

/// A text with `\u{9b}` in the place of what acts on a terminal.
pub(crate) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match acts(c) {
            true => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
            false => shown.push(c),
        }
    }
    shown
}

/// The same in one line.
pub(crate) fn line(text: &str) -> String {
    plain(&text.replace(['\n', '\t'], " "))
}

/// A word as a shell takes it: in quotes where it is more than letters.
pub(crate) fn shell(word: &str) -> String {
    let plain_word = |c: char| c.is_alphanumeric() || "-_./:?=%@+,".contains(c);
    match !word.is_empty() && word.chars().all(plain_word) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

/// Writes text as [`plain`] has it, but for our own colours (`ESC [ … m`).
pub(crate) struct Plain<W>(pub(crate) W);

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.write_all(octets)?;
        Ok(octets.len())
    }

    /// What is formatted comes in whole characters.
    fn write_all(&mut self, octets: &[u8]) -> io::Result<()> {
        let text = String::from_utf8_lossy(octets);
        if !text.chars().any(acts) {
            return self.0.write_all(octets);
        }
        let mut rest = &*text;
        while let Some(at) = rest.find("\u{1b}[") {
            let (before, colour) = rest.split_at(at);
            self.0.write_all(plain(before).as_bytes())?;
            let digits = colour[2..].bytes().take_while(u8::is_ascii_digit).count();
            let length =
                if colour.as_bytes().get(2 + digits) == Some(&b'm') { 3 + digits } else { 1 };
            match length {
                1 => self.0.write_all(b"\\u{1b}")?,
                _ => self.0.write_all(&colour.as_bytes()[..length])?,
            }
            rest = &colour[length..];
        }
        self.0.write_all(plain(rest).as_bytes())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_document_acts_on_the_terminal() {
        assert_eq!(plain("a\u{9b}31m\u{202e}b\r\nc"), "a\\u{9b}31m\\u{202e}b\\u{d}\nc");
        assert_eq!(line("a\ncan talk: yes"), "a can talk: yes");
        let mut out = Vec::new();
        let (title, clear) = ("\u{1b}]0;x\u{7}", "\u{1b}[2Jä");
        write!(Plain(&mut out), "\u{1b}[1mbold\u{1b}[0m {title} {clear}").expect("written");
        let out = String::from_utf8(out).expect("text");
        assert_eq!(out, "\u{1b}[1mbold\u{1b}[0m \\u{1b}]0;x\\u{7} \\u{1b}[2Jä");
    }

    #[test]
    fn words_for_a_shell_are_words() {
        assert_eq!(shell("Port_1"), "Port_1");
        assert_eq!(shell("P; rm -rf ~"), "'P; rm -rf ~'");
        assert_eq!(shell("a'b"), "'a'\\''b'");
    }
}
