//! A second look of `rustfmt`, where it is installed: as the project formats its own code.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// The text as `rustfmt` writes it with the settings of `folder`; as it is without `rustfmt`.
pub fn formatted(text: &str, folder: &Path) -> String {
    run(text, folder).unwrap_or_else(|| text.to_owned())
}

fn run(text: &str, folder: &Path) -> Option<String> {
    let program = std::env::var_os("RUSTFMT").unwrap_or_else(|| "rustfmt".into());
    let mut child = Command::new(program)
        .args(["--edition", "2024", "--emit", "stdout"])
        .current_dir(existing(folder))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut input = child.stdin.take()?;
    let text = text.to_owned();
    // Written beside reading: neither side waits for the other.
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().ok()?;
    writer.join().ok()?.ok()?;
    let formatted = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !formatted.is_empty()).then_some(formatted)
}

/// The folder, or the nearest one around it that is there.
fn existing(folder: &Path) -> &Path {
    let folders = folder.ancestors().filter(|folder| !folder.as_os_str().is_empty());
    folders.into_iter().find(|folder| folder.is_dir()).unwrap_or_else(|| Path::new("."))
}
