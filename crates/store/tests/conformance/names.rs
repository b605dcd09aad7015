//! Names of groups, and units that are done as a whole.

use super::*;

pub(crate) async fn names_find_groups(world: impl World) {
    let store = world.store();
    assert_eq!(store.find(&name("s1")).await.unwrap(), None);
    done(&*store, create("a", b"1").name(NameChange::Add(name("s1")))).await;
    done(&*store, keep("a", 1).name(NameChange::Add(name("s2")))).await;
    for known in ["s1", "s2"] {
        assert_eq!(store.find(&name(known)).await.unwrap(), Some(group("a")));
    }
    // Its own name is not one of them.
    assert_eq!(store.find(&name("a")).await.unwrap(), None);
    let (epoch, records) = mine(&*store, "a").await;
    assert_eq!(records[0].names, [name("s1"), name("s2")]);
    let removed = keep("a", epoch).name(NameChange::Remove(name("s1")));
    done(&*store, removed.name(NameChange::Remove(name("never there")))).await;
    assert_eq!(store.find(&name("s1")).await.unwrap(), None);
    assert_eq!(mine(&*store, "a").await.1[0].names, [name("s2")]);
}

pub(crate) async fn names_are_unique(world: impl World) {
    let store = world.store();
    done(&*store, create("a", b"1").name(NameChange::Add(name("s")))).await;
    exists(&*store, create("b", b"1").name(NameChange::Add(name("s"))), 0).await;
    unknown(&*store, "b").await;
    // The same group may say it again, and another record of it may take it over.
    done(&*store, keep("a", 1).name(NameChange::Add(name("s")))).await;
    let second = RecordId { name: Name::new("second"), ..sequence("a") };
    let takes = unit(second.clone(), 1, Step::Create(Bytes::new()));
    done(&*store, takes.name(NameChange::Add(name("s")))).await;
    let (epoch, records) = mine(&*store, "a").await;
    let names: Vec<_> = records.iter().map(|r| r.names.len()).collect();
    assert_eq!(names, [0, 1]);
    // The name of somebody else is not taken away.
    done(&*store, create("b", b"1").name(NameChange::Remove(name("s")))).await;
    assert_eq!(store.find(&name("s")).await.unwrap(), Some(group("a")));
    done(&*store, unit(second, epoch, Step::Remove)).await;
    done(&*store, keep("b", 1).name(NameChange::Add(name("s")))).await;
    assert_eq!(store.find(&name("s")).await.unwrap(), Some(group("b")));
    assert_eq!(mine(&*store, "b").await.1[0].names, [name("s")]);
}

/// A unit of which one thing cannot be done leaves nothing behind.
pub(crate) async fn a_unit_is_done_or_not(world: impl World) {
    let store = world.store();
    done(&*store, outbox("a").message(put(Queue::Outgoing, 1, Some("key"), b"first"))).await;
    done(&*store, create("b", b"1").name(NameChange::Add(name("of b")))).await;
    let whole = |step| {
        let unit = unit(outbox_id("a"), 1, step).until(77).name(NameChange::Add(name("of a")));
        unit.message(put(Queue::Outgoing, 2, Some("other"), b"second"))
    };
    let write = || Step::Write(Version(2), Bytes::from_static(b"written"));
    stale(&*store, whole(Step::Write(Version(7), Bytes::new()))).await;
    exists(&*store, whole(write()).message(put(Queue::Outgoing, 3, Some("key"), b"third")), 1)
        .await;
    exists(&*store, whole(write()).name(NameChange::Add(name("of b"))), 0).await;
    let (epoch, records) = mine(&*store, "a").await;
    let record = &records[0];
    assert_eq!((record.version.0, &record.state[..], record.names.len()), (1, &b"outbox"[..], 0));
    assert_ne!(record.expires_at, time(77));
    let numbers: Vec<_> = record.messages.iter().map(|m| m.number).collect();
    assert_eq!(numbers, [1]);
    assert_eq!(store.find(&name("of a")).await.unwrap(), None);
    done(&*store, Unit { epoch: Epoch(epoch), ..whole(write()) }).await;
    let (_, records) = mine(&*store, "a").await;
    assert_eq!((records[0].version.0, records[0].messages.len()), (2, 2));
    assert_eq!((records[0].expires_at, records[0].names.len()), (time(77), 1));
}
