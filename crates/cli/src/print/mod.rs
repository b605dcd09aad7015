//! What the commands print with: colours, wrapped text, rows of labels and texts.

mod plain;

use std::io::{self, IsTerminal as _, Write};

pub(crate) use plain::{Plain, line, plain, shell};

/// The output of a command: for people nothing acts on the terminal of what strangers and programs have named; JSON as it is.
pub(crate) fn tame(is_json: bool) -> Box<dyn Write> {
    let out = io::BufWriter::new(io::stdout().lock());
    if is_json { Box::new(out) } else { Box::new(Plain(out)) }
}

/// Columns of text for people, where it is not said otherwise.
pub(crate) const WIDTH: usize = 100;

/// When the output is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Colors {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Colors {
    /// Whether what goes to the standard output is coloured.
    pub(crate) fn on_stdout(self) -> bool {
        match self {
            Colors::Auto => io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
            Colors::Always => true,
            Colors::Never => false,
        }
    }
}

/// The escape sequences of a style, or nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    /// Titles.
    pub(crate) bold: &'static str,
    /// Labels.
    pub(crate) dim: &'static str,
    /// What is good.
    pub(crate) good: &'static str,
    /// What is not.
    pub(crate) bad: &'static str,
    /// Back to plain text.
    pub(crate) plain: &'static str,
}

impl Paint {
    /// With or without colours.
    pub(crate) fn new(colors: bool) -> Paint {
        match colors {
            true => Paint {
                bold: "\x1b[1m",
                dim: "\x1b[36m",
                good: "\x1b[32m",
                bad: "\x1b[31m",
                plain: "\x1b[0m",
            },
            false => Paint { bold: "", dim: "", good: "", bad: "", plain: "" },
        }
    }
}

/// Breaks a text at blanks into lines of at most `width` characters; a longer word stays whole.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Rows of a label and a text that is wrapped beside it: `  address     http://…`.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    rows: Vec<(String, String)>,
}

impl Rows {
    /// Adds a row; an empty label goes on under the last one.
    pub(crate) fn add(&mut self, label: &str, text: impl Into<String>) {
        self.rows.push((label.to_owned(), line(&text.into())));
    }

    /// Writes the rows, indented by `indent` columns.
    pub(crate) fn write(&self, out: &mut dyn Write, paint: Paint, indent: usize) -> io::Result<()> {
        let widest = self.rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
        let room = WIDTH.saturating_sub(indent + widest + 2).max(20);
        for (label, text) in &self.rows {
            for (i, line) in wrap(text, room).iter().enumerate() {
                let label = if i == 0 { label.as_str() } else { "" };
                let Paint { dim, plain, .. } = paint;
                writeln!(out, "{:indent$}{dim}{label:widest$}{plain}  {line}", "")?;
            }
        }
        Ok(())
    }
}

/// Tells an error of writing; a reader that has read enough (`waxwing … | head`) is none.
pub(crate) fn written(command: &str, result: io::Result<()>) -> bool {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("waxwing {command}: cannot write: {error}");
            false
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_wrap_beside_their_labels() {
        let mut rows = Rows::default();
        rows.add("address", "http://example.org/");
        rows.add("why", "word ".repeat(30).trim());
        let mut out = Vec::new();
        rows.write(&mut out, Paint::new(false), 2).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "  address  http://example.org/");
        assert!(lines[1].starts_with("  why      word word"), "{text}");
        assert!(lines[2].starts_with("           word"), "{text}");
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH));
    }
}
