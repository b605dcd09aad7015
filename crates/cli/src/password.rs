//! Passwords in files: on the command line others could read them.

use std::path::Path;

use waxwing::security::Zeroizing;

/// The first line of a file.
///
/// # Errors
/// It cannot be read, or is no text in UTF-8: what to tell.
pub(crate) fn first_line(file: &Path) -> Result<Zeroizing<String>, String> {
    let text = std::fs::read_to_string(file).map(Zeroizing::new);
    let text = text.map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}
