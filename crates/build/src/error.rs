//! What can go wrong in a build script.

use std::path::PathBuf;

use waxwing_metadata::Finding;

/// Code that could not be written.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// A file that cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// Documents that are broken, or that describe no port.
    #[error("{}{}", .message, told(.findings))]
    Metadata {
        /// What is missing.
        message: String,
        /// What was found in the documents.
        findings: Vec<Finding>,
    },
    /// No folder to write to: this is no build script.
    #[error("OUT_DIR is not set: this is for build scripts; elsewhere say `out_dir`")]
    NoOutDir,
    /// A mistake of the generator.
    #[error(
        "the generated code cannot be read again ({0}): please report the service's description"
    )]
    Generator(String),
}

/// `Debug` is the text: build scripts show errors so.
impl std::fmt::Debug for ImportError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

fn told(findings: &[Finding]) -> String {
    let lines = findings.iter().map(|finding| match &finding.at {
        Some(at) => format!("\n  {at}: {}", finding.message),
        None => format!("\n  {}", finding.message),
    });
    lines.collect()
}
