//! Renewal, expiry, cancellation and bounds of sessions; our client against our service in memory.

#[path = "common/nego.rs"]
mod nego;

use jiff::SignedDuration;
use nego::{Credential, Pair, Setup, fault, moment, says, still, wire};
use waxwing_security::conversation::{ClientError, FaultOrigin, ReplyKind, ServiceError, Step};
use waxwing_security::wsse::Dialect;

fn open_pair() -> Pair {
    let setup = Setup::by_certificate(Dialect::February2005, Credential::Certificate("alice"));
    let mut pair = setup.build();
    pair.open().unwrap();
    pair
}

fn mins(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

#[test]
fn after_its_end_a_session_is_unknown() {
    // Ended by the client.
    let mut pair = open_pair();
    let (request, correlation) = pair.request("late");
    pair.cancel().unwrap();
    let reply = pair.service.answer(&request, pair.now);
    assert_eq!(fault(&reply.envelope).0, "Sender/BadContextToken");
    assert!(fault(&reply.envelope).1.contains(&format!("the action '{}'", nego::ADD)));
    assert!(pair.client.verify(wire(&reply.envelope), &correlation, &still(pair.now)).is_err());
    assert!(pair.client.protect(wire(&request), &mut moment(pair.now, &mut pair.random)).is_err());
    // Ended by the service.
    let mut pair = open_pair();
    let (request, _) = pair.request("first");
    let session = pair.service.message(&request, pair.now).session.unwrap();
    pair.service.security.end_session(&session);
    let (_, error) = pair.refused_call("second");
    assert!(error.ends_session());
    says(&error, &["BadContextToken", "does not know the security session"]);
    let error = pair.cancel().unwrap_err();
    says(&error, &["the cancellation of the security session"]);
    assert!(pair.client.context().is_none(), "over anyway");
}

#[test]
fn renewal_keeps_both_keys_for_a_while() {
    let mut pair = open_pair();
    pair.call("one").unwrap();
    let (old, _) = pair.request("sent before, arrives after");
    let (older, _) = pair.request("arrives much later");
    // The reply to a message under the old key is under way while the key is renewed.
    let (first, correlation) = pair.request("slow");
    let message = pair.service.message(&first, pair.now);
    let slow = pair.echo(message);
    pair.renew().unwrap();
    pair.client.verify(wire(&slow), &correlation, &still(pair.now)).unwrap();
    pair.service.message(&old, pair.now);
    pair.call("two").unwrap();
    pair.pass(mins(3));
    pair.service.message(&older, pair.now);
    let (request, _) = pair.request("new");
    assert!(String::from_utf8(request.to_bytes()).unwrap().contains(":Instance"));
    pair.service.message(&request, pair.now);
}

#[test]
fn the_old_key_is_refused_after_the_rollover() {
    let mut setup = Setup::by_certificate(Dialect::February2005, Credential::None);
    setup.service.limits.key_rollover = mins(2);
    let mut pair = setup.build();
    pair.open().unwrap();
    let (old, correlation) = pair.request("old");
    pair.renew().unwrap();
    pair.call("new").unwrap();
    pair.pass(mins(3));
    let (reply, error) = pair.refused(&old, &correlation);
    assert_eq!(fault(&reply.envelope).0, "Sender/BadContextToken");
    assert!(error.ends_session());
    pair.call("still").unwrap();
}

#[test]
fn a_key_that_expired_is_renewed_at_the_service_s_demand() {
    let mut setup = Setup::by_certificate(Dialect::February2005, Credential::Certificate("alice"));
    setup.service.limits.session_key_lifetime = mins(2);
    setup.client.key_renewal_interval = SignedDuration::from_hours(10);
    setup.client.renewal_threshold_percent = 100;
    let mut pair = setup.build();
    pair.open().unwrap();
    pair.call("one").unwrap();
    assert!(!pair.client.renewal_due(&still(pair.now)));
    pair.pass(mins(3));
    assert!(pair.client.renewal_due(&still(pair.now)));
    let (reply, error) = pair.refused_call("too late");
    assert!(matches!(error, ClientError::RenewNeeded), "{error}");
    assert!(error.is_retryable() && !error.ends_session());
    assert_eq!(reply.kind, ReplyKind::Fault);
    assert!(matches!(reply.error, Some(ServiceError::KeyExpired(_))));
    assert!(pair.client.renewal_due(&still(pair.now)));
    pair.renew().unwrap();
    assert!(!pair.client.renewal_due(&still(pair.now)));
    pair.call("two").unwrap();
}

#[test]
fn renewal_is_due_after_its_part_of_the_key_s_life() {
    let mut pair = open_pair();
    pair.pass(SignedDuration::from_hours(8));
    assert!(!pair.client.renewal_due(&still(pair.now)));
    pair.pass(SignedDuration::from_hours(1));
    assert!(pair.client.renewal_due(&still(pair.now)), "60 % of 15 hours");
}

#[test]
fn nobody_renews_the_session_of_another() {
    let setup = |name| {
        let mut setup =
            Setup::by_certificate(Dialect::February2005, Credential::Certificate("alice"));
        setup.client.credential = Credential::Certificate(name).client();
        setup
    };
    let mut alice = setup("alice").build();
    alice.open().unwrap();
    alice.call("one").unwrap();
    // The same seeds give the same session and key: Bob has got hold of Alice's.
    let mut bob = setup("bob").build();
    bob.open().unwrap();
    assert_eq!(bob.client.context(), alice.client.context());
    let (stolen, _) = bob.request("by the key alone a message is good");
    alice.service.message(&stolen, alice.now);
    let Step::Send(renew) = bob.client.renew(&mut moment(bob.now, &mut bob.random)).unwrap() else {
        panic!("nothing to send")
    };
    let reply = alice.service.answer(&renew, alice.now);
    says(reply.error.as_ref().unwrap(), &["another caller renews the session"]);
    let outcome =
        bob.client.handle_reply(wire(&reply.envelope), &mut moment(bob.now, &mut bob.random));
    says(&outcome.unwrap_err(), &["InvalidRequest", "the renewal of the session key"]);
    // Renewed at a service that does not know the session.
    let mut stranger = setup("alice").build_seeded(8);
    let Step::Send(renew) = alice.client.renew(&mut moment(alice.now, &mut alice.random)).unwrap()
    else {
        panic!("nothing to send")
    };
    let reply = stranger.service.answer(&renew, alice.now);
    let outcome =
        alice.client.handle_reply(wire(&reply.envelope), &mut moment(alice.now, &mut alice.random));
    assert!(matches!(outcome, Err(ClientError::Fault { origin: FaultOrigin::Renew, .. })));
    alice.call("the session survives").unwrap();
}

#[test]
fn pending_sessions_are_bounded_and_lapse() {
    let mut setup = Setup::by_certificate(Dialect::February2005, Credential::None);
    setup.service.limits.max_pending_sessions = 2;
    let mut pair = setup.clone().build_seeded(1);
    pair.open().unwrap();
    let mut others: Vec<Pair> = (2..5).map(|seed| setup.clone().build_seeded(seed)).collect();
    std::mem::swap(&mut pair.service, &mut others[0].service);
    others[0].open().unwrap();
    let [first, second, ..] = &mut others[..] else { panic!() };
    std::mem::swap(&mut first.service, &mut second.service);
    let error = second.open().unwrap_err();
    let ClientError::SecuredFault { fault, origin } = &error else { panic!("{error}") };
    assert_eq!(
        (fault.subcode().unwrap().local.as_str(), *origin),
        ("ServerTooBusy", FaultOrigin::Issue)
    );
    assert_eq!(second.service.security.session_count(), 2);
    second.pass(mins(3));
    second.open().unwrap();
    assert_eq!(second.service.security.session_count(), 1, "the two others lapsed");
}

/// A session that was used once was kept for ever.
#[test]
fn a_used_session_that_is_idle_is_forgotten() {
    let mut pair = open_pair();
    pair.call("used").unwrap();
    // The reliable session above, or an answer under way, holds it: it is not idle.
    let (request, _) = pair.request("slow");
    let held = pair.service.message(&request, pair.now);
    pair.pass(mins(300));
    assert!(pair.service.security.sweep(&still(pair.now)).is_empty());
    drop(held);
    pair.call("goes on").unwrap();
    pair.pass(mins(9));
    assert!(pair.service.security.sweep(&still(pair.now)).is_empty());
    pair.pass(mins(2));
    let swept = pair.service.security.sweep(&still(pair.now));
    assert_eq!((swept.idle, swept.to_string().as_str()), (1, "1 security session idle"));
    assert_eq!(pair.service.security.session_count(), 0);
    let (_, error) = pair.refused_call("too late");
    says(&error, &["BadContextToken"]);
}

#[test]
fn a_session_whose_key_has_expired_is_forgotten() {
    let mut setup = Setup::by_certificate(Dialect::February2005, Credential::None);
    setup.service.limits.session_key_lifetime = mins(2);
    setup.service.limits.session_idle_timeout = mins(60);
    let mut pair = setup.build();
    pair.open().unwrap();
    pair.call("used").unwrap();
    pair.pass(mins(4));
    assert!(
        pair.service.security.sweep(&still(pair.now)).is_empty(),
        "its client may still renew it"
    );
    pair.pass(mins(2));
    let swept = pair.service.security.sweep(&still(pair.now));
    assert_eq!((swept.expired, pair.service.security.session_count()), (1, 0));
}

#[test]
fn a_session_that_is_done_with_ends_without_its_cancellation() {
    let mut pair = open_pair();
    let (request, _) = pair.request("only");
    let session = pair.service.message(&request, pair.now).session.unwrap();
    pair.service.security.release_session(&session, &still(pair.now));
    drop(session);
    pair.pass(SignedDuration::from_secs(59));
    assert!(pair.service.security.sweep(&still(pair.now)).is_empty());
    pair.pass(SignedDuration::from_secs(1));
    assert_eq!(pair.service.security.sweep(&still(pair.now)).not_cancelled, 1);
}

/// The answer to the end of a sequence may be lost again and again: whoever asks for it once more is not refused.
#[test]
fn a_session_that_is_done_with_lives_on_while_its_client_repeats_itself() {
    let mut pair = open_pair();
    let (request, _) = pair.request("last");
    let session = pair.service.message(&request, pair.now).session.unwrap();
    pair.service.security.release_session(&session, &still(pair.now));
    drop(session);
    pair.pass(SignedDuration::from_secs(50));
    let (again, _) = pair.request("last");
    assert!(pair.service.message(&again, pair.now).session.is_some());
    pair.pass(SignedDuration::from_secs(59));
    assert!(pair.service.security.sweep(&still(pair.now)).is_empty());
    pair.pass(SignedDuration::from_secs(1));
    assert_eq!(pair.service.security.sweep(&still(pair.now)).not_cancelled, 1);
}

/// How long something idles is told by the clock that does not jump.
#[test]
fn a_clock_that_is_set_forward_ends_no_session() {
    let mut pair = open_pair();
    pair.call("used").unwrap();
    let mut later = still(pair.now);
    later.wall += mins(300);
    later.time = later.time + std::time::Duration::from_secs(1);
    assert!(pair.service.security.sweep(&later).is_empty());
    assert_eq!(pair.service.security.session_count(), 1);
}

/// More answers are lost than keys may wait: the oldest make way, and the next renewal renews.
#[test]
fn twenty_lost_renewals_lock_nobody_out() {
    let mut pair = open_pair();
    pair.call("one").unwrap();
    for _ in 0..20 {
        let step = pair.client.renew(&mut moment(pair.now, &mut pair.random)).unwrap();
        let Step::Send(request) = step else { panic!("nothing to send") };
        let reply = pair.service.answer(&request, pair.now);
        assert!(reply.error.is_none(), "{:?}", reply.error);
        pair.client.abandon_exchange();
    }
    pair.call("the session goes on").unwrap();
    // The twenty-first answer arrives.
    let Step::Send(request) = pair.client.renew(&mut moment(pair.now, &mut pair.random)).unwrap()
    else {
        panic!("nothing to send")
    };
    let reply = pair.service.answer(&request, pair.now);
    pair.client.handle_reply(reply.envelope, &mut moment(pair.now, &mut pair.random)).unwrap();
    pair.call("under the new key").unwrap();
}

#[test]
fn a_closing_service_takes_no_new_sessions_and_keeps_the_old() {
    let setup = Setup::by_certificate(Dialect::February2005, Credential::None);
    let mut pair = setup.clone().build();
    pair.open().unwrap();
    pair.service.security.close();
    pair.call("still served").unwrap();
    let mut late = setup.build_seeded(9);
    std::mem::swap(&mut pair.service, &mut late.service);
    let error = late.open().unwrap_err();
    says(&error, &["EndpointUnavailable"]);
}
