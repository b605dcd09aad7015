//! Messages that were meant for another service. A key that is encrypted for a service says nothing of who encrypted it:
//! whoever is called by a client can encrypt the key of the client's message anew, for another service, and hand the
//! message on. What says for whom it was is `To`, which is signed.

mod common;

use common::{Mode, Pair};
use waxwing_reliable::ReliableMessagingVersion::{February2005, V11};
use waxwing_security::conversation::Protection;

const ELSEWHERE: &str = "http://localhost:8000/elsewhere";

/// As it arrives after it was encrypted anew: for our certificate, with the `To` of the other service.
#[test]
fn a_request_for_a_session_with_another_service_begins_none() {
    for reliable in [Some(February2005), Some(V11), None] {
        let mode = Mode { reliable, protection: Protection::Conversation };
        let mut pair = Pair::addressed(mode, ELSEWHERE);
        pair.begin();
        pair.settle();
        assert_eq!(pair.security_sessions(), 0, "{mode:?}");
        assert!(!pair.opened && pair.faulted.is_some(), "{mode:?}");
    }
}

#[test]
fn a_message_to_another_service_is_not_executed() {
    let mode = Mode { reliable: None, protection: Protection::OneShot };
    let mut pair = Pair::addressed(mode, ELSEWHERE);
    pair.begin();
    pair.call(1, "one");
    pair.settle();
    assert!(pair.executed.is_empty() && !pair.completed.contains_key(&1));
}
