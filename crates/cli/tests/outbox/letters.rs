//! Dead letters of a database.

use bytes::Bytes;
use waxwing::store::KeyFile;
use waxwing_store::postgres::{PostgresSettings, PostgresStore};
use waxwing_store::{
    Epoch, Group, Kind, MessageChange, Name, NodeAddress, Queue, RecordId, Sealing, Step, Store,
    StoredMessage, Unit,
};

use crate::shop::{Place, missing};

fn letter(name: &str) -> Unit {
    let body = Bytes::from_static(b"the poison");
    let message = StoredMessage { queue: Queue::DeadLetters, number: 1, name: None, body };
    let group = Group::new(format!("urn:waxwing:dead-letter:{name}"));
    Unit {
        record: RecordId { group, kind: Kind::DeadLetter, name: Name::new("") },
        epoch: Epoch(1),
        step: Step::Create(Bytes::from_static(b"a state")),
        expires_at: None,
        names: Vec::new(),
        messages: vec![MessageChange::Put(message)],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_of_a_database_are_listed_shown_and_removed() {
    if missing() {
        return;
    }
    let place = Place::database();
    let command = |words: &'static str| ["store", "dead-letters", words];
    let (code, text) = place.said(&command("list"), &[]);
    assert!(code == 2 && text.contains("there is no store in the schema 'waxwing'"), "{text}");
    let sealing = Sealing::under(KeyFile::new(place.path().join("keys")));
    let own = NodeAddress("localhost:1".to_owned());
    let settings = PostgresSettings::new(place.arguments[0].as_str(), "service", own, sealing);
    let store = PostgresStore::open(settings).await.unwrap();
    for name in ["urn:uuid:1/7", "urn:uuid:1/8"] {
        assert!(store.commit(letter(name)).await.is_done());
    }
    let of = |name: &str| Group::new(format!("urn:waxwing:dead-letter:{name}"));
    // As a service does when it has put one there.
    assert!(store.release(&of("urn:uuid:1/7"), Epoch(1)).await.is_done());
    let list = place.json(&command("list"), &[]);
    let names: Vec<_> =
        list["deadLetters"].as_array().unwrap().iter().map(|l| &l["name"]).collect();
    assert_eq!(
        names,
        ["urn:waxwing:dead-letter:urn:uuid:1/7", "urn:waxwing:dead-letter:urn:uuid:1/8"]
    );
    let (code, text) = place.said(&command("show"), &["urn:uuid:1/7"]);
    assert!(code == 0 && text.contains("the poison"), "{text}");
    assert_eq!(place.said(&command("show"), &["urn:uuid:1", "9"]).0, 1);
    // The service lives, and has given the first one away only.
    let (code, text) = place.said(&command("remove"), &["urn:uuid:1/8"]);
    assert!(code == 2 && text.contains("a process has this dead letter"), "{text}");
    assert_eq!(place.said(&command("remove"), &["urn:uuid:1/7"]), (0, "removed\n".to_owned()));
    assert_eq!(place.said(&command("remove"), &["urn:uuid:1/7"]).0, 1);
    let list = place.json(&command("list"), &[]);
    assert_eq!(list["deadLetters"].as_array().unwrap().len(), 1);
    // More calls in doubt than are read at once: all of them.
    let doubtful = |number| {
        let body = Bytes::from_static(b"in doubt");
        MessageChange::Put(StoredMessage { queue: Queue::DeadLetters, number, name: None, body })
    };
    let mut outbox = letter("of an outbox");
    outbox.record.group = Group::new("outbox:billing");
    outbox.record.kind = Kind::Outbox;
    outbox.messages = (1..=1_500).map(doubtful).collect();
    assert!(store.commit(outbox).await.is_done());
    let list = place.json(&command("list"), &[]);
    assert_eq!(list["deadLetters"].as_array().unwrap().len(), 1_501);
    // Without keys nothing is opened, and a wrong schema is told.
    let (code, text) = place.said(&command("list"), &["--schema", "other"]);
    assert!(code == 2 && text.contains("'other'"), "{text}");
    store.close().await;
}
