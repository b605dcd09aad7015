//! Why nothing is written, and the exit code for it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use waxwing_build::config::MergeError;

use crate::peer::Problem;

/// Why nothing is written.
pub(super) enum Refusal {
    /// The source cannot be read.
    Source(Problem),
    /// No port can be talked to: each with its reason, and the documents that were not read.
    Nobody(Vec<(String, String)>, Vec<String>),
    /// Names that nothing has.
    Usage(String),
    /// A file of somebody else.
    Foreign(PathBuf),
    /// A file that cannot be read or written.
    File(PathBuf, io::Error),
    /// A configuration file that cannot take anything in.
    Merge(PathBuf, MergeError),
    /// A mistake of the generator.
    Generator(String),
}

impl Refusal {
    pub(super) fn code(&self) -> u8 {
        match self {
            Self::Nobody(..) => 1,
            Self::Usage(_) => 64,
            Self::Source(problem) => problem.code,
            _ => 2,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(problem) => f.write_str(&problem.text),
            Self::Usage(text) => f.write_str(text),
            Self::Nobody(ports, elsewhere) => {
                f.write_str("no port can be talked to:")?;
                for (port, reason) in ports {
                    write!(f, "\n  {port}: {reason}")?;
                }
                elsewhere.iter().try_for_each(|line| write!(f, "\n  {line}"))?;
                f.write_str(
                    "\n`waxwing inspect` tells more; --types-only writes the types nevertheless",
                )
            }
            Self::Foreign(path) => write!(
                f,
                "{} was not written by waxwing import: name another folder, or say --force",
                path.display()
            ),
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Merge(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Generator(error) => {
                write!(
                    f,
                    "the generated code cannot be read again: {error}. Please report the source"
                )
            }
        }
    }
}
