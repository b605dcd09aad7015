//! `waxwing store dead-letters`: what was given up, or is in doubt.

use std::path::{Path, PathBuf};

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Value, json};
use waxwing::jiff::Timestamp;
use waxwing_store::{Claim, Group, Kind, Outcome, Queue, RecordId, Step, Unit};

use super::place::{Access, Look, Open};
use super::{DONE, NOT_AS_IT_SHOULD_BE, open, words};
use crate::authority::Failure;
use crate::print::{line, plain};

/// Columns of the table.
const WIDTH: u16 = 140;
/// What the names of a service's letters begin with; session/number follows.
const LETTER: &str = "urn:waxwing:dead-letter:";
/// The most of one list.
const PAGE: usize = 1000;

/// What the command takes.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Lists them: what services have given up, and calls in doubt of outboxes
    List {
        /// The file of the store, or the connection to its database (postgresql://user@host/database)
        #[arg(value_name = "STORE")]
        store: PathBuf,
        #[command(flatten)]
        access: Access,
        /// Print JSON for machines
        #[arg(long)]
        json: bool,
    },
    /// Shows one, with its message
    Show {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        access: Access,
    },
    /// Removes one of a service for good; of a file while no process has it
    Remove {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        access: Access,
    },
}

/// Which one.
#[derive(clap::Args)]
struct Which {
    /// The file of the store, or the connection to its database
    #[arg(value_name = "STORE")]
    store: PathBuf,
    /// Its name, as list says; of a service's also SESSION/NUMBER or SESSION NUMBER, as the log says
    #[arg(value_name = "NAME")]
    name: String,
    /// Its number: in an outbox, or in a session
    #[arg(value_name = "NUMBER")]
    number: Option<u64>,
}

/// One that was found.
struct Letter {
    id: RecordId,
    number: Option<u64>,
    octets: u64,
    expires_at: Timestamp,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    match &arguments.command {
        Command::List { store, access, json } => list(store, access, *json),
        Command::Show { which, access } => show(which, access),
        Command::Remove { which, access } => remove(which, access),
    }
}

fn letters(look: &Look) -> Result<Vec<Letter>, Failure> {
    let mut letters = Vec::new();
    for info in look.infos(Kind::DeadLetter, None)? {
        let (id, octets, expires_at) = (info.id, info.octets, info.expires_at);
        letters.push(Letter { id, number: None, octets, expires_at });
    }
    for info in look.infos(Kind::Outbox, None)? {
        for (number, octets) in look.numbers(&info.id, Queue::DeadLetters)? {
            let (id, expires_at) = (info.id.clone(), info.expires_at);
            letters.push(Letter { id, number: Some(number), octets, expires_at });
        }
    }
    Ok(letters)
}

/// When a letter of a service was made. It takes the keys to tell; nothing without them.
fn made(look: Option<&Look>, letter: &Letter) -> Result<String, Failure> {
    let Some(look) = look.filter(|_| letter.number.is_none()) else { return Ok(String::new()) };
    let kept = look.record(letter.id.kind, &letter.id.group)?;
    let facts = kept.as_ref().map(open::facts_of);
    let at = facts.unwrap_or_default().into_iter().find(|(label, _)| *label == "given up");
    Ok(at.map(|(_, text)| text).unwrap_or_default())
}

fn list(store: &Path, access: &Access, as_json: bool) -> Result<u8, Failure> {
    let now = Timestamp::now();
    let letters = letters(&access.look(store, false)?)?;
    let opened = access.look_with_keys_if_any(store);
    if as_json {
        let letter = |letter: &Letter| {
            json!({
                "name": letter.id.group.as_str(),
                "number": letter.number,
                "of": words::kind(letter.id.kind),
                "octets": letter.octets,
                "expires": letter.expires_at.to_string(),
            })
        };
        let all: Vec<Value> = letters.iter().map(letter).collect();
        println!("{:#}", json!({ "deadLetters": all }));
        return Ok(DONE);
    }
    if letters.is_empty() {
        println!("no dead letters");
        return Ok(DONE);
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    table.set_header(["name", "number", "of", "size", "given up", "expires"]);
    for letter in &letters {
        table.add_row([
            line(letter.id.group.as_str()),
            letter.number.map(|number| number.to_string()).unwrap_or_default(),
            if letter.number.is_some() { "an outbox" } else { "a service" }.to_owned(),
            words::octets(letter.octets),
            made(opened.as_ref(), letter)?,
            words::until(letter.expires_at, now),
        ]);
    }
    println!("{}", plain(&table.to_string()));
    Ok(DONE)
}

fn nothing(which: &Which) -> u8 {
    let number = which.number.map(|number| format!(" {number}")).unwrap_or_default();
    eprintln!("error: there is no dead letter {}{number}", line(&which.name));
    NOT_AS_IT_SHOULD_BE
}

/// What is meant, and the number in it, of an outbox. A letter of a service is found by its name and by session/number, as the
/// log has it; an outbox by the name that its program gave it.
fn resolve(look: &Look, which: &Which) -> Result<Option<(RecordId, Option<u64>)>, Failure> {
    let name = &which.name;
    let end = which.number.map(|number| format!("/{number}")).unwrap_or_default();
    let letters = [format!("{LETTER}{name}{end}"), format!("{name}{end}")];
    let letters = letters.map(|name| (Kind::DeadLetter, Group::new(name), None));
    let outboxes = [open::outbox(name), Group::new(name.as_str())];
    let outboxes = outboxes.map(|group| (Kind::Outbox, group, which.number));
    let outboxes = outboxes.into_iter().filter(|(_, _, number)| number.is_some());
    for (kind, group, number) in letters.into_iter().chain(outboxes) {
        if let Some(info) = look.infos(kind, Some(&group))?.into_iter().next() {
            return Ok(Some((info.id, number)));
        }
    }
    Ok(None)
}

fn show(which: &Which, access: &Access) -> Result<u8, Failure> {
    let look = access.look(&which.store, true)?;
    let Some((id, number)) = resolve(&look, which)? else { return Ok(nothing(which)) };
    let (after, limit) = number.map_or((0, PAGE), |number| (number.saturating_sub(1), 1));
    let messages = look.messages(&id, Queue::DeadLetters, after, limit)?;
    let messages: Vec<_> =
        messages.iter().filter(|m| number.is_none_or(|n| n == m.number)).collect();
    if messages.is_empty() {
        return Ok(nothing(which));
    }
    let letter = match id.kind {
        Kind::DeadLetter => look.record(id.kind, &id.group)?,
        _ => None,
    };
    let of_letter = letter.as_ref().map(open::facts_of).unwrap_or_default();
    of_letter.iter().for_each(|(label, text)| println!("{label:<9} {}", line(text)));
    for message in messages {
        let (facts, text) = open::message(id.kind, message);
        // The letter says most of it already.
        let more = facts.iter().filter(|fact| !of_letter.contains(*fact));
        more.for_each(|(label, text)| println!("{label:<9} {}", line(text)));
        println!("{}", plain(&text));
    }
    Ok(DONE)
}

fn remove(which: &Which, access: &Access) -> Result<u8, Failure> {
    let found = resolve(&access.look(&which.store, false)?, which)?;
    let Some((id, number)) = found else { return Ok(nothing(which)) };
    if let Some(number) = number {
        let name = line(which.name.trim_start_matches("outbox:"));
        eprintln!(
            "error: {number} of {name} is a call in doubt of an outbox, and nothing was removed: its program decides what became of it \
             (Outbox::resolve, or a Reconcile hook), or a person by 'waxwing outbox resolve'"
        );
        return Ok(NOT_AS_IT_SHOULD_BE);
    }
    let open = access.open(&which.store)?;
    let removed = open.runtime.block_on(taken_away(&open, &id));
    open.close();
    match removed? {
        true => println!("removed"),
        false => return Ok(nothing(which)),
    }
    Ok(DONE)
}

/// Removes a letter of a service; whether it was there.
async fn taken_away(open: &Open, id: &RecordId) -> Result<bool, Failure> {
    let epoch = match open.store.claim(&id.group).await? {
        Claim::Mine(epoch, _) => epoch,
        Claim::Unknown => return Ok(false),
        Claim::Others(node) => {
            let text = format!(
                "a process has this dead letter ({}), and nothing was removed: it deals with it at the moment, or an older version has \
                 put it there. Do it there (ServiceHost::settle_dead_letter), or end it first",
                node.0
            );
            return Err(text.into());
        }
    };
    let (names, messages) = (Vec::new(), Vec::new());
    let unit =
        Unit { record: id.clone(), epoch, step: Step::Remove, expires_at: None, names, messages };
    match open.store.commit(unit).await {
        Outcome::Done => Ok(true),
        Outcome::Refused(error) | Outcome::Unknown(error) => Err(error.into()),
        _ => {
            Err("somebody else deals with this dead letter at the moment; nothing was removed"
                .into())
        }
    }
}
