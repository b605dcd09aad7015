//! What is said about documents.

use crate::location::At;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing is lost.
    Note,
    /// Something is ignored or guessed.
    Warning,
    /// What is concerned cannot be used.
    Error,
}

/// One thing that was found in a document, told once with its cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// A stable code for programs, in kebab case: `missing-import`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, for people.
    pub message: String,
    /// Where, if a document has caused it.
    pub at: Option<At>,
    /// What to do.
    pub help: Option<String>,
}

impl Finding {
    /// A finding without place and help.
    pub fn new(code: &'static str, severity: Severity, message: impl Into<String>) -> Self {
        Self { code, severity, message: message.into(), at: None, help: None }
    }

    /// With the place that caused it.
    #[must_use]
    pub fn at(mut self, at: At) -> Self {
        self.at = Some(at);
        self
    }

    /// With what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
