//! `waxwing store inspect`: what is in a store.

use std::io::{self, Write};
use std::path::PathBuf;

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Value, json};
use waxwing::jiff::Timestamp;
use waxwing::store::Facts;
use waxwing_store::sqlite::admin::{Overview, QueueInfo, RecordInfo, SqliteFile};
use waxwing_store::{Group, Kind, Queue, RecordId, StoredMessage};

use super::keys::Keys;
use super::{DONE, NOT_AS_IT_SHOULD_BE, open, words};
use crate::authority::Failure;
use crate::print::line;

/// Columns of the table.
const WIDTH: u16 = 140;
/// Messages that are read at once.
const PAGE: usize = 100;

/// What the command takes.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The file of the store
    #[arg(value_name = "STORE")]
    store: PathBuf,
    /// Show this one: the identifier of a security context or sequence, or the name of an outbox
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// List the records, too
    #[arg(long)]
    records: bool,
    /// List records of this kind only
    #[arg(long, value_name = "KIND", requires = "records")]
    kind: Option<words::KindWord>,
    /// List at most so many records
    #[arg(long, value_name = "COUNT", default_value_t = 100, requires = "records")]
    limit: usize,
    /// Show the messages, too: it needs NAME and the keys
    #[arg(long, requires = "name")]
    show_messages: bool,
    #[command(flatten)]
    keys: Keys,
    /// Print JSON for machines
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let now = Timestamp::now();
    let file = SqliteFile::open(&arguments.store)?;
    let mut out = crate::print::tame(arguments.json);
    if let Some(name) = &arguments.name {
        let records = found(&file, name)?;
        if records.is_empty() {
            eprintln!("error: there is nothing in the store by the name {}", line(name));
            return Ok(NOT_AS_IT_SHOULD_BE);
        }
        one(&records, arguments, now, &mut out)?;
    } else {
        let overview = file.overview(now)?;
        let kind = arguments.kind.map(Into::into);
        let records = match arguments.records {
            true => file.records(kind, None, None, arguments.limit)?,
            false => Vec::new(),
        };
        if arguments.json {
            let mut value = overview_json(&overview);
            if arguments.records {
                value["records"] = records.iter().map(record_json).collect();
            }
            serde_json::to_writer_pretty(&mut out, &value)?;
            writeln!(out)?;
        } else {
            print_overview(&overview, taken(arguments)?, &mut out)?;
            if arguments.records && records.is_empty() {
                writeln!(out, "\nno such records")?;
            } else if arguments.records {
                writeln!(out, "\n{}", table(&records, now))?;
            }
        }
    }
    out.flush()?;
    Ok(DONE)
}

/// The records of a group, by its identifier or one of its other names.
fn found(file: &SqliteFile, name: &str) -> Result<Vec<RecordInfo>, Failure> {
    for group in [Group::new(name), open::outbox(name)] {
        let records = file.records(None, Some(&group), None, usize::MAX)?;
        if !records.is_empty() {
            return Ok(records);
        }
    }
    match file.find(name)? {
        Some(group) => Ok(file.records(None, Some(&group), None, usize::MAX)?),
        None => Ok(Vec::new()),
    }
}

fn overview_json(overview: &Overview) -> Value {
    let (used, file, log) = overview.octets;
    json!({
        "path": overview.path.display().to_string(),
        "owner": overview.owner,
        "tableVersion": overview.version,
        "opened": overview.incarnation,
        "sealed": !overview.keys.is_empty(),
        "keys": overview.keys.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "octets": { "used": used, "file": file, "log": log },
        "groups": { "all": overview.groups.0, "ofLastProcess": overview.groups.1, "unfinished": overview.unfinished },
        "kinds": overview.kinds.iter().map(|kind| json!({
            "kind": words::kind(kind.kind), "records": kind.records, "octets": kind.octets, "expired": kind.expired,
        })).collect::<Vec<_>>(),
        "queues": overview.queues.iter().map(queue_json).collect::<Vec<_>>(),
    })
}

fn queue_json(queue: &QueueInfo) -> Value {
    json!({ "queue": words::queue(queue.queue), "messages": queue.messages, "octets": queue.octets })
}

/// How many of the results are keys of results that were taken. It takes the keys to tell; none without them.
fn taken(arguments: &Arguments) -> Result<Option<u64>, Failure> {
    let Ok(file) = open::with_keys(&arguments.store, &arguments.keys) else { return Ok(None) };
    let mut taken = 0;
    for record in file.records(Some(Kind::Outbox), None, None, usize::MAX)? {
        let mut after = 0;
        loop {
            let page = file.messages(&record.id, Queue::Results, after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = last.number;
            taken += page
                .iter()
                .filter(|message| is_taken(&open::message(Kind::Outbox, message).0))
                .count() as u64;
        }
    }
    Ok(Some(taken))
}

fn is_taken(facts: &Facts) -> bool {
    facts.iter().any(|(label, text)| *label == "state" && text.starts_with("taken"))
}

fn print_overview(overview: &Overview, taken: Option<u64>, out: &mut dyn Write) -> io::Result<()> {
    let (used, file, log) = overview.octets;
    writeln!(out, "{}", overview.path.display())?;
    let owner = overview.owner.as_deref();
    writeln!(out, "  in use by   {}", owner.unwrap_or("no process"))?;
    writeln!(
        out,
        "  size        {} used; the file has {}, its log {}",
        words::octets(used),
        words::octets(file),
        words::octets(log)
    )?;
    let keys: Vec<_> = overview.keys.iter().map(ToString::to_string).collect();
    match keys.is_empty() {
        true => writeln!(out, "  sealed      no: keys and messages can be read")?,
        false => writeln!(out, "  sealed      under the key {}", keys.join(" and the key "))?,
    }
    let (all, last) = overview.groups;
    writeln!(
        out,
        "  groups      {all}, of which {last} are those of the last process, and {} have messages that wait to be executed",
        overview.unfinished
    )?;
    for kind in &overview.kinds {
        let expired = match kind.expired {
            0 => String::new(),
            expired => format!(", {expired} may be forgotten"),
        };
        let (records, name) = (kind.records, words::kinds(kind.kind));
        writeln!(out, "  {records:>10}  {name} ({}{expired})", words::octets(kind.octets))?;
    }
    for queue in &overview.queues {
        let size = words::octets(queue.octets);
        if let Some(taken) = taken.filter(|_| queue.queue == Queue::Results) {
            let left = queue.messages.saturating_sub(taken);
            writeln!(out, "  {left:>10}  results that were not taken ({size} with the next)")?;
            writeln!(out, "  {taken:>10}  keys of results that were taken")?;
            continue;
        }
        let (messages, name) = (queue.messages, words::queues(queue.queue));
        writeln!(out, "  {messages:>10}  messages: {name} ({size})")?;
    }
    Ok(())
}

fn queues_text(queues: &[QueueInfo]) -> String {
    let texts = queues.iter().map(|q| format!("{} {}", q.messages, words::queue(q.queue)));
    texts.collect::<Vec<_>>().join("\n")
}

fn table(records: &[RecordInfo], now: Timestamp) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    table.set_header(["kind", "name", "owner", "written", "size", "messages", "forgotten"]);
    for record in records {
        table.add_row([
            words::kind(record.id.kind).to_owned(),
            name_of(&record.id),
            words::owner(record.owner).to_owned(),
            format!("{} times", record.version.0),
            words::octets(record.octets),
            queues_text(&record.queues),
            words::until(record.expires_at, now),
        ]);
    }
    table
}

fn name_of(id: &RecordId) -> String {
    match id.name.as_str() {
        "" => id.group.to_string(),
        name => format!("{}\n{name}", id.group),
    }
}

fn record_json(record: &RecordInfo) -> Value {
    json!({
        "group": record.id.group.as_str(),
        "kind": words::kind(record.id.kind),
        "name": record.id.name.as_str(),
        "owner": words::owner(record.owner),
        "epoch": record.epoch.0,
        "version": record.version.0,
        "expires": record.expires_at.to_string(),
        "octets": record.octets,
        "key": record.key.map(|key| key.to_string()),
        "names": record.names.iter().map(|name| name.as_str()).collect::<Vec<_>>(),
        "queues": record.queues.iter().map(queue_json).collect::<Vec<_>>(),
    })
}

/// One group, with what is known of its records; with their messages, if that is asked for.
fn one(
    records: &[RecordInfo],
    arguments: &Arguments,
    now: Timestamp,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let file = match open::with_keys(&arguments.store, &arguments.keys) {
        Ok(file) => Some(file),
        Err(error) if arguments.show_messages => return Err(error),
        Err(error) => {
            eprintln!("note: what the states say is not shown: {error}");
            None
        }
    };
    let opened = match (&file, records.first()) {
        (Some(file), Some(record)) => file.group(&record.id.group)?,
        _ => Vec::new(),
    };
    let facts = |record: &RecordInfo| {
        let found = opened.iter().find(|opened| opened.id == record.id);
        found.map(open::facts_of).unwrap_or_default()
    };
    let shown = file.as_ref().filter(|_| arguments.show_messages);
    let mut values = Vec::new();
    for record in records {
        if arguments.json {
            let mut value = record_json(record);
            value["state"] = facts_json(&facts(record));
            if let Some(file) = shown {
                value["messages"] = messages_json(file, record)?;
            }
            values.push(value);
            continue;
        }
        print_one(record, now, out)?;
        print_facts(&facts(record), out)?;
        let Some(file) = shown else { continue };
        each_message(file, record, &mut |message| {
            let (facts, text) = open::message(record.id.kind, message);
            writeln!(out, "\n{} {}", words::queue(message.queue), message.number)?;
            print_facts(&facts, out)?;
            writeln!(out, "{text}")?;
            Ok(())
        })?;
    }
    if arguments.json {
        serde_json::to_writer_pretty(&mut *out, &json!({ "records": values }))?;
        writeln!(out)?;
    }
    Ok(())
}

/// Labels may come more than once.
fn facts_json(facts: &Facts) -> Value {
    facts.iter().map(|(label, text)| json!({ "label": label, "text": text })).collect()
}

fn print_facts(facts: &Facts, out: &mut dyn Write) -> io::Result<()> {
    facts.iter().try_for_each(|(label, text)| writeln!(out, "  {label:<11} {}", line(text)))
}

fn print_one(record: &RecordInfo, now: Timestamp, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{} {}", words::kind(record.id.kind), record.id.group)?;
    if !record.id.name.as_str().is_empty() {
        writeln!(out, "  name        {}", record.id.name)?;
    }
    for name in &record.names {
        writeln!(out, "  found by    {name}")?;
    }
    writeln!(out, "  owner       {} (epoch {})", words::owner(record.owner), record.epoch.0)?;
    writeln!(out, "  written     {} times", record.version.0)?;
    writeln!(out, "  forgotten   {}", words::until(record.expires_at, now))?;
    writeln!(out, "  state       {}", words::octets(record.octets))?;
    for queue in &record.queues {
        let (messages, name) = (queue.messages, words::queues(queue.queue));
        writeln!(out, "  messages    {messages}: {name} ({})", words::octets(queue.octets))?;
    }
    Ok(())
}

/// What is done with a message.
type WithMessage<'a> = dyn FnMut(&StoredMessage) -> Result<(), Failure> + 'a;

fn each_message(
    file: &SqliteFile,
    record: &RecordInfo,
    with: &mut WithMessage<'_>,
) -> Result<(), Failure> {
    for queue in &record.queues {
        let mut after = 0;
        loop {
            let page = file.messages(&record.id, queue.queue, after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = last.number;
            page.iter().try_for_each(&mut *with)?;
        }
    }
    Ok(())
}

fn messages_json(file: &SqliteFile, record: &RecordInfo) -> Result<Value, Failure> {
    let mut messages = Vec::new();
    each_message(file, record, &mut |message| {
        let (facts, text) = open::message(record.id.kind, message);
        messages.push(json!({
            "queue": words::queue(message.queue),
            "number": message.number,
            "name": message.name.as_ref().map(|name| name.as_str()),
            "facts": facts_json(&facts),
            "body": text,
        }));
        Ok(())
    })?;
    Ok(messages.into())
}
