//! Messages beside a state.

use super::*;

fn numbers(messages: &[StoredMessage]) -> Vec<u64> {
    messages.iter().map(|message| message.number).collect()
}

pub(crate) async fn keeps_everything_of_a_record(world: impl World) {
    let store = world.store();
    // Every octet, and none.
    let all: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let strange = "urn:uuid:… 'quoted' \"twice\" \\ \u{1F426} %_";
    let id = RecordId { group: group(strange), kind: Kind::Sequence, name: name(strange) };
    let begin = unit(id.clone(), 1, Step::Create(Bytes::from(all.clone())));
    let begin = begin.until(4_102_444_800).name(NameChange::Add(name(strange)));
    let begin = begin.message(put(Queue::Received, 1, None, &all));
    done(&*store, begin.message(put(Queue::Received, i64::MAX as u64, Some(strange), b""))).await;
    let (_, records) = mine(&*store, strange).await;
    let [record] = &records[..] else { panic!("{records:?}") };
    assert_eq!((&record.id, record.expires_at), (&id, time(4_102_444_800)));
    assert!(record.state == all && record.names == [name(strange)]);
    assert_eq!(numbers(&record.messages), [1, i64::MAX as u64]);
    assert!(record.messages[0].body == all && record.messages[0].name.is_none());
    assert!(record.messages[1].body.is_empty());
    assert_eq!(record.messages[1].name, Some(name(strange)));
    assert_eq!(store.find(&name(strange)).await.unwrap(), Some(group(strange)));
    done(&*store, create("empty", b"")).await;
    assert!(mine(&*store, "empty").await.1[0].state.is_empty());
}

pub(crate) async fn groups_have_their_context_first(world: impl World) {
    let store = world.store();
    let id = |kind, text| RecordId { group: group("a"), kind, name: name(text) };
    let ids = [id(Kind::Context, ""), id(Kind::Sequence, "s1"), id(Kind::Sequence, "s2")];
    // A sequence in a context does not begin a group: whoever asks is late.
    fenced(&*store, unit(ids[2].clone(), 1, Step::Create(Bytes::new()))).await;
    unknown(&*store, "a").await;
    for id in [&ids[0], &ids[2], &ids[1]] {
        done(&*store, unit(id.clone(), 1, Step::Create(Bytes::new()))).await;
    }
    let (_, records) = mine(&*store, "a").await;
    assert_eq!(records.iter().map(|record| record.id.clone()).collect::<Vec<_>>(), ids);
}

pub(crate) async fn messages_by_number(world: impl World) {
    let store = world.store();
    done(&*store, create("a", b"1")).await;
    done(&*store, create("b", b"1").message(put(Queue::Received, 1, None, b"of b"))).await;
    for number in [5, 3, 9, 1] {
        done(&*store, keep("a", 1).message(put(Queue::Received, number, None, &[number as u8])))
            .await;
    }
    done(&*store, keep("a", 1).message(put(Queue::DeadLetters, 4, None, b"dead"))).await;
    let page = async |after, limit| {
        let page = store.messages(&sequence("a"), Queue::Received, after, limit).await.unwrap();
        assert!(page.iter().all(|m| m.body[..] == [m.number as u8] && m.queue == Queue::Received));
        numbers(&page)
    };
    assert_eq!(page(0, 100).await, [1, 3, 5, 9]);
    assert_eq!(page(0, 2).await, [1, 3]);
    assert_eq!(page(3, 2).await, [5, 9]);
    assert_eq!(page(9, 2).await, [0_u64; 0]);
    assert_eq!(page(0, 0).await, [0_u64; 0]);
    // Replaced, and removed; twice is no mistake.
    let change = keep("a", 1).message(put(Queue::Received, 3, None, &[3]));
    let change = change.message(MessageChange::Remove(Queue::Received, 5));
    done(&*store, change.message(MessageChange::Remove(Queue::Received, 5))).await;
    done(&*store, keep("a", 1).message(MessageChange::Remove(Queue::Received, 4))).await;
    assert_eq!(page(0, 100).await, [1, 3, 9]);
    let (_, records) = mine(&*store, "a").await;
    let all: Vec<_> = records[0].messages.iter().map(|m| (m.queue, m.number)).collect();
    let received = |number| (Queue::Received, number);
    assert_eq!(all, [received(1), received(3), received(9), (Queue::DeadLetters, 4)]);
    let nothing = store.messages(&sequence("nothing"), Queue::Received, 0, 9).await.unwrap();
    assert_eq!(nothing, []);
}

pub(crate) async fn messages_by_name(world: impl World) {
    let store = world.store();
    let begin = outbox("a").message(put(Queue::Outgoing, 1, Some("order 1"), b"one"));
    done(&*store, begin.message(put(Queue::Results, 7, Some("order 1"), b"result"))).await;
    let found = async |queue, text| {
        let found = store.message(&outbox_id("a"), queue, &name(text)).await.unwrap();
        found.map(|message| (message.number, message.body))
    };
    assert_eq!(found(Queue::Outgoing, "order 1").await, Some((1, Bytes::from_static(b"one"))));
    assert_eq!(found(Queue::Results, "order 1").await, Some((7, Bytes::from_static(b"result"))));
    assert_eq!(found(Queue::Outgoing, "order 2").await, None);
    assert_eq!(found(Queue::DeadLetters, "order 1").await, None);
    let keep = || unit(outbox_id("a"), 1, Step::Keep);
    done(&*store, keep().message(put(Queue::Outgoing, 1, Some("renamed"), b"one"))).await;
    assert_eq!(found(Queue::Outgoing, "order 1").await, None);
    assert!(found(Queue::Outgoing, "renamed").await.is_some());
    done(&*store, keep().message(MessageChange::Remove(Queue::Outgoing, 1))).await;
    assert_eq!(found(Queue::Outgoing, "renamed").await, None);
}

pub(crate) async fn names_of_messages_are_unique(world: impl World) {
    let store = world.store();
    done(&*store, outbox("a").message(put(Queue::Outgoing, 5, Some("key"), b"one"))).await;
    done(&*store, outbox("b").message(put(Queue::Outgoing, 1, Some("key"), b"of b"))).await;
    let keep = || unit(outbox_id("a"), 1, Step::Keep);
    let again = put(Queue::Outgoing, 6, Some("key"), b"again");
    exists(&*store, keep().message(again.clone()), 5).await;
    done(&*store, keep().message(put(Queue::Outgoing, 5, Some("key"), b"replaced"))).await;
    // Within one unit the changes come one after the other.
    let twice = keep().message(put(Queue::Outgoing, 7, Some("new"), b""));
    exists(&*store, twice.message(put(Queue::Outgoing, 8, Some("new"), b"")), 7).await;
    let gone = keep().message(MessageChange::Remove(Queue::Outgoing, 5));
    done(&*store, gone.message(again)).await;
    let freed = keep().message(put(Queue::Outgoing, 6, None, b"without a name"));
    done(&*store, freed.message(put(Queue::Outgoing, 9, Some("key"), b"nine"))).await;
    let all = store.messages(&outbox_id("a"), Queue::Outgoing, 0, 10).await.unwrap();
    assert_eq!(numbers(&all), [6, 9]);
    assert_eq!((all[0].name.clone(), all[1].name.clone()), (None, Some(name("key"))));
}

pub(crate) async fn an_outbox_is_loaded_without_results(world: impl World) {
    let store = world.store();
    let mut begin = outbox("a");
    for number in 1..=20 {
        let key = format!("key {number}");
        begin = begin.message(put(Queue::Outgoing, number, Some(&key), b"call"));
        begin = begin.message(put(Queue::Results, number, Some(&key), b"result"));
        begin = begin.message(put(Queue::DeadLetters, number, None, b"dead"));
    }
    done(&*store, begin).await;
    let (_, records) = mine(&*store, "a").await;
    assert_eq!(numbers(&records[0].messages), (1..=20).collect::<Vec<_>>());
    assert!(records[0].messages.iter().all(|m| m.queue == Queue::Outgoing));
    let results = store.messages(&outbox_id("a"), Queue::Results, 0, 100).await.unwrap();
    assert_eq!(results.len(), 20);
}

pub(crate) async fn refuses_what_is_too_large(world: impl World) {
    let store = world.store();
    let long = "n".repeat(513);
    let refused = async |unit: Unit| {
        let outcome = store.commit(unit).await;
        assert!(
            matches!(&outcome, Outcome::Refused(waxwing_store::StoreError::Configuration(_))),
            "{outcome:?}"
        );
    };
    refused(create(&long, b"")).await;
    refused(create("a", b"").name(NameChange::Add(name(&long)))).await;
    refused(create("a", b"").message(put(Queue::Received, 1, Some(&long), b""))).await;
    refused(create("a", b"").message(put(Queue::Received, u64::MAX, None, b""))).await;
    unknown(&*store, "a").await;
    done(&*store, create(&"n".repeat(512), b"")).await;
}
