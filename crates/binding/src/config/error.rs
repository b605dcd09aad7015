//! A file that has errors.

use std::fmt;

use crate::diagnostic::Diagnostic;

/// The file has errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigurationError {
    /// Name of the file as it was given; empty when none was.
    pub file: String,
    /// The errors; warnings and notes are left out.
    pub diagnostics: Vec<Diagnostic>,
}

impl ConfigurationError {
    pub(super) fn of(file: &str, errors: Vec<&Diagnostic>) -> ConfigurationError {
        let diagnostics = errors.into_iter().cloned().collect();
        ConfigurationError { file: file.to_owned(), diagnostics }
    }
}

impl std::error::Error for ConfigurationError {}

impl fmt::Display for ConfigurationError {
    /// A line of summary, then each error with its source line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = if self.file.is_empty() { "the configuration" } else { &self.file };
        let plural = if self.diagnostics.len() == 1 { "" } else { "s" };
        write!(f, "{file} has {} error{plural}", self.diagnostics.len())?;
        self.diagnostics.iter().try_for_each(|d| write!(f, "\n\n{}", d.in_file(&self.file)))
    }
}
