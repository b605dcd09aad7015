//! Why a configuration file takes nothing in.

/// A configuration file that cannot be merged into.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// The file is not XML.
    #[error("line {line}, column {column}: {message}")]
    Xml {
        /// What is wrong.
        message: String,
        /// The line, from 1.
        line: u32,
        /// The column, from 1.
        column: u32,
    },
    /// The file is no configuration file.
    #[error(
        "line {line}: the document element is <{found}>, not <configuration>: this is no configuration file"
    )]
    Root {
        /// The element that is there.
        found: String,
        /// The line, from 1.
        line: u32,
    },
    /// A section that stands in a file of its own.
    #[error(
        "line {line}: the section <{section}> is in the file \"{file}\" (configSource): put what is new there by hand, or take \
         the section back into this file"
    )]
    Elsewhere {
        /// The section.
        section: String,
        /// The file that `configSource` names.
        file: String,
        /// The line, from 1.
        line: u32,
    },
}
