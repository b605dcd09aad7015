//! `waxwing certs`: certificate stores, files and a test authority.

mod convert;
mod find;
mod list;
mod make;
mod references;

use std::path::Path;
use std::process::ExitCode;

use waxwing::security::Zeroizing;

use crate::authority::Failure;
use crate::password::first_line;

/// What the exit code says, for `--help`.
const EXIT_CODES: &str = "\
Exit code:
  0  done; of find: exactly one certificate fits (each reference of the file); of list: all can be used
  1  of find: none fits, or several; of list: one has expired, or does within --expires-within
  2  a file cannot be read, used or written; of list: the others are listed
 64  wrong arguments";

/// What the command takes.
#[derive(clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Lists the certificates of stores, folders and files: whose, what for, until when, with a key or not
    List(list::Arguments),
    /// Makes a test authority, and certificates of a service and a client, laid out as stores
    Make(make::Arguments),
    /// Converts between PKCS#12 (.pfx, .p12) and PEM
    Convert(convert::Arguments),
    /// Shows what WCF would find by storeLocation, storeName, x509FindType and findValue
    Find(find::Arguments),
}

/// All is well.
const DONE: u8 = 0;
/// Something was found that is not as it should be.
const NOT_AS_IT_SHOULD_BE: u8 = 1;
/// A file cannot be read or written.
const FAILED: u8 = 2;

/// Does what is asked.
pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let done = match arguments.command {
        Command::List(arguments) => list::run(&arguments),
        Command::Make(arguments) => make::run(&arguments),
        Command::Convert(arguments) => convert::run(&arguments),
        Command::Find(arguments) => find::run(&arguments),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(FAILED)
        }
    }
}

/// The password in a file that an option names.
fn password_of(file: Option<&Path>) -> Result<Option<Zeroizing<String>>, Failure> {
    Ok(file.map(first_line).transpose()?)
}
