//! What the process does that is going to die: it writes sessions, and notes what it was told is durable.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use waxwing_store::sqlite::{OnFailedSync, SqliteOptions, SqliteStore};
use waxwing_store::{
    Claim, Epoch, Group, Kind, MessageChange, Name, NameChange, Outcome, Queue, RecordId, Step,
    Store, StoreError, StoredMessage, Unit, Version,
};

use crate::Dice;

const GROUPS: usize = 8;
const CHILD: &str = "WAXWING_CRASH_CHILD";

/// The files of a run.
pub(crate) struct Files {
    pub(crate) store: PathBuf,
    pub(crate) notes: PathBuf,
}

impl Files {
    pub(crate) fn of(folder: &Path) -> Self {
        Self { store: folder.join("store"), notes: folder.join("notes") }
    }
}

/// The process: this program, of which it runs the one test below. `units`: how many for each group; 0: until it is killed.
pub(crate) fn child(folder: &Path, units: usize) -> (PathBuf, Vec<(String, String)>) {
    let folder = folder.to_str().expect("a name of text").to_owned();
    let settings = vec![(CHILD.into(), folder), ("WAXWING_CRASH_UNITS".into(), units.to_string())];
    (std::env::current_exe().expect("this program"), settings)
}

pub(crate) const ARGUMENTS: [&str; 4] =
    ["--exact", "workload::the_process_that_dies", "--ignored", "--nocapture"];

/// The process as a command.
pub(crate) fn command(folder: &Path, units: usize) -> Command {
    let (program, settings) = child(folder, units);
    let mut command = Command::new(program);
    command.args(ARGUMENTS).envs(settings);
    command
}

pub(crate) fn options(store: &Path) -> SqliteOptions {
    // The log is short, so that it is written back all the time.
    SqliteOptions::new(store).log_octets(64 * 4120)
}

#[test]
#[ignore = "it is run by the other tests"]
fn the_process_that_dies() {
    let Some(folder) = std::env::var_os(CHILD) else { return };
    let is_set = |name: &str| std::env::var_os(name).is_some();
    let files = Files::of(Path::new(&folder));
    let mut options = options(&files.store);
    if is_set("WAXWING_CRASH_NORMAL") {
        options = options.lose_what_was_acknowledged_at_power_loss();
    }
    if is_set("WAXWING_CRASH_REFUSE") {
        options = options.on_failed_sync(OnFailedSync::RefuseEverything);
    }
    let units = crate::setting("WAXWING_CRASH_UNITS", 0);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let store = SqliteStore::open(&options).expect("it opens");
        let notes = OpenOptions::new().create(true).append(true).open(&files.notes);
        let notes = Arc::new(Mutex::new(notes.expect("a file for notes")));
        let tasks: Vec<_> = (0..GROUPS)
            .map(|number| tokio::spawn(session(store.clone(), number, units, notes.clone())))
            .collect();
        for task in tasks {
            task.await.expect("it works");
        }
        if is_set("WAXWING_CRASH_ABRUPT") {
            std::process::exit(0);
        }
        store.close().await;
    });
}

fn note(notes: &Mutex<File>, text: &str) {
    // One write, so that a trace has it in its place.
    notes.lock().unwrap().write_all(text.as_bytes()).expect("a note");
}

/// One session: claimed, then written until it is enough.
async fn session(store: SqliteStore, number: usize, units: usize, notes: Arc<Mutex<File>>) {
    let mut version = 0;
    let mut epoch = 1;
    let mut known = false;
    let mut left = if units == 0 { usize::MAX } else { units };
    let mut attempts = 0;
    while left > 0 {
        if !known {
            match store.claim(&group(number)).await {
                Ok(Claim::Unknown) => (epoch, version) = (1, 0),
                Ok(Claim::Mine(now, records)) => {
                    (epoch, version) = (now.0, records[0].version.0);
                    // What it finds is as durable as what it is told of.
                    note(&notes, &format!("done {number} {version}\n"));
                }
                Ok(Claim::Others(other)) => panic!("{other:?} has it"),
                Err(error) => {
                    note(&notes, &format!("failed {number} {}\n", word(&error)));
                    attempts += 1;
                    if attempts > 200 {
                        return;
                    }
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                    continue;
                }
            }
            known = true;
        }
        match store.commit(unit(number, epoch, version + 1)).await {
            Outcome::Done => {
                version += 1;
                left -= 1;
                note(&notes, &format!("done {number} {version}\n"));
            }
            Outcome::Refused(error) => {
                note(&notes, &format!("refused {number} {}\n", word(&error)));
                attempts += 1;
                if attempts > 200 {
                    return;
                }
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            Outcome::Unknown(error) => {
                note(&notes, &format!("unknown {number} {}\n", word(&error)));
                known = false;
            }
            other => panic!("{other:?}"),
        }
    }
}

fn word(error: &StoreError) -> &'static str {
    match error {
        StoreError::Full(_) => "full",
        StoreError::Broken(_) => "broken",
        StoreError::Unavailable(_) => "unavailable",
        _ => "other",
    }
}

fn group(number: usize) -> Group {
    Group::new(format!("urn:uuid:{number:036}"))
}

/// What a session's state is at a version.
fn state(number: usize, version: u64) -> Bytes {
    let mut dice = Dice((number as u64) << 40 | version);
    let length = 200 + dice.below(2500);
    (0..length).map(|_| dice.next() as u8).collect()
}

fn name(number: usize, version: u64) -> Name {
    Name::new(format!("name {} of {number}", version / 5))
}

/// From one version to the next: a message for the one before is gone, there is one for this, and now and then another name.
fn unit(number: usize, epoch: u64, version: u64) -> Unit {
    let record = RecordId { group: group(number), kind: Kind::Sequence, name: Name::new("") };
    let message = StoredMessage {
        queue: Queue::Received,
        number: version,
        name: Some(Name::new(format!("key {version}"))),
        body: state(number + GROUPS, version),
    };
    let mut names = vec![NameChange::Add(name(number, version))];
    if version.is_multiple_of(5) {
        names.push(NameChange::Remove(name(number, version - 5)));
    }
    let state = state(number, version);
    Unit {
        record,
        epoch: Epoch(epoch),
        step: if version == 1 { Step::Create(state) } else { Step::Write(Version(version), state) },
        expires_at: None,
        names,
        messages: vec![
            MessageChange::Remove(Queue::Received, version - 1),
            MessageChange::Put(message),
        ],
    }
}

/// The last version of each session that was told durable.
pub(crate) type Told = BTreeMap<usize, u64>;

/// Takes a note.
pub(crate) fn take_note(told: &mut Told, line: &str) {
    let mut words = line.split(' ');
    if words.next() == Some("done") {
        let mut number = || words.next().and_then(|word| word.parse().ok()).expect("a number");
        let (group, version) = (number(), number() as u64);
        told.insert(group, version);
    }
}

/// Whether the store in this folder is what it should be after a crash.
pub(crate) fn verify(store: &Path, told: &Told) -> Result<(), String> {
    let store = SqliteStore::open(&options(store)).map_err(|error| format!("open: {error}"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let groups = store.unfinished(None, 100).await.map_err(|error| error.to_string())?;
        for number in 0..GROUPS {
            let told = told.get(&number).copied().unwrap_or(0);
            let claim = store.claim(&group(number)).await.map_err(|error| error.to_string())?;
            let (version, record) = match claim {
                Claim::Unknown => (0, None),
                Claim::Mine(_, mut records) if records.len() == 1 => {
                    let record = records.remove(0);
                    (record.version.0, Some(record))
                }
                other => return Err(format!("session {number}: {other:?}")),
            };
            if version < told {
                return Err(format!(
                    "session {number}: {told} was told durable, {version} is there"
                ));
            }
            if version > told + 1 {
                return Err(format!("session {number}: {version} is there, {told} was told"));
            }
            let Some(record) = record else { continue };
            let waits = groups.contains(&group(number));
            let numbers: Vec<_> = record.messages.iter().map(|message| message.number).collect();
            let right = (&[name(number, version)][..], &[version][..], true);
            let is = (&record.names[..], &numbers[..], waits);
            if is != right {
                return Err(format!("session {number}, version {version}: {is:?}"));
            }
            let body = &record.messages[0].body;
            if record.state != state(number, version) || *body != state(number + GROUPS, version) {
                return Err(format!("session {number}: version {version} is another one"));
            }
            let found = store.find(&name(number, version)).await.map_err(|e| e.to_string())?;
            if found != Some(group(number)) {
                return Err(format!("session {number}: its name finds {found:?}"));
            }
        }
        Ok(())
    })
}
