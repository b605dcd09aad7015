//! `waxwing store export`: everything as lines of JSON.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use super::keys::Keys;
use super::{DONE, open, words};
use crate::authority::Failure;
use waxwing_store::sqlite::admin::SqliteFile;

/// What the command takes.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The file of the store
    #[arg(value_name = "STORE")]
    store: PathBuf,
    /// Write to this file (readable by its owner only) and not to the standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write the values opened, with the keys of sessions and every message; it needs the keys of the store
    #[arg(long)]
    opened_with_keys_and_messages: bool,
    #[command(flatten)]
    keys: Keys,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let opened = arguments.opened_with_keys_and_messages;
    let file = match opened {
        true => open::with_keys(&arguments.store, &arguments.keys)?,
        false => SqliteFile::open(&arguments.store)?,
    };
    let mut out: Box<dyn Write> = match &arguments.output {
        None => Box::new(BufWriter::new(io::stdout().lock())),
        Some(path) => {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let file = options.open(path);
            let file =
                file.map_err(|error| format!("{} cannot be made: {error}", path.display()))?;
            Box::new(BufWriter::new(file))
        }
    };
    let mut out = Remembering { out: &mut *out, failed: None };
    let lines = match (file.export(opened, &mut out), out.failed) {
        (Ok(lines), _) => lines,
        (Err(_), Some(kind @ io::ErrorKind::BrokenPipe)) => {
            return Err(io::Error::from(kind).into());
        }
        (Err(error), _) => return Err(error.into()),
    };
    out.out.flush()?;
    if arguments.output.is_some() {
        println!("{}", words::count(lines, "line"));
    }
    Ok(DONE)
}

/// Knows why nothing could be written.
struct Remembering<'a> {
    out: &'a mut dyn Write,
    failed: Option<io::ErrorKind>,
}

impl Write for Remembering<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.out.write(octets).inspect_err(|error| self.failed = Some(error.kind()))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
