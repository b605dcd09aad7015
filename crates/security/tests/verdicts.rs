//! Who somebody is is decided outside, and may take its time: what became of everything else meanwhile, and what a verdict
//! that is late, refuses, or never comes leaves behind.

#[path = "common/nego.rs"]
mod nego;

use nego::legs::*;
use nego::{
    Credential, Pair, Setup, application_request, certificate, fault, moment, says, still, wire,
};
use waxwing_crypto::Usage;
use waxwing_security::conversation::{
    Authentication, ClientError, Evidence, Incoming, ReplyKind, ServiceError, ServiceReply, Step,
};
use waxwing_security::error::Staleness;
use waxwing_security::negotiation::NegotiationError;
use waxwing_security::{PeerTag, Reason};
use waxwing_soap::Envelope;

const USER: Credential = Credential::UserName("secret");

/// The service gets a message and asks who sent it.
fn asked(pair: &mut Pair, request: &Envelope) -> Box<Authentication> {
    let mut at = moment(pair.now, &mut pair.service.random);
    match pair.service.security.receive(wire(request), PeerTag::UNKNOWN, &mut at) {
        Incoming::Authenticate(authentication) => authentication,
        other => panic!("{other:?}"),
    }
}

/// The verdict is given, now.
fn judged(
    pair: &mut Pair,
    authentication: Box<Authentication>,
    verdict: Result<(), &str>,
) -> Incoming {
    let verdict = verdict.map_err(str::to_owned);
    let mut at = moment(pair.now, &mut pair.service.random);
    pair.service.security.authenticated(authentication, verdict, &mut at)
}

#[track_caller]
fn refusal(incoming: Incoming) -> ServiceReply {
    match incoming {
        Incoming::Reply(reply) if reply.kind == ReplyKind::Fault => *reply,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn reason(reply: &ServiceReply) -> &Reason {
    match &reply.error {
        Some(ServiceError::Message(error)) => error.reason(),
        other => panic!("{other:?}"),
    }
}

/// A client's request for a session, over the service's certificate.
fn session_request(pair: &mut Pair) -> Envelope {
    sent(pair.client.open(&mut moment(pair.now, &mut pair.random)).unwrap())
}

fn counts(pair: &Pair) -> (usize, usize, usize) {
    let security = &pair.service.security;
    (security.negotiation_count(), security.token_count(), security.session_count())
}

#[test]
fn the_evidence_is_what_the_sender_showed() {
    let mut pair = Setup::by_certificate(OLD, USER).build();
    let request = session_request(&mut pair);
    let authentication = asked(&mut pair, &request);
    let Evidence::UserName(shown) = authentication.evidence() else { panic!() };
    assert_eq!((&*shown.username, shown.password.as_ref().unwrap().as_str()), ("alice", "secret"));
    let text = format!("{authentication:?} {}", authentication.evidence());
    assert!(text.contains("alice") && !text.contains("secret"), "{text}");

    let mut pair = Setup::by_certificate(OLD, ALICE).build();
    let request = session_request(&mut pair);
    let authentication = asked(&mut pair, &request);
    let Evidence::Certificate(shown) = authentication.evidence() else { panic!() };
    assert_eq!((&shown.certificate, shown.usage), (&certificate("alice"), Usage::Client));
    assert!(shown.chain.is_empty());

    let mut pair = Setup::negotiated(OLD, ALICE).build();
    let (_, _, three) = three_legs(&mut pair);
    let authentication = asked(&mut pair, &three);
    let Evidence::Certificate(shown) = authentication.evidence() else { panic!() };
    assert_eq!((&shown.certificate, shown.usage), (&certificate("alice"), Usage::Client));
}

#[test]
fn a_negotiation_that_lapsed_meanwhile_gets_no_token() {
    let mut pair = Setup::negotiated(OLD, ALICE).build();
    let (_, _, three) = three_legs(&mut pair);
    let authentication = asked(&mut pair, &three);
    assert_eq!(counts(&pair), (1, 0, 0), "it keeps its place");
    pair.pass(secs(61));
    let reply = refusal(judged(&mut pair, authentication, Ok(())));
    refused(&reply, INVALID_REQUEST);
    assert!(matches!(negotiation_error(&reply), NegotiationError::GivenUp(_)));
    assert_eq!(counts(&pair), (0, 0, 0));
}

#[test]
fn a_negotiation_begun_again_meanwhile_gets_no_token() {
    let mut pair = Setup::negotiated(OLD, ALICE).build();
    let (one, _, three) = three_legs(&mut pair);
    let authentication = asked(&mut pair, &three);
    let again = pair.service.answer(&one, pair.now);
    assert!(matches!(negotiation_error(&again), NegotiationError::RepeatedContext(_)));
    // And a third time: now there is one of this name that is not the one that was judged.
    assert!(pair.service.answer(&one, pair.now).error.is_none());
    let reply = refusal(judged(&mut pair, authentication, Ok(())));
    assert!(matches!(negotiation_error(&reply), NegotiationError::GivenUp(_)));
    assert_eq!(counts(&pair), (1, 0, 0), "the other one goes on");
}

#[test]
fn a_service_that_closes_meanwhile_issues_nothing() {
    let mut pair = Setup::negotiated(OLD, ALICE).build();
    let (_, _, three) = three_legs(&mut pair);
    let authentication = asked(&mut pair, &three);
    pair.service.security.close();
    let reply = refusal(judged(&mut pair, authentication, Ok(())));
    assert!(matches!(reply.error, Some(ServiceError::Closing)), "{:?}", reply.error);
    assert_eq!(fault(&reply.envelope).0, "Receiver/EndpointUnavailable");
    assert_eq!(counts(&pair), (0, 0, 0));

    let mut pair = Setup::by_certificate(OLD, USER).build();
    let request = session_request(&mut pair);
    let authentication = asked(&mut pair, &request);
    pair.service.security.close();
    let reply = refusal(judged(&mut pair, authentication, Ok(())));
    assert!(matches!(reply.error, Some(ServiceError::Closing)), "{:?}", reply.error);
    assert_eq!(counts(&pair), (0, 0, 0));
}

/// Both copies wait for their verdicts; whichever is judged first is the message.
#[test]
fn a_message_that_comes_twice_while_it_is_judged_counts_once() {
    for credential in [USER, ALICE] {
        let mut pair = Setup::by_certificate(OLD, credential).build();
        let request = session_request(&mut pair);
        let (first, second) = (asked(&mut pair, &request), asked(&mut pair, &request));
        let Incoming::Reply(reply) = judged(&mut pair, second, Ok(())) else { panic!() };
        assert!(reply.error.is_none() && reply.began.is_some());
        let reply = refusal(judged(&mut pair, first, Ok(())));
        assert_eq!(reason(&reply), &Reason::Replay);
        assert_eq!(counts(&pair), (0, 0, 1));

        let mut pair = Setup::by_certificate(OLD, credential).one_shot().build();
        pair.open().unwrap();
        let (request, _) = pair.request("once");
        let (first, second) = (asked(&mut pair, &request), asked(&mut pair, &request));
        assert!(matches!(judged(&mut pair, first, Ok(())), Incoming::Message(_)));
        let reply = refusal(judged(&mut pair, second, Ok(())));
        assert_eq!(reason(&reply), &Reason::Replay);
    }
}

/// With and without a memory of messages: what came fresh is no longer fresh.
#[test]
fn a_message_that_is_too_old_when_it_is_judged_is_refused() {
    for detects in [true, false] {
        let mut setup = Setup::by_certificate(OLD, USER);
        setup.service.detect_replays = detects;
        let mut pair = setup.build();
        let request = session_request(&mut pair);
        let authentication = asked(&mut pair, &request);
        pair.pass(mins(10));
        let reply = refusal(judged(&mut pair, authentication, Ok(())));
        assert!(matches!(reason(&reply), Reason::Stale(Staleness::TooOld { .. })));
        assert_eq!(counts(&pair), (0, 0, 0));
    }
}

#[test]
fn a_token_that_lapsed_meanwhile_protects_nothing() {
    let mut setup = Setup::negotiated(OLD, USER).one_shot();
    setup.service.limits.one_shot_token_lifetime = mins(2);
    let mut pair = setup.build();
    pair.open().unwrap();
    pair.pass(mins(1));
    let (request, _) = pair.request("x");
    let authentication = asked(&mut pair, &request);
    pair.pass(mins(2));
    let reply = refusal(judged(&mut pair, authentication, Ok(())));
    assert!(matches!(reason(&reply), Reason::UnknownContext(_)));
    assert_eq!(fault(&reply.envelope).0, "Sender/BadContextToken");
}

#[test]
fn a_table_that_filled_meanwhile_takes_nobody() {
    let mut setup = Setup::by_certificate(OLD, USER);
    setup.service.limits.max_pending_sessions = 1;
    let mut pair = setup.clone().build();
    let mut other = setup.build_seeded(9);
    let (one, two) = (session_request(&mut pair), session_request(&mut other));
    let (one, two) = (asked(&mut pair, &one), asked(&mut pair, &two));
    let Incoming::Reply(reply) = judged(&mut pair, one, Ok(())) else { panic!() };
    assert!(reply.began.is_some());
    let reply = refusal(judged(&mut pair, two, Ok(())));
    assert!(matches!(reply.error, Some(ServiceError::TooManyPending(1))), "{:?}", reply.error);
    assert_eq!(counts(&pair), (0, 0, 1));
}

/// The log hears why; the sender learns the same of every reason.
#[test]
fn a_refused_sender_learns_nothing_of_the_reason() {
    let answers = ["no such user", "a wrong password"].map(|why| {
        let mut pair = Setup::by_certificate(OLD, USER).build();
        let request = session_request(&mut pair);
        let authentication = asked(&mut pair, &request);
        let reply = refusal(judged(&mut pair, authentication, Err(why)));
        let Some(error @ ServiceError::UserName { .. }) = &reply.error else { panic!() };
        says(error, &["alice", why]);
        assert_eq!(counts(&pair), (0, 0, 0));
        // Refused is not remembered: nobody fills the memory who is not known.
        assert!(matches!(asked(&mut pair, &request).evidence(), Evidence::UserName(_)));
        assert_eq!(fault(&reply.envelope).0, "Sender/FailedAuthentication");
        reply.envelope.to_bytes()
    });
    assert_eq!(answers[0], answers[1]);

    let mut pair = Setup::negotiated(OLD, ALICE).build();
    let (_, _, three) = three_legs(&mut pair);
    let authentication = asked(&mut pair, &three);
    let reply = refusal(judged(&mut pair, authentication, Err("left the company")));
    refused(&reply, NOT_AUTHENTICATED);
    says(reply.error.as_ref().unwrap(), &["CN=alice", "left the company"]);
    assert_eq!(counts(&pair), (0, 0, 0));
}

#[test]
fn a_verdict_that_is_never_given_leaves_nothing() {
    let mut pair = Setup::negotiated(OLD, ALICE).build();
    for _ in 0..200 {
        let (_, _, three) = three_legs(&mut pair);
        drop(asked(&mut pair, &three));
        pair.client.abandon_exchange();
    }
    assert_eq!(counts(&pair), (0, 0, 0));
    pair.open().unwrap();
    pair.call("served").unwrap();

    // The message may come again: it is as if it had not come before.
    let mut pair = Setup::by_certificate(OLD, USER).build();
    let request = session_request(&mut pair);
    drop(asked(&mut pair, &request));
    assert_eq!(counts(&pair), (0, 0, 0));
    let authentication = asked(&mut pair, &request);
    let Incoming::Reply(reply) = judged(&mut pair, authentication, Ok(())) else { panic!() };
    assert!(reply.began.is_some());
}

/// What waits holds no lock: another client is served while one is judged.
#[test]
fn others_are_served_while_somebody_is_judged() {
    let mut pair = Setup::by_certificate(OLD, ALICE).build();
    let request = session_request(&mut pair);
    let authentication = asked(&mut pair, &request);
    let mut other = Setup::by_certificate(OLD, ALICE).build_seeded(5);
    std::mem::swap(&mut pair.service, &mut other.service);
    other.open().unwrap();
    other.call("served").unwrap();
    std::mem::swap(&mut pair.service, &mut other.service);
    let Incoming::Reply(reply) = judged(&mut pair, authentication, Ok(())) else { panic!() };
    assert!(reply.began.is_some());
}

#[test]
fn the_client_sends_nothing_before_it_knows_its_service() {
    let mut pair = Setup::by_certificate(OLD, USER).build();
    let at = &mut moment(pair.now, &mut pair.random);
    let client = &mut pair.client.security;
    let Step::Authenticate(evidence) = client.open(at).unwrap() else { panic!("sent") };
    let Evidence::Certificate(shown) = &*evidence else { panic!() };
    assert_eq!((&shown.certificate, shown.usage), (&certificate("service"), Usage::Service));
    assert!(matches!(client.open(at), Err(ClientError::State(_))));
    assert!(client.service_certificate().is_none());
    let message = application_request("x", &mut nego::Seeded(1));
    assert!(client.protect(message, at).is_err(), "nothing is encrypted for it");
    let error = client.authenticated(Err("unknown".to_owned()), at).unwrap_err();
    assert!(matches!(error, ClientError::UntrustedService { .. }), "{error}");
    // It is over: a second verdict finds nothing, and opening begins anew.
    assert!(matches!(client.authenticated(Ok(()), at), Err(ClientError::State(_))));
    assert!(matches!(client.open(at), Ok(Step::Authenticate(_))));
    assert!(matches!(client.authenticated(Ok(()), at), Ok(Step::Send(_))));
}

#[test]
fn the_client_shows_its_certificate_to_nobody_whom_it_does_not_know() {
    let mut pair = Setup::negotiated(OLD, ALICE).build();
    let one = first(&mut pair);
    let two = pair.service.answer(&one, pair.now).envelope;
    let at = &mut moment(pair.now, &mut pair.random);
    let client = &mut pair.client.security;
    let Ok(Step::Authenticate(_)) = client.handle_reply(wire(&two), at) else { panic!("sent") };
    // Neither a second answer nor a new beginning goes past the question.
    assert!(client.handle_reply(wire(&two), at).is_err());
    assert!(client.open(at).is_err());
    client.abandon_exchange();
    assert!(matches!(client.authenticated(Ok(()), at), Err(ClientError::State(_))));
    assert!(!client.renewal_due(&still(pair.now)));
}
