//! What `waxwing store` tells of what a host keeps.

use waxwing::kept::{describe_message, describe_record};
use waxwing_store::{Kind as RecordKind, Record, Store as _};

use crate::kit::{Kind, LedgerClient, TapeClient, World, until};

async fn only(world: &World, kind: RecordKind) -> Record {
    let mut records = world.store.records(kind, None, 10).await.unwrap();
    assert_eq!(records.len(), 1);
    records.remove(0)
}

fn fact(facts: &[(&'static str, String)], label: &str) -> String {
    let found = facts.iter().find(|(other, _)| *other == label);
    found.unwrap_or_else(|| panic!("{label}: {facts:?}")).1.clone()
}

#[tokio::test]
async fn a_session_with_its_context() {
    let world = World::ledger(Kind::Secure).await;
    let channel = world.factory().open_channel().await.unwrap();
    assert_eq!(LedgerClient::new(&channel).add(5).await.unwrap(), 5);
    let context = only(&world, RecordKind::Context).await;
    let facts = describe_record(&context).unwrap();
    assert_eq!(fact(&facts, "caller"), "the user alice");
    assert!(fact(&facts, "key").starts_with("in use, from 20"), "{facts:?}");
    let sequence = only(&world, RecordKind::Sequence).await;
    let facts = describe_record(&sequence).unwrap();
    assert_eq!(fact(&facts, "last reply"), "1");
    assert!(fact(&facts, "acknowledged").contains('1'), "{facts:?}");
    assert_eq!(fact(&facts, "replies that are not acknowledged"), "to 1");
    // Another state than the record's kind says is told, not guessed.
    let wrong = Record { state: sequence.state, ..context };
    assert!(describe_record(&wrong).unwrap_err().contains("not of a Context"));
}

#[tokio::test]
async fn a_message_that_waits() {
    let world = World::tape(Kind::Plain).await;
    let channel = world.factory().open_channel().await.unwrap();
    let client = TapeClient::new(&channel);
    client.slow_put(1, 400).await.unwrap();
    client.put(2).await.unwrap();
    let mut seen = None;
    for _ in 0..500 {
        let records = world.store.records(RecordKind::Sequence, None, 10).await.unwrap();
        seen = records.into_iter().flat_map(|record| record.messages).find(|m| m.number == 2);
        if seen.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let message = seen.expect("it waits behind the slow one");
    let (facts, text) = describe_message(RecordKind::Sequence, &message).unwrap();
    assert!(fact(&facts, "action").ends_with("/Put"), "{facts:?}");
    let text = String::from_utf8(text.expect("a message")).unwrap();
    assert!(text.contains(">2<"), "{text}");
    until("both were executed", || world.effects.entries().len() == 2).await;
}
