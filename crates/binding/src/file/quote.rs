//! Pieces of the file in messages: never too long.

/// Longest piece of the file that is quoted in a message.
const MAX_QUOTE: usize = 200;

/// Longest text of a finding, in bytes; names in it may come from a hostile file.
const MAX_TEXT: usize = 4096;

/// The start of a whole text of a finding.
pub(crate) fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        let end = (0..=MAX_TEXT).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

/// The start of a text from the file, for quoting.
pub(crate) fn quote(text: &str) -> String {
    if text.len() <= 4 * MAX_QUOTE {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(MAX_QUOTE).collect();
    short.push('…');
    short
}
