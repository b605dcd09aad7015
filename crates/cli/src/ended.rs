//! How a command ends that looks into a store: what is printed of its error, and its exit code.

use std::process::ExitCode;

use crate::authority::Failure;
use crate::print::line;

/// All is well.
pub(crate) const DONE: u8 = 0;

/// Something cannot be read or written, or is somebody else's.
const FAILED: u8 = 2;

/// The exit code of what was done. An error is one line, whatever the names in it are made of.
pub(crate) fn ended(done: Result<u8, Failure>) -> ExitCode {
    match done {
        Ok(code) => ExitCode::from(code),
        // Whoever reads has read enough (`| head`).
        Err(error) if is_pipe_closed(&error) => ExitCode::from(DONE),
        Err(error) => {
            eprintln!("error: {}", line(&error.to_string()));
            ExitCode::from(FAILED)
        }
    }
}

fn is_pipe_closed(error: &Failure) -> bool {
    let error = error.downcast_ref::<std::io::Error>();
    error.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
