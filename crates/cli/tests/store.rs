//! `waxwing store`, as a script runs it.

// Tests read files.
#![allow(clippy::disallowed_methods)]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use waxwing_store::sqlite::{SqliteOptions, SqliteStore};
use waxwing_store::{
    Epoch, Group, Kind, MessageChange, Name, NameChange, Queue, RecordId, Step, Store,
    StoredMessage, Unit, Version,
};

fn waxwing(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waxwing"));
    command.arg("store").args(arguments).current_dir(folder).output().expect("the program runs")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("ended")
}

/// What it says on both outputs, and its code.
fn said(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = waxwing(folder, arguments);
    let text = [&output.stdout[..], &output.stderr].concat();
    (code(&output), String::from_utf8(text).expect("UTF-8"))
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    let output = waxwing(folder, arguments);
    assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn unit(group: &str, kind: Kind, messages: &[(Queue, u64, &'static str)]) -> Unit {
    let message = |(queue, number, body): &(Queue, u64, &'static str)| {
        let body = bytes::Bytes::from_static(body.as_bytes());
        MessageChange::Put(StoredMessage { queue: *queue, number: *number, name: None, body })
    };
    Unit {
        record: RecordId { group: Group::new(group), kind, name: Name::new("") },
        epoch: Epoch(1),
        step: Step::Create(bytes::Bytes::from_static(b"a state with the key of a session")),
        expires_at: None,
        names: Vec::new(),
        messages: messages.iter().map(message).collect(),
    }
}

/// A store with a session that has work, an outbox with a call that was given up, a dead letter.
fn filled(folder: &Path) -> SqliteStore {
    let store = SqliteStore::open(&SqliteOptions::new(folder.join("orders"))).expect("it opens");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let mut session =
            unit("urn:uuid:1", Kind::Sequence, &[(Queue::Received, 4, "<order>4</order>")]);
        session.names.push(NameChange::Add(Name::new("urn:uuid:offered")));
        let outbox = [(Queue::Outgoing, 8, "to go"), (Queue::DeadLetters, 3, "given up")];
        let letter = [(Queue::DeadLetters, 1, "the poison")];
        let again = Unit {
            step: Step::Write(Version(2), bytes::Bytes::from_static(b"a state with the key again")),
            messages: Vec::new(),
            ..unit("urn:uuid:1", Kind::Sequence, &[])
        };
        for unit in [
            session,
            again,
            unit("outbox:billing", Kind::Outbox, &outbox),
            unit("urn:waxwing:dead-letter:7", Kind::DeadLetter, &letter),
        ] {
            assert!(store.commit(unit).await.is_done());
        }
    });
    store
}

#[test]
fn inspect_works_while_a_process_has_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path());
    let value = json(folder.path(), &["inspect", "orders", "--records", "--json"]);
    assert_eq!(value["owner"], format!("process {}", std::process::id()));
    assert_eq!((&value["sealed"], &value["groups"]["all"]), (&true.into(), &3.into()));
    assert_eq!(value["groups"]["unfinished"], 1);
    let kinds: Vec<_> = value["kinds"].as_array().unwrap().iter().map(|k| &k["kind"]).collect();
    assert_eq!(kinds, ["sequence", "outbox", "dead-letter"]);
    let session = &value["records"][1];
    assert_eq!((&session["group"], &session["version"]), (&"urn:uuid:1".into(), &2.into()));
    assert_eq!(session["owner"], "last-process");
    assert_eq!(session["queues"][0]["queue"], "received");

    let (code, text) = said(folder.path(), &["inspect", "orders", "--records", "--kind", "outbox"]);
    assert_eq!(code, 0, "{text}");
    for found in ["reliable sessions of a service", "in use by   process", "billing", "1 outgoing"]
    {
        assert!(text.contains(found), "{found}: {text}");
    }
    assert!(text.contains("used; the file has"), "{text}");
    let none = said(folder.path(), &["inspect", "orders", "--records", "--kind", "context"]);
    assert!(none.0 == 0 && none.1.ends_with("\nno such records\n"), "{none:?}");
    let list = text.split_once('┌').expect("a table").1;
    assert!(!list.contains("urn:uuid:1"), "{text}");
    drop(store);
    let value = json(folder.path(), &["inspect", "orders", "--json"]);
    assert_eq!(value["owner"], Value::Null);
}

#[test]
fn one_is_shown_with_its_messages_only_when_they_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path()));
    for name in ["urn:uuid:1", "urn:uuid:offered"] {
        let (code, text) = said(folder.path(), &["inspect", "orders", name]);
        assert_eq!(code, 0, "{text}");
        assert!(text.contains("found by    urn:uuid:offered"), "{text}");
        assert!(!text.contains("<order>") && !text.contains("key of"), "{text}");
    }
    let show = ["inspect", "orders", "urn:uuid:1", "--show-messages"];
    let (code, text) = said(folder.path(), &show);
    assert!(code == 0 && text.contains("<order>4</order>"), "{text}");
    assert!(!text.contains("key again"), "{text}");
    let value = json(folder.path(), &[&show[..], &["--json"]].concat());
    assert_eq!(value["records"][0]["messages"][0]["body"], "<order>4</order>");
    // Not without the key.
    std::fs::rename(folder.path().join("orders.key"), folder.path().join("elsewhere")).unwrap();
    let (code, text) = said(folder.path(), &show);
    assert!(code == 2 && text.contains("orders.key"), "{text}");
    let elsewhere = [&show[..], &["--key-file", "elsewhere"]].concat();
    assert_eq!(said(folder.path(), &elsewhere).0, 0);
    assert_eq!(said(folder.path(), &["inspect", "orders", "nothing"]).0, 1);
}

#[test]
fn verify_tells_what_is_whole_and_what_was_changed() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path()));
    let (code, text) = said(folder.path(), &["verify", "orders"]);
    assert_eq!((code, &*text), (0, "3 records and 4 messages can be opened; the file is whole\n"));
    // One value is put in the place of another.
    let path = folder.path().join("orders");
    let sql = rusqlite::Connection::open(&path).unwrap();
    sql.execute(
        "UPDATE message SET body = (SELECT body FROM message WHERE queue = 2) WHERE queue = 1",
        [],
    )
    .unwrap();
    sql.execute("UPDATE record SET version = 1 WHERE kind = 2", []).unwrap();
    drop(sql);
    let (code, text) = said(folder.path(), &["verify", "orders"]);
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("message 4 (Received) of Sequence 'urn:uuid:1' cannot be opened"),
        "{text}"
    );
    assert!(text.contains("2 records and 3 messages can be opened; 2 problems"), "{text}");
    assert_eq!(json_code(folder.path(), &["verify", "orders", "--json"]).1["wrong"], 2);
    // And when pages are destroyed.
    let mut octets = std::fs::read(&path).unwrap();
    octets[4096..].iter_mut().step_by(7).for_each(|octet| *octet ^= 0x5a);
    std::fs::write(&path, octets).unwrap();
    let (code, text) = said(folder.path(), &["verify", "orders"]);
    assert!(code == 1 && text.contains("Do not put an old copy in its place"), "{text}");
    assert!(!text.contains("waxwing store verify"), "{text}");
    assert_eq!(json_code(folder.path(), &["verify", "orders", "--json"]).0, 1);
}

fn json_code(folder: &Path, arguments: &[&str]) -> (i32, Value) {
    let output = waxwing(folder, arguments);
    (code(&output), serde_json::from_slice(&output.stdout).expect("JSON"))
}

#[test]
fn export_is_sealed_unless_it_is_asked_for_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path()));
    let lines = |arguments: &[&str]| -> Vec<Value> {
        let output = waxwing(folder.path(), arguments);
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    let decoded = |value: &Value| {
        use base64::Engine;
        let text = value.as_str().expect("base64");
        base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
    };
    let sealed = lines(&["export", "orders"]);
    assert_eq!((sealed.len(), &sealed[0]["opened"]), (8, &false.into()));
    assert!(sealed[1..].iter().all(|line| {
        let value = if line["state"].is_null() { &line["body"] } else { &line["state"] };
        decoded(value)[0] == 1
    }));
    let opened = lines(&["export", "orders", "--opened-with-keys-and-messages"]);
    let session = opened.iter().find(|line| line["kind"] == 2 && line["state"].is_string());
    let session = session.expect("the session");
    assert_eq!(decoded(&session["state"]), b"a state with the key again");
    assert_eq!(session["names"][0], "urn:uuid:offered");
    let (code, text) = said(folder.path(), &["export", "orders", "-o", "out"]);
    assert_eq!((code, &*text), (0, "8 lines\n"));
    assert_eq!(said(folder.path(), &["export", "orders", "-o", "out"]).0, 2);
}

#[test]
fn what_changes_the_file_needs_it_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path());
    for arguments in [
        &["compact", "orders"][..],
        &["rotate", "orders"],
        &["rotate", "orders", "--make-key"],
        &["dead-letters", "remove", "orders", "urn:waxwing:dead-letter:7"],
    ] {
        let (code, text) = said(folder.path(), arguments);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains(&format!("process {} has", std::process::id())), "{text}");
    }
    let keys = std::fs::read_to_string(folder.path().join("orders.key")).unwrap();
    assert_eq!(keys.lines().count(), 2);
    drop(store);
    let (code, text) = said(folder.path(), &["compact", "orders"]);
    assert!(code == 0 && text.contains("before"), "{text}");
}

#[test]
fn keys_are_rotated() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path()));
    let key_file = folder.path().join("orders.key");
    let first = || {
        let value = json(folder.path(), &["inspect", "orders", "--json"]);
        value["keys"].as_array().unwrap().clone()
    };
    let before = first();
    let (code, text) = said(folder.path(), &["rotate", "orders", "--make-key"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("7 values sealed anew, 0 already\n"), "{text}");
    assert!(text.contains("orders.key only: 1 other key can be taken out"), "{text}");
    // Again: nothing is left to do, and the old line is there still.
    let (code, text) = said(folder.path(), &["rotate", "orders"]);
    assert!(code == 0 && text.contains("0 values sealed anew, 7 already"), "{text}");
    assert!(text.contains("orders.key only: 1 other key can be taken out"), "{text}");
    let after = first();
    assert!(before.len() == 1 && after.len() == 1 && before != after);
    // The old key is not needed any more.
    let keys = std::fs::read_to_string(&key_file).unwrap();
    let lines: Vec<_> = keys.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines.len(), 2);
    std::fs::write(&key_file, format!("{}\n", lines[0])).unwrap();
    assert_eq!(said(folder.path(), &["verify", "orders"]).0, 0);
    drop(SqliteStore::open(&SqliteOptions::new(folder.path().join("orders"))).unwrap());
    // And alone it opens nothing.
    std::fs::write(&key_file, format!("{}\n", lines[1])).unwrap();
    let (code, text) = said(folder.path(), &["verify", "orders"]);
    assert!(code == 2 && text.contains("sealed under the key"), "{text}");
    let open = SqliteStore::open(&SqliteOptions::new(folder.path().join("orders")));
    let error = open.unwrap_err().to_string();
    assert!(error.contains(after[0].as_str().unwrap()), "{error}");
}

#[test]
fn dead_letters_are_listed_shown_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path()));
    let dead = |arguments: &[&str]| said(folder.path(), &[&["dead-letters"], arguments].concat());
    let value = json(folder.path(), &["dead-letters", "list", "orders", "--json"]);
    let letters = value["deadLetters"].as_array().unwrap();
    assert_eq!(letters.len(), 2);
    assert_eq!((&letters[0]["of"], &letters[1]["number"]), (&"dead-letter".into(), &3.into()));
    let letter = "urn:waxwing:dead-letter:7";
    assert!(dead(&["list", "orders"]).1.contains(letter));
    assert_eq!(
        dead(&["show", "orders", letter]),
        (0, "state     not read: it has another format\nthe poison\n".into())
    );
    let by_session = dead(&["show", "orders", "7"]);
    assert!(by_session.0 == 0 && by_session.1.ends_with("the poison\n"), "{by_session:?}");
    assert_eq!(dead(&["show", "orders", "outbox:billing", "3"]).0, 0);
    assert_eq!(dead(&["show", "orders", "billing", "3"]), (0, "given up\n".into()));
    assert_eq!(dead(&["show", "orders", "billing", "8"]).0, 1);
    assert_eq!(dead(&["show", "orders", "billing"]).0, 1);
    let (code, text) = dead(&["remove", "orders", "billing", "3"]);
    assert!(code == 1 && text.contains("its program decides"), "{text}");
    assert_eq!(dead(&["remove", "orders", letter]), (0, "removed\n".into()));
    assert_eq!(dead(&["remove", "orders", letter]).0, 1);
    assert!(!dead(&["list", "orders"]).1.contains(letter));
    // The rest of the outbox is there.
    let (_, text) = said(folder.path(), &["inspect", "orders", "billing"]);
    assert!(text.contains("1: to be delivered"), "{text}");
}

/// A list is whole, however long it is.
#[test]
fn more_dead_letters_than_are_read_at_once_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&SqliteOptions::new(folder.path().join("orders"))).unwrap();
    let doubtful: Vec<_> = (1..=2500).map(|n| (Queue::DeadLetters, n, "in doubt")).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let unit = unit("outbox:billing", Kind::Outbox, &doubtful);
    assert!(runtime.block_on(store.commit(unit)).is_done());
    drop(store);
    let value = json(folder.path(), &["dead-letters", "list", "orders", "--json"]);
    let numbers: Vec<_> =
        value["deadLetters"].as_array().unwrap().iter().map(|l| l["number"].as_u64()).collect();
    assert_eq!(numbers, (1..=2500).map(Some).collect::<Vec<_>>());
}

#[test]
fn what_is_no_store_and_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    assert!(said(folder.path(), &["inspect", "nothing"]).1.contains("there is no store at"));
    std::fs::write(folder.path().join("text"), "not a database, but a text of some length")
        .unwrap();
    for command in ["inspect", "verify", "compact", "export"] {
        assert_eq!(said(folder.path(), &[command, "nothing"]).0, 2);
        let (code, text) = said(folder.path(), &[command, "text"]);
        assert!(code == 2 && text.contains("is no store of Waxwing"), "{text}");
    }
    assert!(!folder.path().join("text.lock").exists());
    rusqlite::Connection::open(folder.path().join("other"))
        .unwrap()
        .execute("CREATE TABLE t (x)", [])
        .unwrap();
    let (code, text) = said(folder.path(), &["inspect", "other"]);
    assert!(code == 2 && text.contains("no store of Waxwing"), "{text}");
    for wrong in [
        &[][..],
        &["inspect"],
        &["inspect", "s", "--show-messages"],
        &["inspect", "s", "--kind", "outbox"],
        &["verify", "s", "--key-file", "k", "--not-sealed"],
        &["rotate", "s", "--make-key", "--key-variable", "K"],
        &["dead-letters", "remove", "s"],
        &["other"],
    ] {
        assert_eq!(said(folder.path(), wrong).0, 64, "{wrong:?}");
    }
    assert_eq!(said(folder.path(), &["--help"]).0, 0);
}
