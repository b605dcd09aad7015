//! A finding before it knows its line.

use crate::diagnostic::{Severity, Span};

pub(crate) const REFUSES_SECTION: &str = "refuses the file when the section is read";
/// How .NET begins when it cannot even start to read.
pub(crate) const INITIALIZE: &str = "Configuration system failed to initialize";
pub(crate) const REFUSES_FILE: &str =
    "refuses the whole file when the configuration system starts, whatever is asked for";
pub(crate) const REFUSES_BINDING: &str =
    "refuses when the binding is applied to an endpoint or opened";
pub(crate) const ACCEPTS: &str = "accepts it";

/// A finding before it knows its line.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) severity: Severity,
    pub(crate) code: &'static str,
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) wcf_text: Option<String>,
    pub(crate) wcf_behavior: &'static str,
    pub(crate) suggestion: Option<String>,
    pub(crate) fix: Option<String>,
}

impl Problem {
    pub(crate) fn error(code: &'static str, span: Span, message: impl Into<String>) -> Problem {
        Problem {
            severity: Severity::Error,
            code,
            span,
            message: message.into(),
            wcf_text: None,
            wcf_behavior: REFUSES_SECTION,
            suggestion: None,
            fix: None,
        }
    }

    pub(crate) fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Problem {
        Problem {
            severity: Severity::Warning,
            wcf_behavior: ACCEPTS,
            ..Problem::error(code, span, message)
        }
    }

    pub(crate) fn note(code: &'static str, span: Span, message: impl Into<String>) -> Problem {
        Problem { severity: Severity::Note, ..Problem::warning(code, span, message) }
    }

    pub(crate) fn wcf(mut self, text: impl Into<String>) -> Problem {
        let text = text.into();
        if text.starts_with(INITIALIZE) {
            self.wcf_behavior = REFUSES_FILE;
        }
        self.wcf_text = Some(text);
        self
    }

    pub(crate) fn at_open(mut self) -> Problem {
        self.wcf_behavior = "refuses when the service host or channel factory is opened";
        self
    }

    pub(crate) fn behavior(mut self, behavior: &'static str) -> Problem {
        self.wcf_behavior = behavior;
        self
    }

    /// The same where nobody can tell from the file whether WCF refuses.
    pub(crate) fn softened(mut self, behavior: &'static str) -> Problem {
        self.severity = Severity::Warning;
        self.behavior(behavior)
    }

    pub(crate) fn suggest(mut self, suggestion: Option<String>) -> Problem {
        self.suggestion = suggestion;
        self
    }

    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Problem {
        self.fix = Some(fix.into());
        self
    }
}
