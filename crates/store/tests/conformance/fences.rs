//! Epochs and versions.

use super::*;

pub(crate) async fn begins_writes_and_is_loaded_again(world: impl World) {
    let store = world.store();
    unknown(&*store, "a").await;
    done(&*store, create("a", b"one").until(1000)).await;
    done(&*store, write("a", 1, 2, b"two")).await;
    done(&*store, write("a", 1, 3, b"three").until(2000)).await;
    let (epoch, records) = mine(&*store, "a").await;
    assert!(epoch > 1, "a claim fences those before: {epoch}");
    let [record] = &records[..] else { panic!("{records:?}") };
    assert_eq!(record.id, sequence("a"));
    assert_eq!((record.epoch.0, record.version.0), (epoch, 3));
    assert_eq!((&record.state[..], record.expires_at), (&b"three"[..], time(2000)));
    unknown(&*store, "b").await;
}

pub(crate) async fn follows_versions(world: impl World) {
    let store = world.store();
    done(&*store, create("a", b"1")).await;
    stale(&*store, create("a", b"again")).await;
    stale(&*store, write("a", 1, 1, b"the same")).await;
    stale(&*store, write("a", 1, 3, b"one is missing")).await;
    done(&*store, write("a", 1, 2, b"2")).await;
    // What was not told may have been done: to do it again finds that out.
    stale(&*store, write("a", 1, 2, b"2")).await;
    let other = RecordId { name: Name::new("other"), ..sequence("a") };
    stale(&*store, unit(other.clone(), 1, Step::Keep)).await;
    stale(&*store, unit(other, 1, Step::Write(Version(1), Bytes::new()))).await;
    assert_eq!(&mine(&*store, "a").await.1[0].state[..], b"2");
}

pub(crate) async fn fences_those_before(world: impl World) {
    let store = world.store();
    fenced(&*store, write("a", 1, 2, b"of nothing")).await;
    fenced(&*store, keep("a", 1)).await;
    fenced(&*store, unit(sequence("a"), 2, Step::Create(Bytes::new()))).await;
    fenced(&*store, unit(sequence("a"), 1, Step::Remove)).await;
    done(&*store, create("a", b"1")).await;
    fenced(&*store, write("a", 2, 2, b"of the future")).await;
    let (epoch, _) = mine(&*store, "a").await;
    for late in [write("a", 1, 2, b"late"), keep("a", 1), create("a", b"late")] {
        fenced(&*store, late.message(put(Queue::Received, 1, None, b"late"))).await;
    }
    fenced(&*store, unit(sequence("a"), 1, Step::Remove)).await;
    let late = store.release(&group("a"), Epoch(1)).await;
    assert!(matches!(late, Outcome::Fenced), "{late:?}");
    done(&*store, write("a", epoch, 2, b"2")).await;
    let (next, records) = mine(&*store, "a").await;
    assert!(next > epoch);
    assert_eq!((&records[0].state[..], records[0].messages.len()), (&b"2"[..], 0));
}

pub(crate) async fn removes(world: impl World) {
    let store = world.store();
    let second = RecordId { name: Name::new("second"), ..sequence("a") };
    done(&*store, create("a", b"1").name(NameChange::Add(name("of the first")))).await;
    done(&*store, unit(second.clone(), 1, Step::Create(Bytes::new()))).await;
    done(&*store, unit(sequence("a"), 1, Step::Remove)).await;
    assert_eq!(store.find(&name("of the first")).await.unwrap(), None);
    stale(&*store, write("a", 1, 2, b"too late")).await;
    // What is gone is gone.
    done(&*store, unit(sequence("a"), 1, Step::Remove)).await;
    let (epoch, records) = mine(&*store, "a").await;
    assert_eq!(records.iter().map(|r| &r.id).collect::<Vec<_>>(), [&second]);
    done(&*store, unit(second, epoch, Step::Remove)).await;
    unknown(&*store, "a").await;
    fenced(&*store, keep("a", epoch)).await;
    // A name may be used again.
    done(&*store, create("a", b"new")).await;
    let (_, records) = mine(&*store, "a").await;
    assert_eq!((&records[0].state[..], records[0].version.0), (&b"new"[..], 1));
}

pub(crate) async fn the_living_keep_their_groups(mut world: impl World) {
    let store = world.store();
    done(&*store, create("a", b"1")).await;
    done(&*store, keep("a", 1).message(put(Queue::Received, 1, None, b"waits"))).await;
    let Some(other) = world.other().await else { return };
    let claim = other.claim(&group("a")).await;
    assert!(
        matches!(&claim, Ok(Claim::Others(address)) if address.0 == world.address()),
        "{claim:?}"
    );
    // Who does not own it writes nothing, whatever epoch it says.
    fenced(&*other, write("a", 1, 2, b"stolen")).await;
    fenced(&*other, create("a", b"stolen")).await;
    let given = other.release(&group("a"), Epoch(1)).await;
    assert!(matches!(given, Outcome::Fenced), "{given:?}");
    assert_eq!(other.unfinished(None, 10).await.unwrap(), []);
    done(&*store, write("a", 1, 2, b"2")).await;

    world.kill().await;
    assert_eq!(other.unfinished(None, 10).await.unwrap(), [group("a")]);
    let (epoch, records) = mine(&*other, "a").await;
    assert_eq!((&records[0].state[..], records[0].messages.len()), (&b"2"[..], 1));
    assert_eq!(other.unfinished(None, 10).await.unwrap(), []);
    // It was not dead, only slow.
    fenced(&*store, write("a", 1, 3, b"late")).await;
    fenced(&*store, keep("a", epoch)).await;
    done(&*other, write("a", epoch, 3, b"3")).await;
}

pub(crate) async fn what_is_released_is_taken(world: impl World) {
    let store = world.store();
    done(&*store, create("a", b"1")).await;
    assert!(store.release(&group("a"), Epoch(1)).await.is_done());
    fenced(&*store, write("a", 1, 2, b"after it was given away")).await;
    let again = store.release(&group("a"), Epoch(1)).await;
    assert!(matches!(again, Outcome::Fenced), "{again:?}");
    let other = world.other().await.unwrap_or(store);
    let (epoch, records) = mine(&*other, "a").await;
    assert_eq!(&records[0].state[..], b"1");
    done(&*other, write("a", epoch, 2, b"2")).await;
    let nothing = other.release(&group("nothing"), Epoch(1)).await;
    assert!(matches!(nothing, Outcome::Fenced), "{nothing:?}");
}

/// Units stand in the queue when they are committed, not when their futures are polled.
pub(crate) async fn order_of_a_group(world: impl World) {
    let store = world.store();
    let first = store.commit(create("a", b"1"));
    let mut rest: Vec<_> = (2..200).map(|v| store.commit(write("a", 1, v, b"state"))).collect();
    let last = store.commit(write("a", 1, 200, b"last"));
    // A claim sees what was committed before it, though nobody has waited for that.
    let (_, records) = mine(&*store, "a").await;
    assert_eq!((records[0].version.0, &records[0].state[..]), (200, &b"last"[..]));
    assert!(last.await.is_done());
    rest.reverse();
    for outcome in rest {
        assert!(outcome.await.is_done());
    }
    assert!(first.await.is_done());
}

pub(crate) async fn a_closed_store_takes_nothing(world: impl World) {
    let store = world.store();
    let before = store.commit(create("a", b"1"));
    store.close().await;
    assert!(before.await.is_done());
    let after = store.commit(write("a", 1, 2, b"2")).await;
    assert!(matches!(after, Outcome::Refused(_)), "{after:?}");
    assert!(store.claim(&group("a")).await.is_err());
    store.close().await;
}
