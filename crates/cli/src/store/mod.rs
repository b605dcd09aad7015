//! `waxwing store`: what is in a store, for people.

mod dead_letters;
mod export;
mod inspect;
mod keys;
pub(crate) mod open;
pub(crate) mod place;
mod verify;
pub(crate) mod words;
mod work;

use std::process::ExitCode;

use crate::authority::Failure;
use crate::ended::{DONE, ended};

/// What the exit code says, for `--help`.
const EXIT_CODES: &str = "\
Exit code:
  0  done; of verify: the file is whole, and everything in it opens
  1  of verify: something is wrong; of inspect, show and remove: there is no such group, record or dead letter;
     of remove: it is for its program to decide
  2  the store cannot be read or written, a key is missing, or (compact, rotate, remove) a process has it
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
    /// Says what is in a store: sessions, outboxes, whose they are, sizes; also while a service runs
    Inspect(inspect::Arguments),
    /// Looks a whole store through, and opens everything in it
    Verify(verify::Arguments),
    /// Gives the room back that is free in the file; while no process has it
    Compact(work::Compact),
    /// Writes everything as lines of JSON, sealed as it is kept or opened
    Export(export::Arguments),
    /// Seals everything anew under another key; while no process has it
    Rotate(work::Rotate),
    /// Lists, shows and removes what was given up
    DeadLetters(dead_letters::Arguments),
}

/// Something is not as it should be, or not there.
const NOT_AS_IT_SHOULD_BE: u8 = 1;

/// Does what is asked.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let done: Result<u8, Failure> = match &arguments.command {
        Command::Inspect(arguments) => inspect::run(arguments),
        Command::Verify(arguments) => verify::run(arguments),
        Command::Compact(arguments) => work::compact(arguments),
        Command::Export(arguments) => export::run(arguments),
        Command::Rotate(arguments) => work::rotate(arguments),
        Command::DeadLetters(arguments) => dead_letters::run(arguments),
    };
    ended(done)
}
