//! Our client and our service in the places of WCF's over HTTPS (TransportWithMessageCredential): what they get is
//! verified, and what they send is equal to what WCF sent, to the last octet: nothing is encrypted, and every signature
//! is determined by what it signs.

mod common;
#[path = "common/nego.rs"]
mod nego;
#[path = "common/nego_recorded.rs"]
mod nego_recorded;
#[path = "common/nego_tls.rs"]
mod nego_tls;

use common::wsse_rebuild::unprotected;
use jiff::{SignedDuration, Timestamp};
use nego::{Client, Credential, Rules, moment, still};
use nego_recorded::{Exchange, Scenario, Script, envelope, guid, names, octets_of, texts_of};
use waxwing_security::Link;
use waxwing_security::conversation::{
    ClientBinding, ClientOptions, ClientSecurity, Incoming, Protection, ServiceBinding,
    ServiceOptions, ServiceSecurity, Step,
};
use waxwing_security::wsse::Dialect;
use waxwing_soap::Envelope;

/// Those with addressing, whose Action the engines need.
fn over_transport() -> Vec<Scenario> {
    let found = names(|name| name.contains("https-") && !name.contains("basichttp"));
    assert_eq!(found.len(), 15, "{found:?}");
    found.iter().map(|name| Scenario::load(name)).collect()
}

fn has_session(scenario: &Scenario) -> bool {
    scenario.exchanges.iter().any(|exchange| exchange.action().ends_with("/RST/SCT"))
}

fn credential(scenario: &Scenario) -> Credential {
    let name = scenario.name.as_str();
    match name {
        _ if name.contains("wrong-password") => Credential::UserName("wrong"),
        _ if name.contains("untrusted") => Credential::Certificate("mallory"),
        _ if scenario.readme.contains("username") => Credential::UserName("secret"),
        _ => Credential::Certificate("alice"),
    }
}

fn dialect(scenario: &Scenario) -> Dialect {
    match scenario.is_newer_dialect() {
        true => Dialect::Version13,
        false => Dialect::February2005,
    }
}

fn created(text: &str) -> Timestamp {
    texts_of(text, "Created")[0].parse().unwrap()
}

/// The GUID of the first identifier `uuid-…` after `tag`.
fn guid_of(text: &str, tag: &str) -> Option<Vec<u8>> {
    text.split(&format!("{tag} u:Id=\"")).nth(1).map(guid)
}

fn text(envelope: &Envelope) -> String {
    String::from_utf8(envelope.to_bytes()).unwrap()
}

#[track_caller]
fn same(ours: &str, theirs: &str, what: &str) {
    let at = ours.bytes().zip(theirs.bytes()).take_while(|(a, b)| a == b).count();
    let around = |text: &str| {
        let text = text.as_bytes();
        let piece = &text[at.saturating_sub(150)..text.len().min(at + 250)];
        String::from_utf8_lossy(piece).into_owned()
    };
    assert!(ours == theirs, "{what}\nours:   {}\ntheirs: {}", around(ours), around(theirs));
}

fn client(scenario: &Scenario) -> Client {
    let first = &scenario.exchanges[0].sent;
    let mut options = ClientOptions::new(texts_of(first, "To").remove(0));
    options.binding = Some(ClientBinding::Transport);
    options.credential = credential(scenario).client();
    if !has_session(scenario) {
        options.protection = Protection::OneShot;
    }
    for settings in [&mut options.settings, &mut options.bootstrap] {
        settings.dialect = dialect(scenario);
        settings.derived_keys = false;
    }
    let token = guid_of(first, "BinarySecurityToken").or(guid_of(first, "UsernameToken"));
    let own = guid_of(first, "BinarySecret");
    let mut script = Script::new([own.unwrap_or(vec![7; 16]), token.unwrap_or(vec![8; 16])]);
    let security = ClientSecurity::new(options, &mut script).unwrap();
    Client { security, rules: Rules::default() }
}

/// What our client draws for a request of the security protocol.
fn drawn(exchange: &Exchange) -> Script {
    let entropy = octets_of(&exchange.sent, "BinarySecret");
    let message = texts_of(&exchange.sent, "MessageID").into_iter().map(|id| guid(&id));
    Script::new(entropy.into_iter().chain(message))
}

/// The same with the token numbered as theirs: WCF counts tokens that are never sent.
fn renumbered(ours: &str, theirs: &str) -> String {
    let id = |text: &str| {
        let tags = ["BinarySecurityToken u:Id=\"", "UsernameToken u:Id=\""];
        let mut found = tags.iter().filter_map(|tag| text.split(tag).nth(1)?.split('"').next());
        found.next().map(str::to_owned)
    };
    match (id(ours), id(theirs)) {
        (Some(ours_id), Some(theirs_id)) => {
            assert_eq!(ours_id[..41], theirs_id[..41], "the number only");
            ours.replace(&ours_id, &theirs_id)
        }
        _ => ours.to_owned(),
    }
}

fn run_client(scenario: &Scenario) {
    let mut client = client(scenario);
    if !has_session(scenario) {
        let step = client.open(&mut still(scenario.exchanges[0].at)).unwrap();
        assert!(matches!(step, Step::Established), "nothing is exchanged beforehand");
    }
    for exchange in &scenario.exchanges {
        let what = format!("{}/{}-request", scenario.name, exchange.name);
        if !exchange.sent.contains(":Security ") {
            continue;
        }
        let action = exchange.action();
        let mut script = drawn(exchange);
        let mut at = moment(created(&exchange.sent), &mut script);
        let started = match action.rsplit("/RST/").next() {
            Some("SCT") => Some(client.open(&mut at)),
            Some("SCT/Renew") => Some(client.renew(&mut at)),
            Some("SCT/Cancel") => Some(client.cancel(&mut at)),
            _ => None,
        };
        if let Some(step) = started {
            let Step::Send(sent) = step.unwrap() else { panic!("{what}: nothing is sent") };
            same(&renumbered(&text(&sent), &exchange.sent), &exchange.sent, &what);
            let reply = envelope(exchange.answer());
            let step = client.handle_reply(reply, &mut moment(exchange.at, &mut script)).unwrap();
            assert!(matches!(step, Step::Established), "{what}");
            continue;
        }
        let (sent, correlation) = client.protect(unprotected(&exchange.sent), &mut at).unwrap();
        same(&renumbered(&text(&sent), &exchange.sent), &exchange.sent, &what);
        if exchange.answer().is_empty() {
            continue;
        }
        let verified =
            client.verify(envelope(exchange.answer()), &correlation, &still(exchange.at));
        match exchange.answer().contains(":Security ") {
            true => {
                let received = verified.unwrap_or_else(|error| panic!("{what}: {error}"));
                let headers = received.envelope().headers();
                assert!(headers.into_iter().all(|header| received.is_trusted(header)), "{what}");
            }
            false => {
                let error = verified.unwrap_err();
                nego::says(&error, &["unsecured fault", "At least one security token"]);
                assert!(error.is_security_failure() && error.ends_session(), "{what}: {error}");
            }
        }
    }
}

#[test]
fn our_client_in_the_place_of_wcf_s() {
    over_transport().iter().for_each(run_client);
}

fn service(scenario: &Scenario) -> ServiceSecurity {
    let mut options = ServiceOptions::new(credential(scenario).service());
    options.binding = Some(ServiceBinding::Transport { allow_insecure: false });
    // As the bindings say it.
    options.detect_replays = false;
    if !has_session(scenario) {
        options.protection = Protection::OneShot;
    }
    for settings in [&mut options.settings, &mut options.bootstrap] {
        settings.dialect = dialect(scenario);
        settings.derived_keys = false;
    }
    let own = scenario
        .exchanges
        .iter()
        .find_map(|exchange| guid_of(exchange.answers.first()?, "SecurityContextToken"));
    let mut script = Script::new([own.unwrap_or(vec![5; 16])]);
    ServiceSecurity::new(options, &mut script).unwrap()
}

/// What our service draws for an answer of the security protocol.
fn drawn_for(answer: &str) -> Script {
    let entropy = octets_of(answer, "BinarySecret");
    let fresh = texts_of(answer, "Instance").into_iter().chain(texts_of(answer, "Identifier"));
    Script::new(entropy.into_iter().chain(fresh.take(1).map(|id| guid(&id))))
}

/// The same with the lifetime that they say: WCF takes its beginning some thousandths before it writes the header.
fn living_as(ours: &str, theirs: &str) -> String {
    let lifetime = |text: &str| {
        let (_, rest) = text.split_once(":Lifetime>")?;
        Some(rest.split_once("Lifetime>")?.0.to_owned())
    };
    match (lifetime(ours), lifetime(theirs)) {
        (Some(own), Some(other)) => {
            let ends = |text: &str| {
                let texts: Vec<&str> = text.split(['<', '>']).collect();
                let at = |i: usize| texts[i].parse::<Timestamp>().unwrap();
                (at(2), at(6))
            };
            let ((from, to), (other_from, other_to)) = (ends(&own), ends(&other));
            assert_eq!(to - from, other_to - other_from);
            assert!((from - other_from).abs() < SignedDuration::from_secs(2));
            ours.replace(&own, &other)
        }
        _ => ours.to_owned(),
    }
}

/// Runs our service through a scenario; gives how many messages were handed up and how many answered.
fn run_service(scenario: &Scenario) -> (usize, usize) {
    let service = service(scenario);
    let rules = Rules::default();
    let (mut handed_up, mut answered) = (0, 0);
    for exchange in &scenario.exchanges {
        let theirs = exchange.answer();
        let what = format!("{}/{}-response", scenario.name, exchange.name);
        let mut script = drawn_for(theirs);
        let now = match theirs.contains("Created>") {
            true => created(theirs),
            false => exchange.at,
        };
        let link = Link { protected: true, ..Link::default() };
        let mut incoming =
            service.receive(envelope(&exchange.got), link, &mut moment(now, &mut script));
        while let Incoming::Authenticate(authentication) = incoming {
            let verdict = rules.judge(authentication.evidence(), now);
            incoming =
                service.authenticated(authentication, verdict, &mut moment(now, &mut script));
        }
        match incoming {
            Incoming::Ended(session) => panic!("ended: {session:?}"),
            Incoming::Reply(reply) => {
                // The texts of faults were recorded in no language.
                let ours = text(&reply.envelope).replace("xml:lang=\"en-US\"", "xml:lang=\"\"");
                same(&living_as(&ours, theirs), theirs, &what);
                assert!(script.is_used_up(), "{what}");
                answered += 1;
            }
            Incoming::Message(message) => {
                assert!(credential(scenario).is_caller(&message.caller), "{what}");
                let session = message.session.as_ref().map(|session| session.identifier());
                assert_eq!(session.is_some(), has_session(scenario), "{what}");
                let ours = service
                    .protect_reply(
                        &message.reply,
                        unprotected(theirs),
                        &mut moment(now, &mut script),
                    )
                    .unwrap();
                same(&text(&ours), theirs, &what);
                handed_up += 1;
            }
            Incoming::Authenticate(_) => unreachable!("it was judged"),
        }
    }
    (handed_up, answered)
}

#[test]
fn our_service_in_the_place_of_wcf_s() {
    for scenario in over_transport() {
        let counts = run_service(&scenario);
        let expected = match scenario.name.as_str() {
            name if name.contains("fault-") && !name.contains("application") => (0, 1),
            "https-renew-sc-cert" => (3, 3),
            "https-fault-application" => (3, 1),
            "mtom-bytes-https-username" => (1, 0),
            name if name.contains("oneshot") => (2, 0),
            _ => {
                let all = scenario.exchanges.len();
                let cancelled = scenario.exchanges[all - 1].action().ends_with("/Cancel");
                (all - 1 - usize::from(cancelled), 1 + usize::from(cancelled))
            }
        };
        assert_eq!(counts, expected, "{}", scenario.name);
    }
}

/// A key that has expired: the demand to renew it carries a timestamp, as every answer of the session.
#[test]
fn a_demand_to_renew_has_a_timestamp_and_a_lost_session_has_none() {
    let scenario = Scenario::load("https-sc-cert");
    let service = service(&scenario);
    let (first, second) = (&scenario.exchanges[0], &scenario.exchanges[1]);
    let link = Link { protected: true, ..Link::default() };
    let mut script = drawn_for(first.answer());
    let now = created(first.answer());
    let incoming = service.receive(envelope(&first.got), link, &mut moment(now, &mut script));
    let Incoming::Authenticate(authentication) = incoming else { panic!("{incoming:?}") };
    let answer = service.authenticated(authentication, Ok(()), &mut moment(now, &mut script));
    assert!(matches!(answer, Incoming::Reply(reply) if reply.error.is_none()));
    let call = |now: Timestamp| {
        let got = second.got.replace("2026-11-28T22:03:15.422Z", &now.to_string());
        let (at, mut random) = (now, nego::Seeded(1));
        let got = if now == created(&second.got) { second.got.clone() } else { got };
        match service.receive(envelope(&got), link, &mut moment(at, &mut random)) {
            Incoming::Reply(reply) => text(&reply.envelope),
            other => panic!("{other:?}"),
        }
    };
    // Altered, since its time is another: the same uniform fault as anywhere, without a header.
    let fault = call(now + SignedDuration::from_secs(10));
    assert!(fault.contains("InvalidSecurity") && !fault.contains("o:Security"), "{fault}");
    let lost = ServiceSecurity::new(
        {
            let mut options = ServiceOptions::new(Credential::Certificate("alice").service());
            options.binding = Some(ServiceBinding::Transport { allow_insecure: false });
            options
        },
        &mut nego::Seeded(1),
    )
    .unwrap();
    let mut random = nego::Seeded(2);
    match lost.receive(envelope(&second.got), link, &mut moment(now, &mut random)) {
        Incoming::Reply(reply) => {
            let fault = text(&reply.envelope);
            assert!(fault.contains("BadContextToken") && !fault.contains("o:Security"), "{fault}");
        }
        other => panic!("{other:?}"),
    }
}
