//! Sessions that outlive their process: what is kept of them, restored by another one at either end.

#[path = "common/nego.rs"]
mod nego;
#[path = "common/nego_killable.rs"]
mod nego_killable;

use jiff::SignedDuration;
use nego::{Credential, Seeded, Setup, altered, fault, moment, says, still, wire};
use nego_killable::Killable;
use proptest::prelude::*;
use waxwing_crypto::AlgorithmSuite;
use waxwing_security::conversation::{
    ClientError, ClientIdentification, ClientOptions, ClientSecurity, ExpectedIdentity, Generation,
    Protection, ReplyKind, SavedClientContext, SavedContext, ServiceError, ServiceOptions, Step,
    named_contexts,
};
use waxwing_security::wsse::Dialect;
use waxwing_security::{ProtectionLevel, Reason};
use waxwing_soap::{Envelope, Mint, Origin};
use zeroize::Zeroize;

const OLD: Dialect = Dialect::February2005;
const ALICE: Credential = Credential::Certificate("alice");

fn mins(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

fn by_certificate() -> Setup {
    Setup::by_certificate(OLD, ALICE)
}

/// Every way to a session.
fn setups() -> Vec<Setup> {
    let mut setups = Vec::new();
    for dialect in Dialect::ALL {
        for credential in Credential::ALL {
            setups.push(Setup::by_certificate(dialect, credential));
            if credential != Credential::None {
                setups.push(Setup::over_transport(dialect, credential));
            }
        }
        setups.push(Setup::negotiated(dialect, ALICE));
        setups.push(Setup::negotiated(dialect, Credential::UserName("secret")));
    }
    setups
}

#[test]
fn either_end_may_be_killed_before_everything() {
    for setup in setups() {
        let credential = setup.client.credential.clone();
        let mut both = Killable::opened(setup);
        let certificate = both.client.service_certificate().cloned();
        for round in 0..3 {
            // On the way while the service is killed: the request; the answer, while the client is.
            let (request, correlation) = both.request("under way");
            let kept = both.kept();
            both.kill_service(&kept);
            let message = both.pair.service.message(&request, both.pair.now);
            assert_eq!(message.caller.name(), both.session().caller().name(), "{credential:?}");
            let answer = both.pair.echo(message);
            let kept = both.client_kept();
            both.kill_client(&kept);
            assert_eq!(both.client.service_certificate(), certificate.as_ref());
            let now = both.pair.now;
            both.pair.client.verify(wire(&answer), &correlation, &still(now)).unwrap();
            both.call("between").unwrap();
            both.renew().unwrap_or_else(|error| panic!("{credential:?} {round}: {error}"));
            both.call("renewed").unwrap();
        }
        let (kept, client) = (both.kept(), both.client_kept());
        both.kill_service(&kept);
        both.kill_client(&client);
        both.cancel().unwrap();
        assert_eq!(both.service.security.session_count(), 0);
    }
}

/// The service keeps a session when it issues a key, and not when that is first used.
#[test]
fn a_renewed_key_is_good_after_a_crash_whether_it_was_used_or_not() {
    for used_before in [false, true] {
        let mut both = Killable::opened(by_certificate());
        both.call("one").unwrap();
        let (old, _) = both.request("under the old key");
        both.renew().unwrap();
        let kept = both.kept();
        let generations: Vec<_> = kept.keys.iter().map(|key| key.generation).collect();
        assert_eq!(generations, [Generation::Current, Generation::Pending]);
        if used_before {
            both.call("two").unwrap();
        }
        both.kill_service(&kept);
        both.pair.service.message(&old, both.pair.now);
        both.call("three").unwrap();
        both.renew().unwrap();
        both.call("four").unwrap();
    }
}

#[test]
fn a_former_key_ends_when_it_would_have() {
    let mut setup = by_certificate();
    setup.service.limits.key_rollover = mins(2);
    let mut both = Killable::opened(setup);
    let (old, _) = both.request("old");
    let (older, correlation) = both.request("older");
    both.renew().unwrap();
    both.call("new").unwrap();
    both.pass(mins(1));
    let kept = both.kept();
    both.kill_service(&kept);
    both.pair.service.message(&old, both.pair.now);
    both.pass(mins(2));
    let (reply, _) = both.refused(&older, &correlation);
    assert_eq!(fault(&reply.envelope).0, "Sender/BadContextToken");
    both.call("goes on").unwrap();
}

/// A client that was killed in a renewal takes answers under the former key as long as it would have.
#[test]
fn answers_under_a_former_key_are_taken_after_a_crash() {
    for (late, good) in [(mins(4), true), (mins(6), false)] {
        let mut both = Killable::opened(by_certificate());
        let (request, correlation) = both.request("slow");
        let message = both.pair.service.message(&request, both.pair.now);
        let answer = both.pair.echo(message);
        both.renew().unwrap();
        let kept = both.client_kept();
        both.kill_client(&kept);
        both.pass(late);
        let now = both.pair.now;
        let taken = both.pair.client.verify(wire(&answer), &correlation, &still(now));
        assert_eq!(taken.is_ok(), good, "{late}");
    }
}

#[test]
fn what_has_expired_stays_expired_and_is_renewed() {
    let mut setup = by_certificate();
    setup.service.limits.session_key_lifetime = mins(2);
    setup.client.renewal_threshold_percent = 100;
    let mut both = Killable::opened(setup);
    both.call("one").unwrap();
    both.pass(mins(1));
    let (kept, client) = (both.kept(), both.client_kept());
    both.kill_service(&kept);
    both.kill_client(&client);
    assert!(!both.client.renewal_due(&still(both.now)));
    both.call("two").unwrap();
    both.pass(mins(2));
    assert!(both.client.renewal_due(&still(both.now)), "by the time when the client got it");
    let (kept, client) = (both.kept(), both.client_kept());
    both.kill_service(&kept);
    both.kill_client(&client);
    let (reply, error) = both.refused_call("late");
    assert!(matches!(error, ClientError::RenewNeeded), "{error}");
    assert!(matches!(reply.error, Some(ServiceError::KeyExpired(_))));
    both.renew().unwrap();
    both.call("three").unwrap();
}

/// The keys of one's own messages are the same after a crash, so that a message from before it is told when somebody sends
/// it back.
#[test]
fn a_message_of_one_s_own_from_before_a_crash_is_not_taken_for_the_other_s() {
    let mut setup = by_certificate();
    // An action that goes both ways: nothing but the key tells who wrote the message.
    let level = ProtectionLevel::EncryptAndSign;
    setup.service.requirements.operation(nego::ADD_RESPONSE, None, level);
    let mut both = Killable::opened(setup);
    both.call("one").unwrap();
    let (request, _) = both.request("two");
    let sent = token(&request);
    let message = both.pair.service.message(&request, both.pair.now);
    let answer = both.pair.echo(message);
    let reflected = altered(&answer, |text| {
        let at = text.find("</u:Timestamp>").unwrap() + "</u:Timestamp>".len();
        format!("{}{sent}{}", &text[..at], &text[at..])
    });
    let (kept, client) = (both.kept(), both.client_kept());
    both.kill_service(&kept);
    both.kill_client(&client);
    let reply = both.pair.service.answer(&reflected, both.pair.now);
    let Some(ServiceError::Message(error)) = &reply.error else { panic!("{reply:?}") };
    assert_eq!(error.reason(), &Reason::Reflected);
    assert_eq!(both.kept().keys[0].derived, kept.keys[0].derived);
    assert_eq!(both.client_kept().keys[0].derived, client.keys[0].derived);
    both.call("goes on").unwrap();
}

/// The SecurityContextToken of a message, as it stands there.
fn token(envelope: &Envelope) -> String {
    let text = String::from_utf8(envelope.to_bytes()).unwrap();
    let name = text.find(":SecurityContextToken u:Id").unwrap();
    let start = text[..name].rfind('<').unwrap();
    let close = format!("</{}:SecurityContextToken>", &text[start + 1..name]);
    let end = start + text[start..].find(&close).unwrap() + close.len();
    text[start..end].to_owned()
}

#[test]
fn what_was_not_used_is_forgotten_in_time_and_what_was_is_not() {
    for used in [false, true] {
        let mut both = Killable::opened(by_certificate());
        if used {
            both.call("one").unwrap();
        }
        let kept = both.kept();
        assert_eq!(kept.used, used);
        both.kill_service(&kept);
        both.pass(mins(3));
        let swept = both.service.security.sweep(&still(both.now));
        assert_eq!(swept.never_used, usize::from(!used));
        let over = both.service.security.forgotten();
        assert_eq!(over, if used { vec![] } else { vec![kept.identifier.clone()] });
        assert!(both.service.security.forgotten().is_empty(), "told once");
    }
}

#[test]
fn what_is_over_is_told_and_what_is_discarded_is_not() {
    let over = |both: &Killable| both.pair.service.security.forgotten();
    let mut both = Killable::opened(by_certificate());
    both.call("one").unwrap();
    let context = both.client_context();
    assert!(over(&both).is_empty());
    // Somebody else has it by now.
    let kept = both.kept();
    both.service.security.discard(&context);
    assert!(!both.service.security.knows(&context) && over(&both).is_empty());
    // Taken up again, and once more although it is there.
    let first = both.restore(&kept).unwrap();
    assert_eq!(both.restore(&kept).unwrap(), first);
    assert_eq!(both.service.security.session_count(), 1);
    both.call("two").unwrap();
    drop(first);
    both.cancel().unwrap();
    assert_eq!(over(&both), [context]);

    let mut both = Killable::opened(by_certificate());
    let session = both.session();
    both.service.security.end_session(&session);
    both.service.security.end_session(&session);
    assert_eq!(over(&both), [session.identifier()], "it ends once");

    // Who does not want to know is told nothing.
    both.service_options.durable = false;
    let kept = both.kept_of(&session);
    both.kill_service(&kept);
    let session = both.session();
    both.service.security.end_session(&session);
    assert!(over(&both).is_empty());
}

#[test]
fn restored_sessions_take_places() {
    let mut setup = by_certificate();
    setup.service.limits.max_sessions = 2;
    setup.service.limits.max_pending_sessions = 2;
    let mut both = Killable::opened(setup);
    let kept = both.kept();
    let other = |n: u32| {
        let mut other = kept.clone();
        other.identifier = format!("urn:uuid:{n}");
        other.keys.iter_mut().for_each(|key| key.identifier.clone_from(&other.identifier));
        other
    };
    both.new_service();
    // One credential has all places but a quarter (one at least), by what was begun and not used.
    both.restore(&other(1)).unwrap();
    let error = both.restore(&other(2)).unwrap_err();
    assert!(matches!(error, ServiceError::TooManyPending(_)), "{error}");
    // What is used is bounded by the table: those that nobody holds make way, after a minute.
    both.new_service();
    let used = |n| SavedContext { used: true, ..other(n) };
    let held = (both.restore(&used(1)).unwrap(), both.restore(&used(2)).unwrap());
    let error = both.restore(&used(3)).unwrap_err();
    assert!(matches!(error, ServiceError::TooManySessions(2)), "{error}");
    drop(held);
    both.pass(mins(2));
    both.restore(&used(3)).unwrap();
    assert_eq!(both.service.security.session_count(), 2);
    assert_eq!(both.service.security.forgotten().len(), 1);
}

#[test]
fn an_endpoint_that_is_set_otherwise_by_now_takes_nothing_up() {
    let mut setup = by_certificate();
    let suite = "Basic128".parse().unwrap();
    for settings in [&mut setup.client.settings, &mut setup.client.bootstrap] {
        settings.suite = suite;
    }
    for settings in [&mut setup.service.settings, &mut setup.service.bootstrap] {
        settings.suite = suite;
    }
    let mut both = Killable::opened(setup);
    let (kept, client) = (both.kept(), both.client_kept());
    let service = both.service_options.clone();
    let changes: [fn(&mut ServiceOptions); 3] = [
        |options| options.clients = ClientIdentification::None,
        |options| options.protection = Protection::OneShot,
        |options| options.settings.suite = AlgorithmSuite::BASIC256,
    ];
    for change in changes {
        both.service_options = service.clone();
        change(&mut both.service_options);
        both.new_service();
        let error = both.restore(&kept).unwrap_err();
        assert!(matches!(error, ServiceError::NotRestored(_)), "{error}");
        assert_eq!(both.service.security.session_count(), 0);
    }
    let options = both.client_options.clone();
    let restored = |options: &ClientOptions| {
        let mut security = ClientSecurity::new(options.clone(), &mut Seeded(1)).unwrap();
        let outcome = security.restore(&client, &mut moment(nego::noon(), &mut Seeded(2)));
        assert_eq!(security.context().is_some(), outcome.is_ok());
        outcome.map_err(|error| error.to_string())
    };
    assert_eq!(restored(&options), Ok(()));
    type Change = (fn(&mut ClientOptions), &'static str);
    let changes: [Change; 3] = [
        (|options| options.protection = Protection::OneShot, "no security context any more"),
        (|options| options.settings.suite = AlgorithmSuite::BASIC256, "was the suite changed"),
        (|options| options.identity = ExpectedIdentity::Dns("bob".into()), "bob"),
    ];
    for (change, why) in changes {
        let mut options = options.clone();
        change(&mut options);
        says(&restored(&options).unwrap_err(), &[why]);
    }
    // Over one that is open.
    let (now, random) = (both.now, &mut Seeded(3));
    let error = both.client.security.restore(&client, &mut moment(now, random)).unwrap_err();
    assert!(matches!(error, ClientError::State(_)), "{error}");
}

#[test]
fn contexts_in_cookies_are_taken_up_again() {
    for by_transport in [false, true] {
        let mut setup = match by_transport {
            false => by_certificate(),
            true => Setup::over_transport(OLD, ALICE),
        };
        setup.client.protection = Protection::Cookie;
        setup.service.protection = Protection::Cookie;
        let mut both = Killable::opened(setup);
        let kept = both.client_kept();
        assert!(!kept.accepted);
        both.call("one").unwrap();
        assert!(both.client_kept().accepted);
        let (request, correlation) = both.request("two");
        let message = both.pair.service.message(&request, both.pair.now);
        let answer = both.pair.echo(message);
        let kept = both.client_kept();
        both.kill_client(&kept);
        let now = both.pair.now;
        both.pair.client.verify(wire(&answer), &correlation, &still(now)).unwrap();
        both.call("three").unwrap();
        // A service that lost its keys: the context was good before, so that another one is asked for.
        both.new_service();
        let (_, error) = both.refused_call("four");
        assert!(
            matches!(error, ClientError::ContextRefused { accepted_before: true, .. }),
            "{error}"
        );
        assert!(both.client.save().is_none(), "of what is refused nothing is kept");
    }
}

#[test]
fn messages_that_stand_for_themselves_leave_nothing_to_keep() {
    let mut pair = by_certificate().one_shot().build();
    pair.open().unwrap();
    pair.call("one").unwrap();
    assert!(pair.client.save().is_none());
    let pair = by_certificate().build();
    assert!(pair.client.save().is_none(), "nor does one that was not opened");
}

#[test]
fn what_a_message_names_is_known_before_it_is_verified() {
    for setup in setups() {
        let negotiates = matches!(
            setup.client.binding,
            Some(waxwing_security::conversation::ClientBinding::Negotiated(_))
        );
        let mut both = Killable::opened(setup);
        let context = both.client_context();
        let (request, _) = both.request("one");
        assert_eq!(named_contexts(&wire(&request), 4), std::slice::from_ref(&context));
        assert!(named_contexts(&wire(&request), 0).is_empty());
        let crossed = both.renew().unwrap();
        let renew = &crossed[crossed.len() - 2];
        let named = named_contexts(&wire(renew), 4);
        assert!(named.contains(&context), "{named:?}");
        assert_eq!(named.len(), 1 + usize::from(negotiates), "{named:?}");
        let plain = nego::application_request("plain", &mut Seeded(1));
        assert!(named_contexts(&plain, 4).is_empty());
    }
}

#[test]
fn answers_that_must_wait_until_the_session_is_kept_say_so() {
    let mut both = Killable::new(by_certificate());
    let now = both.pair.now;
    let step = both.pair.client.open(&mut moment(now, &mut Seeded(1))).unwrap();
    let Step::Send(request) = step else { panic!("nothing to send") };
    let reply = both.pair.service.answer(&request, now);
    assert!(reply.began.is_some() && reply.renewed.is_none() && reply.ended.is_none());
    both.pair.client.handle_reply(wire(&reply.envelope), &mut moment(now, &mut Seeded(2))).unwrap();
    let step = both.pair.client.renew(&mut moment(now, &mut Seeded(3))).unwrap();
    let Step::Send(request) = step else { panic!("nothing to send") };
    let reply = both.pair.service.answer(&request, now);
    assert!(reply.began.is_none() && reply.ended.is_none());
    assert_eq!(reply.renewed, Some(both.session()));
}

#[test]
fn identifiers_name_the_node_and_shard_that_made_them() {
    let mint = Mint::of_node(0xC0FFEE, std::num::NonZeroU16::new(16).unwrap());
    for mut setup in setups() {
        setup.service.mint = mint;
        let mut both = Killable::new(setup);
        let crossed = both.open().unwrap();
        let origin = |identifier: &str| {
            let origin = Origin::of(identifier).unwrap_or_else(|| panic!("{identifier}"));
            assert!(origin.node == 0xC0FFEE && origin.shard < 16, "{origin:?}");
        };
        origin(&both.client_context());
        // The negotiated token of the request for the session.
        named_contexts(&wire(&crossed[crossed.len() - 2]), 4).iter().for_each(|name| origin(name));
        both.call("one").unwrap();
        both.renew().unwrap();
        both.call("two").unwrap();
    }
}

/// A service that was killed in a negotiation says nothing: a fault would end the client's `Open`, and 503 makes it begin
/// again.
#[test]
fn a_negotiation_that_the_killed_process_had_begun_is_begun_again() {
    for dialect in Dialect::ALL {
        for killed_at in [1, 2] {
            for durable in [true, false] {
                let mut both = Killable::new(Setup::negotiated(dialect, ALICE));
                both.service_options.durable = durable;
                let now = both.pair.now;
                let step = both.pair.client.open(&mut moment(now, &mut Seeded(1))).unwrap();
                let Step::Send(mut request) = step else { panic!("nothing to send") };
                for _ in 0..killed_at {
                    let reply = both.pair.service.answer(&request, now);
                    assert!(reply.error.is_none());
                    let reply = wire(&reply.envelope);
                    let step =
                        both.pair.client.handle_reply(reply, &mut moment(now, &mut Seeded(2)));
                    let Step::Send(next) = step.unwrap() else { panic!("nothing to send") };
                    request = next;
                }
                both.new_service();
                let reply = both.pair.service.answer(&request, now);
                let said = if durable { ReplyKind::Unavailable } else { ReplyKind::Fault };
                assert_eq!(reply.kind, said, "{killed_at}: {:?}", reply.error);
                assert!(reply.error.is_some());
            }
        }
    }
}

#[test]
fn keys_are_not_shown_and_are_wiped() {
    let both = Killable::opened(by_certificate());
    let (mut kept, client) = (both.kept(), both.client_kept());
    assert_eq!(kept.keys[0].octets, client.keys[0].octets);
    assert!(kept.keys[0].octets.len() >= 16);
    let shown = format!("{kept:?} {client:?} {:?}", kept.keys);
    let octets = format!("{:?}", kept.keys[0].octets);
    assert!(!shown.contains(octets.trim_matches(['[', ']'])), "{shown}");
    assert!(!shown.contains("octets"), "{shown}");
    kept.keys[0].zeroize();
    assert!(kept.keys[0].octets.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Kills, renewals, calls and time in any order.
    #[test]
    fn a_session_survives_whatever_happens(
        steps in prop::collection::vec(0u8..6, 1..24),
        which in 0usize..16,
    ) {
        let mut all = setups();
        let mut setup = all.swap_remove(which % all.len());
        setup.service.limits.session_idle_timeout = SignedDuration::from_hours(10);
        let mut both = Killable::opened(setup);
        both.call("at first").unwrap();
        // What is kept is kept when a key is issued, and only then.
        let (mut kept, mut client) = (both.kept(), both.client_kept());
        kept.used = true;
        let mut sent = None;
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                0 => both.kill_service(&kept),
                1 => both.kill_client(&client),
                2 => {
                    both.renew().unwrap();
                    (kept, client) = (both.kept(), both.client_kept());
                    kept.used = true;
                    sent = None;
                }
                3 => both.pass(SignedDuration::from_secs(100)),
                4 => sent = Some(both.request("sent before")),
                _ => { both.call(&number.to_string()).unwrap(); }
            }
            if let Some((request, correlation)) = sent.take_if(|_| step != 4) {
                let message = both.pair.service.message(&request, both.pair.now);
                let answer = both.pair.echo(message);
                let now = both.pair.now;
                both.pair.client.verify(wire(&answer), &correlation, &still(now)).unwrap();
            }
        }
        both.call("at last").unwrap();
    }

    /// What was kept and comes back altered is refused, or is a session that nobody has the key of; it never panics.
    #[test]
    fn altered_records_never_panic(at in any::<prop::sample::Index>(), with in any::<u8>()) {
        let mut both = Killable::opened(by_certificate());
        both.renew().unwrap();
        let mut octets = serde_json::to_vec(&both.kept()).unwrap();
        let place = at.index(octets.len());
        octets[place] = with;
        if let Ok(saved) = serde_json::from_slice::<SavedContext>(&octets) {
            both.new_service();
            let _ = both.restore(&saved);
        }
        let mut octets = serde_json::to_vec(&both.client_kept()).unwrap();
        let place = at.index(octets.len());
        octets[place] = with;
        if let Ok(saved) = serde_json::from_slice::<SavedClientContext>(&octets) {
            let mut client = both.another_client();
            let _ = client.restore(&saved, &mut moment(both.now, &mut Seeded(1)));
        }
    }
}
