//! What every store does: the same tests for each. A file of tests says how its stores are made (`World`) and calls
//! `conformance!`.

// Each store uses of it what it can.
#![allow(dead_code, unused_macros)]

mod fences;
mod messages;
mod names;
mod random;
mod recovery;

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use waxwing_store::{
    Claim, Epoch, Group, Kind, MessageChange, Name, NameChange, Outcome, Queue, Record, RecordId,
    Step, Store, StoredMessage, Unit, Version,
};

pub(crate) use fences::*;
pub(crate) use messages::*;
pub(crate) use names::*;
pub(crate) use random::*;
pub(crate) use recovery::*;

/// A store that begins empty, and the nodes that share it.
#[allow(async_fn_in_trait, reason = "tests run it on one thread")]
pub(crate) trait World {
    /// As the process of the first node has it.
    fn store(&self) -> Arc<dyn Store>;

    /// The first node's process ends without a word, and its next one opens the store.
    async fn restart(&mut self);

    /// As a second node that lives has it. None: it is for one node only.
    async fn other(&self) -> Option<Arc<dyn Store>>;

    /// The first node is dead for the others from now on, and not started again.
    async fn kill(&mut self);

    /// How the others reach the first node.
    fn address(&self) -> String;
}

/// Makes the tests for a store. `$world` is an async function: from a quota of records and octets (none: without limits) to
/// its `World`. `$missing`, if it is there, says whether what the store needs is missing.
macro_rules! conformance {
    ($world:path) => {
        conformance!($world, unless conformance::never);
    };
    ($world:path, unless $missing:path) => {
        conformance!(@tests $world, $missing, None, [
            begins_writes_and_is_loaded_again, follows_versions, fences_those_before, removes, keeps_everything_of_a_record,
            groups_have_their_context_first, names_find_groups, names_are_unique, a_unit_is_done_or_not,
            messages_by_number, messages_by_name, names_of_messages_are_unique, an_outbox_is_loaded_without_results,
            restarts, unfinished_work_is_found, in_pages, expires, what_is_acknowledged_does_not_expire, refuses_what_is_too_large,
            the_living_keep_their_groups, what_is_released_is_taken, order_of_a_group, a_closed_store_takes_nothing, lists_records, any_history,
        ]);
        conformance!(@tests $world, $missing, Some((3, u64::MAX)), [too_many_records]);
        conformance!(@tests $world, $missing, Some((u64::MAX, 100_000)), [too_many_octets]);
    };
    (@tests $world:path, $missing:path, $quota:expr, [$($test:ident),* $(,)?]) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            if !$missing() {
                conformance::$test($world($quota).await).await;
            }
        }
    )*};
}

/// Nothing is missing.
pub(crate) fn never() -> bool {
    false
}

pub(crate) fn group(name: &str) -> Group {
    Group::new(name)
}

pub(crate) fn name(name: &str) -> Name {
    Name::new(name)
}

/// The sequence of a group that has only that.
pub(crate) fn sequence(group: &str) -> RecordId {
    RecordId { group: Group::new(group), kind: Kind::Sequence, name: Name::new("") }
}

pub(crate) fn unit(record: RecordId, epoch: u64, step: Step) -> Unit {
    Unit {
        record,
        epoch: Epoch(epoch),
        step,
        expires_at: None,
        names: Vec::new(),
        messages: Vec::new(),
    }
}

pub(crate) fn create(group: &str, state: &'static [u8]) -> Unit {
    unit(sequence(group), 1, Step::Create(Bytes::from_static(state)))
}

pub(crate) fn write(group: &str, epoch: u64, version: u64, state: &'static [u8]) -> Unit {
    unit(sequence(group), epoch, Step::Write(Version(version), Bytes::from_static(state)))
}

pub(crate) fn keep(group: &str, epoch: u64) -> Unit {
    unit(sequence(group), epoch, Step::Keep)
}

pub(crate) fn outbox_id(group: &str) -> RecordId {
    RecordId { group: Group::new(group), kind: Kind::Outbox, name: Name::new("") }
}

pub(crate) fn outbox(group: &str) -> Unit {
    unit(outbox_id(group), 1, Step::Create(Bytes::from_static(b"outbox")))
}

pub(crate) fn put(queue: Queue, number: u64, named: Option<&str>, body: &[u8]) -> MessageChange {
    let name = named.map(Name::new);
    let body = Bytes::copy_from_slice(body);
    MessageChange::Put(StoredMessage { queue, number, name, body })
}

impl Change for Unit {}

/// More of a unit.
pub(crate) trait Change: Into<Unit> {
    fn message(self, change: MessageChange) -> Unit {
        let mut unit = self.into();
        unit.messages.push(change);
        unit
    }

    fn name(self, change: NameChange) -> Unit {
        let mut unit = self.into();
        unit.names.push(change);
        unit
    }

    fn until(self, seconds: i64) -> Unit {
        Unit { expires_at: Some(time(seconds)), ..self.into() }
    }
}

pub(crate) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).expect("a time")
}

pub(crate) async fn done(store: &dyn Store, unit: Unit) {
    let said = format!("{unit:?}");
    let outcome = store.commit(unit).await;
    assert!(outcome.is_done(), "{outcome:?} of {said}");
}

pub(crate) async fn fenced(store: &dyn Store, unit: Unit) {
    let outcome = store.commit(unit).await;
    assert!(matches!(outcome, Outcome::Fenced), "{outcome:?}");
}

pub(crate) async fn stale(store: &dyn Store, unit: Unit) {
    let outcome = store.commit(unit).await;
    assert!(matches!(outcome, Outcome::Stale), "{outcome:?}");
}

pub(crate) async fn exists(store: &dyn Store, unit: Unit, number: u64) {
    let outcome = store.commit(unit).await;
    assert!(matches!(outcome, Outcome::Exists(n) if n == number), "{outcome:?}");
}

/// A group that is free.
pub(crate) async fn mine(store: &dyn Store, name: &str) -> (u64, Vec<Record>) {
    match store.claim(&group(name)).await {
        Ok(Claim::Mine(epoch, records)) => (epoch.0, records),
        other => panic!("{name}: {other:?}"),
    }
}

pub(crate) async fn unknown(store: &dyn Store, name: &str) {
    let claim = store.claim(&group(name)).await;
    assert!(matches!(claim, Ok(Claim::Unknown)), "{claim:?}");
}
