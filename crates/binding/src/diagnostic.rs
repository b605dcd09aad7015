//! What is wrong with a file, in a form that a person can act on.

use std::fmt;

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
    /// Byte range of the offending token in the text as given.
    pub span: Span,
    /// Line of `span.start`, counted from 1.
    pub line: u32,
    /// Column of `span.start` in characters, counted from 1.
    pub column: u32,
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

impl fmt::Display for Diagnostic {
    /// `line:column: severity[code]: message`, then the details on lines of their own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Diagnostic { line, column, severity, code, message, .. } = self;
        write!(f, "{line}:{column}: {severity}[{code}]: {message}")?;
        if !self.path.is_empty() {
            write!(f, "\n  at: {}", self.path)?;
        }
        if let Some(suggestion) = &self.suggestion {
            write!(f, "\n  did you mean: {suggestion}")?;
        }
        if let Some(fix) = &self.fix {
            write!(f, "\n  fix: {}", fix.replace('\n', "\n       "))?;
        }
        write!(f, "\n  WCF: {}", self.wcf_behavior)?;
        if let Some(text) = &self.wcf_text {
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

    /// Line and column of `offset`, both counted from 1; the column counts characters.
    pub(crate) fn position(&self, text: &str, offset: usize) -> (u32, u32) {
        let offset = offset.min(text.len());
        let line = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.starts[line];
        let column = text.get(start..offset).map_or(offset - start, |s| s.chars().count());
        (line as u32 + 1, column as u32 + 1)
    }
}
