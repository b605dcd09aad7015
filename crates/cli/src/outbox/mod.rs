//! `waxwing outbox`: the calls of a client that are kept, for people.

mod change;
mod list;
mod show;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use waxwing::kept::OutboxLook;
use waxwing_store::{Kind, Queue};

use crate::authority::Failure;
use crate::ended::{DONE, ended};
use crate::print::line;
use crate::store::place::{Access, Look};

/// What the exit code says, for `--help`.
const EXIT_CODES: &str = "\
Exit code:
  0  done
  1  there is no such outbox or call, or its state does not allow it
  2  the store cannot be read or written, a key is missing, or (pause, resume, cancel, resolve) a program has it
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
    /// Lists the outboxes of a store, or the calls of one; also while its program runs
    List(list::Arguments),
    /// Shows a call: what is known of it, its message and its result; also while its program runs
    Show(show::Arguments),
    /// Sends nothing new from now on; while no program has the outbox
    Pause(change::Which),
    /// Goes on when its program opens it; while no program has the outbox
    Resume(change::Which),
    /// Takes a call back that has no number yet; while no program has the outbox
    Cancel(change::Call),
    /// Says what became of a call in doubt; while no program has the outbox
    Resolve(change::Resolve),
}

/// There is no such thing, or it is not so that it could be done.
const NOT_SO: u8 = 1;

/// Where an outbox is.
#[derive(clap::Args)]
struct Place {
    /// The file of the store, or the connection to its database (postgresql://user@host/database)
    #[arg(value_name = "STORE")]
    store: PathBuf,
    /// The name of the outbox
    #[arg(value_name = "OUTBOX")]
    outbox: String,
}

/// Does what is asked.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let done: Result<u8, Failure> = match &arguments.command {
        Command::List(arguments) => list::run(arguments),
        Command::Show(arguments) => show::run(arguments),
        Command::Pause(which) => change::pause(which),
        Command::Resume(which) => change::resume(which),
        Command::Cancel(call) => change::cancel(call),
        Command::Resolve(call) => change::resolve(call),
    };
    ended(done)
}

/// The outbox of a name as it is kept. None: the store has none.
fn look(look: &Look, name: &str) -> Result<Option<OutboxLook>, Failure> {
    let Some(record) = look.record(Kind::Outbox, &OutboxLook::group(name))? else {
        return Ok(None);
    };
    let notes = look.all_messages(&record.id, Queue::Results)?;
    let read = OutboxLook::read(&record, &notes);
    Ok(Some(read.map_err(|why| format!("the outbox '{name}' cannot be read: {why}"))?))
}

/// The names of all outboxes in a store.
fn names(look: &Look) -> Result<Vec<String>, Failure> {
    let infos = look.infos(Kind::Outbox, None)?;
    let name = |group: &waxwing_store::Group| {
        OutboxLook::name_of(group).unwrap_or(group.as_str()).to_owned()
    };
    Ok(infos.iter().map(|info| name(&info.id.group)).collect())
}

/// Tells that there is no such outbox, and which there are.
fn no_such_outbox(access: &Access, store: &Path, name: &str) -> Result<u8, Failure> {
    let names = names(&access.look(store, false)?)?;
    let known = match names.is_empty() {
        true => "it has none".to_owned(),
        false => format!("it has {}", names.join(", ")),
    };
    let text = format!("the store has no outbox '{name}': {known}");
    eprintln!("error: {}", line(&text));
    Ok(NOT_SO)
}
