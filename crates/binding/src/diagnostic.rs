//! What is wrong with a file, in a form that a person can act on.

use std::fmt;

use crate::scope::Scope;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// WCF would refuse the file, now or when the endpoint is opened.
    Error,
    /// WCF would accept it, but it probably does not do what was meant.
    Warning,
    /// WCF would accept and use it; Waxwing ignores or cannot run it.
    Note,
}

impl Severity {
    /// Lower-case English name.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where in the text: byte offsets `start..end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The span `start..end`.
    pub const fn new(start: usize, end: usize) -> Span {
        Span { start, end }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Stable identifier to search for, for example `unknown-attribute`.
    pub code: &'static str,
    /// What it concerns: an error stops this, and what refers to it.
    pub scope: Scope,
    /// The file that it stands in, when that is one that the file names (`configSource`).
    pub file: Option<String>,
    /// Byte range of the offending token in the text as given.
    pub span: Span,
    /// Line of `span.start`, counted from 1.
    pub line: u32,
    /// Column of `span.start` in characters, counted from 1.
    pub column: u32,
    /// The source line, shortened around the place if it is long.
    pub excerpt: Excerpt,
    /// Place in the tree: `configuration/system.serviceModel/bindings/wsHttpBinding/binding[name]`.
    pub path: String,
    /// What is wrong, in plain words.
    pub message: String,
    /// What WCF says about it, for searching; `None` where WCF says nothing.
    pub wcf_text: Option<String>,
    /// What WCF does, and when: "refuses the file when the section is read"…
    pub wcf_behavior: &'static str,
    /// The nearest legal name or value.
    pub suggestion: Option<String>,
    /// How to mend it; may hold corrected text over several lines.
    pub fix: Option<String>,
}

/// A source line with a place marked in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// The line, tabs as blanks; `…` stands for what was cut off.
    pub text: String,
    /// Where the mark begins, in characters of `text`.
    pub start: usize,
    /// How long it is, in characters; at least 1.
    pub length: usize,
}

impl Excerpt {
    /// Longest excerpt, in characters: a terminal's width and some.
    const WIDTH: usize = 160;

    /// The mark is at the bytes `start..end` of `line`.
    fn new(line: &str, start: usize, end: usize) -> Excerpt {
        let from = boundary_before(line, start.saturating_sub(Excerpt::WIDTH / 4));
        let from = if line.len() <= Excerpt::WIDTH { 0 } else { from };
        let window = &line[from..];
        let text: String = window
            .chars()
            .take(Excerpt::WIDTH)
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let shown = text.chars().count();
        let head = if from > 0 { "…" } else { "" };
        let tail = if window.chars().nth(Excerpt::WIDTH).is_some() { "…" } else { "" };
        let count = |range: std::ops::Range<usize>| {
            line.get(range).map_or(0, |s| s.chars().take(Excerpt::WIDTH).count())
        };
        let before = count(from..start.max(from));
        let length = count(start..end.max(start)).min(shown.saturating_sub(before)).max(1);
        Excerpt {
            text: format!("{head}{text}{tail}"),
            start: before + usize::from(from > 0),
            length,
        }
    }
}

/// The last place at or before `at` where a character begins.
fn boundary_before(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
}

/// A finding with the name of its file, for printing.
#[derive(Debug, Clone, Copy)]
pub struct InFile<'a> {
    diagnostic: &'a Diagnostic,
    file: &'a str,
}

impl Diagnostic {
    /// The finding as text that names `file`.
    pub fn in_file<'a>(&'a self, file: &'a str) -> InFile<'a> {
        InFile { diagnostic: self, file }
    }
}

impl fmt::Display for Diagnostic {
    /// `line:column: severity[code]: message`, then the details on lines of their own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.in_file("").fmt(f)
    }
}

impl fmt::Display for InFile<'_> {
    /// `file:line:column: severity[code]: message`, the source line with the place marked, then
    /// the details on lines of their own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let InFile { file, diagnostic } = self;
        let file = diagnostic.file.as_deref().unwrap_or(file);
        let Diagnostic { line, column, severity, code, message, excerpt, .. } = diagnostic;
        if !file.is_empty() {
            write!(f, "{file}:")?;
        }
        write!(f, "{line}:{column}: {severity}[{code}]: {message}")?;
        if !excerpt.text.is_empty() {
            let (margin, blanks) = (" ".repeat(line.to_string().len()), " ".repeat(excerpt.start));
            write!(f, "\n  {line} | {}", excerpt.text)?;
            write!(f, "\n  {margin} | {blanks}{}", "^".repeat(excerpt.length))?;
        }
        if !diagnostic.path.is_empty() {
            write!(f, "\n  at: {}", diagnostic.path)?;
        }
        if let Some(suggestion) = &diagnostic.suggestion {
            write!(f, "\n  did you mean: {suggestion}")?;
        }
        if let Some(fix) = &diagnostic.fix {
            write!(f, "\n  fix: {}", fix.replace('\n', "\n       "))?;
        }
        write!(f, "\n  WCF: {}", diagnostic.wcf_behavior)?;
        if let Some(text) = &diagnostic.wcf_text {
            write!(f, "\n  WCF says: {}", text.replace('\n', "\n            "))?;
        }
        Ok(())
    }
}

/// Byte offset to line and column.
#[derive(Debug, Clone)]
pub(crate) struct LineMap {
    starts: Vec<usize>,
}

impl LineMap {
    pub(crate) fn new(text: &str) -> LineMap {
        let ends = text.bytes().enumerate().filter(|(_, b)| *b == b'\n');
        LineMap { starts: std::iter::once(0).chain(ends.map(|(i, _)| i + 1)).collect() }
    }

    /// Line of `offset`, counted from 1.
    pub(crate) fn line(&self, offset: usize) -> u32 {
        self.starts.partition_point(|start| *start <= offset).max(1) as u32
    }

    /// Line and column of `offset`, both counted from 1; the column counts characters.
    pub(crate) fn position(&self, text: &str, offset: usize) -> (u32, u32) {
        let offset = offset.min(text.len());
        let line = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.starts[line];
        let column = text.get(start..offset).map_or(offset - start, |s| s.chars().count());
        (line as u32 + 1, column as u32 + 1)
    }

    /// The line of `span.start` with the span marked; what lies on further lines is left out.
    pub(crate) fn excerpt(&self, text: &str, span: Span) -> Excerpt {
        let offset = span.start.min(text.len());
        let line = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.starts[line];
        let end = self.starts.get(line + 1).copied().unwrap_or(text.len());
        let whole = text.get(start..end).unwrap_or_default().trim_end_matches(['\r', '\n']);
        let clip = |at: usize| at.saturating_sub(start).min(whole.len());
        Excerpt::new(whole, clip(offset), clip(span.end))
    }
}
