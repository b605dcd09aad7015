//! What the next process finds, what is old, and what is too much.

use super::*;
use waxwing_store::StoreError;

pub(crate) async fn restarts(mut world: impl World) {
    let store = world.store();
    let begin = create("a", b"1").name(NameChange::Add(name("s"))).until(50);
    done(&*store, begin.message(put(Queue::Received, 1, Some("k"), b"waits"))).await;
    done(&*store, outbox("o").message(put(Queue::Results, 1, Some("k"), b"result"))).await;
    drop(store);
    world.restart().await;
    let store = world.store();
    // Whoever comes after a crash has not claimed it yet.
    fenced(&*store, write("a", 1, 2, b"without a claim")).await;
    assert_eq!(store.find(&name("s")).await.unwrap(), Some(group("a")));
    let (epoch, records) = mine(&*store, "a").await;
    assert!(epoch > 1);
    let record = &records[0];
    assert_eq!((&record.state[..], record.version.0, record.expires_at), (&b"1"[..], 1, time(50)));
    assert_eq!(record.messages.len(), 1);
    let result = store.message(&outbox_id("o"), Queue::Results, &name("k")).await.unwrap();
    assert_eq!(&result.unwrap().body[..], b"result");
    assert_eq!(store.health().records, 2);
    done(&*store, write("a", epoch, 2, b"2")).await;
}

pub(crate) async fn unfinished_work_is_found(mut world: impl World) {
    let store = world.store();
    done(&*store, create("waits", b"").message(put(Queue::Received, 1, None, b"m"))).await;
    done(&*store, create("done", b"").message(put(Queue::Received, 1, None, b"m"))).await;
    done(&*store, keep("done", 1).message(MessageChange::Remove(Queue::Received, 1))).await;
    done(&*store, create("nothing", b"")).await;
    done(&*store, outbox("outbox").message(put(Queue::Outgoing, 1, None, b"m"))).await;
    // It does it itself.
    assert_eq!(store.unfinished(None, 10).await.unwrap(), []);
    drop(store);
    world.restart().await;
    let store = world.store();
    assert_eq!(store.unfinished(None, 10).await.unwrap(), [group("waits")]);
    let (epoch, _) = mine(&*store, "waits").await;
    assert_eq!(store.unfinished(None, 10).await.unwrap(), []);
    assert!(store.release(&group("waits"), Epoch(epoch)).await.is_done());
    assert_eq!(store.unfinished(None, 10).await.unwrap(), [group("waits")]);
}

pub(crate) async fn in_pages(mut world: impl World) {
    let store = world.store();
    let mut all: Vec<_> = (0..25).map(|n| format!("g{}", n * 7 % 25)).collect();
    for group in &all {
        done(&*store, create(group, b"").message(put(Queue::Received, 1, None, b"m"))).await;
    }
    drop(store);
    world.restart().await;
    let store = world.store();
    let mut found: Vec<Group> = Vec::new();
    loop {
        let page = store.unfinished(found.last(), 10).await.unwrap();
        assert!(page.len() <= 10);
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    all.sort();
    let found: Vec<_> = found.iter().map(|group| group.as_str().to_owned()).collect();
    assert_eq!(found, all);
}

pub(crate) async fn expires(world: impl World) {
    let store = world.store();
    for (name, until) in [("old", 10), ("older", 5), ("young", 30)] {
        done(&*store, create(name, b"").until(until)).await;
    }
    done(&*store, create("forever", b"").name(NameChange::Add(name("n")))).await;
    done(&*store, outbox("outbox").until(1).message(put(Queue::Outgoing, 1, None, b"m"))).await;
    let expire = async |kinds: &[Kind], limit| store.expire(kinds, time(20), limit).await.unwrap();
    assert_eq!(expire(&[Kind::Context], 10).await, 0);
    assert_eq!(expire(&[], 10).await, 0);
    assert_eq!(expire(&[Kind::Sequence, Kind::Context], 1).await, 1);
    assert_eq!(expire(&[Kind::Sequence, Kind::Context], 10).await, 1);
    assert_eq!(expire(&[Kind::Sequence, Kind::Context], 10).await, 0);
    unknown(&*store, "old").await;
    unknown(&*store, "older").await;
    fenced(&*store, write("old", 1, 2, b"late")).await;
    assert_eq!(store.health().records, 3);
    let (epoch, _) = mine(&*store, "young").await;
    // Whoever goes on says so.
    done(&*store, keep("young", epoch).until(15)).await;
    done(&*store, keep("young", epoch).until(40)).await;
    assert_eq!(expire(&[Kind::Sequence], 10).await, 0);
    assert_eq!(expire(&[Kind::Outbox], 10).await, 1);
    mine(&*store, "forever").await;
}

pub(crate) async fn what_is_acknowledged_does_not_expire(world: impl World) {
    let store = world.store();
    let begin = create("a", b"").until(1);
    done(&*store, begin.message(put(Queue::Received, 1, None, b"acknowledged"))).await;
    assert_eq!(store.expire(&[Kind::Sequence], time(20), 10).await.unwrap(), 0);
    done(&*store, keep("a", 1).message(MessageChange::Remove(Queue::Received, 1))).await;
    assert_eq!(store.expire(&[Kind::Sequence], time(20), 10).await.unwrap(), 1);
    unknown(&*store, "a").await;
}

/// For stores that list what they have.
pub(crate) async fn lists_records(world: impl World) {
    let store = world.store();
    let letter = |group: &str| RecordId {
        group: Group::new(group),
        kind: Kind::DeadLetter,
        name: Name::new("n"),
    };
    for group in ["c", "a", "b"] {
        let begin = unit(letter(group), 1, Step::Create(Bytes::from_static(b"why")));
        let begin = begin.name(NameChange::Add(name(group)));
        done(&*store, begin.message(put(Queue::DeadLetters, 1, None, group.as_bytes()))).await;
    }
    done(&*store, create("aa", b"1").message(put(Queue::Begun, 1, None, b"m"))).await;
    let list = async |after: Option<&RecordId>, limit| {
        let found = store.records(Kind::DeadLetter, after, limit).await.unwrap();
        for record in &found {
            let text = record.id.group.as_str();
            assert_eq!(
                (&record.state[..], record.epoch, record.version.0),
                (&b"why"[..], Epoch(1), 1)
            );
            assert_eq!((&record.names[..], record.messages.len()), (&[name(text)][..], 1));
            assert_eq!(record.messages[0].body, text.as_bytes());
        }
        found.iter().map(|record| record.id.group.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(list(None, 10).await, ["a", "b", "c"]);
    assert_eq!(list(None, 2).await, ["a", "b"]);
    assert_eq!(list(Some(&letter("b")), 2).await, ["c"]);
    assert_eq!(list(Some(&letter("c")), 2).await, [""; 0]);
    let all = store.records(Kind::Sequence, None, 10).await.unwrap();
    assert_eq!((all.len(), all[0].messages[0].queue), (1, Queue::Begun));
}

async fn full(store: &dyn Store, unit: Unit) {
    let outcome = store.commit(unit).await;
    assert!(matches!(outcome, Outcome::Refused(StoreError::Full(_))), "{outcome:?}");
}

/// The quota is three records.
pub(crate) async fn too_many_records(world: impl World) {
    let store = world.store();
    for name in ["a", "b", "c"] {
        done(&*store, create(name, b"1")).await;
    }
    full(&*store, create("d", b"1")).await;
    unknown(&*store, "d").await;
    // What is open goes on.
    done(&*store, write("a", 1, 2, b"2").message(put(Queue::Received, 1, None, b"m"))).await;
    done(&*store, unit(sequence("b"), 1, Step::Remove)).await;
    done(&*store, create("d", b"1")).await;
    full(&*store, create("e", b"1")).await;
}

/// The quota is 100,000 octets.
pub(crate) async fn too_many_octets(world: impl World) {
    let store = world.store();
    let large: Vec<u8> =
        (0..150_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 9) as u8).collect();
    done(&*store, outbox("a").message(put(Queue::Outgoing, 1, None, &large))).await;
    let keep = || unit(outbox_id("a"), 1, Step::Keep);
    full(&*store, create("b", b"1")).await;
    full(&*store, keep().message(put(Queue::Outgoing, 2, None, b"more work"))).await;
    done(&*store, keep().message(put(Queue::Results, 1, None, b"what came of it"))).await;
    let outgoing = store.messages(&outbox_id("a"), Queue::Outgoing, 0, 10).await.unwrap();
    assert!(outgoing.len() == 1 && outgoing[0].body == large);
    done(&*store, keep().message(MessageChange::Remove(Queue::Outgoing, 1))).await;
    done(&*store, create("b", b"1")).await;
}
