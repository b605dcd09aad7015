//! Captured negotiations and bootstraps that failed: our client recognizes and explains what WCF's
//! client met, our service sends WCF's faults to the last character.

#[path = "common/nego.rs"]
mod nego;
#[path = "common/nego_recorded.rs"]
mod nego_recorded;
#[path = "common/nego_replay.rs"]
mod nego_replay;
#[path = "common/nego_tls.rs"]
mod nego_tls;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use jiff::SignedDuration;
use nego::{Rules, says, still};
use nego_recorded::{Recorded, Scenario, envelope, names};
use nego_replay::{ServiceRun, run_and_keep_service, run_client, run_service};
use waxwing_crypto::tls::TlsVersion;
use waxwing_security::conversation::{
    ClientError, ClientOptions, ExpectedIdentity, FaultOrigin, Incoming, Protection, ReplyKind,
    SecurityFaultKind, ServiceBinding, ServiceOptions, ServiceSecurity,
};
use waxwing_security::negotiation::NegotiationError;
use waxwing_security::wsse::Dialect;
use waxwing_security::{MessageProtection, ProtectionRequirements};

/// How our client ends in a captured scenario.
struct Client {
    scenario: &'static str,
    change: fn(&mut ClientOptions),
    /// In which exchange it ends.
    exchange: &'static str,
    kind: fn(&ClientError) -> bool,
    words: &'static [&'static str],
}

fn dialect(options: &mut ServiceOptions, dialect: Dialect) {
    options.settings.dialect = dialect;
    options.bootstrap.dialect = dialect;
}

fn same(_: &mut ClientOptions) {}

fn unchanged(_: &mut ServiceOptions) {}

fn is(error: &ClientError, origin: FaultOrigin, kind: SecurityFaultKind) -> bool {
    matches!(error, ClientError::Fault { origin: o, kind: k, ends_session: true, .. }
        if *o == origin && *k == kind)
}

fn not_authenticated(error: &ClientError) -> bool {
    is(error, FaultOrigin::Negotiation, SecurityFaultKind::FailedAuthentication)
}

fn invalid_request(error: &ClientError) -> bool {
    is(error, FaultOrigin::Negotiation, SecurityFaultKind::InvalidRequest)
}

fn no_session(error: &ClientError) -> bool {
    is(error, FaultOrigin::Negotiation, SecurityFaultKind::BadContextToken)
}

fn wrong_hash(error: &ClientError) -> bool {
    matches!(error, ClientError::Negotiation(NegotiationError::Authenticator("wrong")))
}

fn wrong_identity(error: &ClientError) -> bool {
    matches!(error, ClientError::Identity(_))
}

fn other_name(options: &mut ClientOptions) {
    options.identity = ExpectedIdentity::Dns("other.example".into());
}

const CREDENTIAL: &[&str] = &["does not accept the client's credential", "authentication failed"];
const REQUEST: &[&str] = &["invalid or malformed elements", "another algorithm suite (key size)"];
const BINDINGS: &[&str] = &["the bindings differ", "negotiateServiceCredential"];
const HASH: &[&str] = &["CombinedHash of the negotiation is wrong", "changed a message on the way"];

const fn client(
    scenario: &'static str,
    exchange: &'static str,
    kind: fn(&ClientError) -> bool,
    words: &'static [&'static str],
) -> Client {
    Client { scenario, change: same, exchange, kind, words }
}

const CLIENTS: &[Client] = &[
    client("tlsnego-fault-authenticator", "002", wrong_hash, HASH),
    client("tlsnego-fault-whitespace-leg1", "002", wrong_hash, HASH),
    client("tlsnego-fault-whitespace-leg3", "002", wrong_hash, HASH),
    client("tlsnego-fault-dialect-client-2007", "001", no_session, BINDINGS),
    client("tlsnego-fault-dialect-service-2007", "001", no_session, BINDINGS),
    client("tlsnego-fault-nego-client-service-not", "001", no_session, BINDINGS),
    client("fault-nego-mismatch-client-nego", "001", no_session, BINDINGS),
    client("tlsnego-fault-expired-client", "002", not_authenticated, CREDENTIAL),
    client("tlsnego-fault-no-client-cert", "002", not_authenticated, CREDENTIAL),
    client("tlsnego-fault-tls-tampered", "002", not_authenticated, CREDENTIAL),
    client("tlsnego-fault-untrusted-client", "002", not_authenticated, CREDENTIAL),
    client("tlsnego-fault-untrusted-client-2007", "002", not_authenticated, CREDENTIAL),
    client("fault-unknown-client-cert-nego", "002", not_authenticated, CREDENTIAL),
    client("tlsnego-fault-keysize", "001", invalid_request, REQUEST),
    client("tlsnego-fault-no-context", "001", invalid_request, REQUEST),
    client("tlsnego-fault-leg1-twice", "002", invalid_request, REQUEST),
    client("tlsnego-fault-valuetype", "002", invalid_request, REQUEST),
    Client {
        scenario: "tlsnego-fault-suite-mismatch",
        change: |options| {
            options.settings.suite = "Basic128".parse().unwrap();
            options.bootstrap.suite = "Basic128".parse().unwrap();
        },
        exchange: "001",
        kind: invalid_request,
        words: REQUEST,
    },
    // WCF's client looks at the service's certificate after the last leg; ours as soon as it is there.
    Client {
        scenario: "tlsnego-fault-default-identity-ip",
        change: |options| options.identity = ExpectedIdentity::of_address(&options.address),
        exchange: "001",
        kind: wrong_identity,
        words: &["DNS name '127.0.0.1'", "DNS name 'localhost'"],
    },
    Client {
        scenario: "tlsnego-fault-wrong-identity",
        change: other_name,
        exchange: "001",
        kind: wrong_identity,
        words: &["DNS name 'other.example'", "DNS name 'localhost'"],
    },
    Client {
        scenario: "tlsnego-fault-wrong-identity-oneshot",
        change: other_name,
        exchange: "001",
        kind: wrong_identity,
        words: &["DNS name 'other.example'", "set the endpoint's identity"],
    },
    Client {
        scenario: "fault-wrong-service-identity-nego",
        change: other_name,
        exchange: "001",
        kind: wrong_identity,
        words: &["DNS name 'localhost'"],
    },
    Client {
        scenario: "tlsnego-fault-untrusted-service",
        change: same,
        exchange: "001",
        kind: |error| matches!(error, ClientError::UntrustedService { .. }),
        words: &["CN=localhost", "is not trusted"],
    },
    client(
        "tlsnego-fault-wrong-password",
        "003",
        |e| is(e, FaultOrigin::Issue, SecurityFaultKind::FailedAuthentication),
        &["wrong user name or password"],
    ),
    client(
        "fault-wrong-password-nego",
        "003",
        |e| is(e, FaultOrigin::Issue, SecurityFaultKind::FailedAuthentication),
        &["wrong user name or password"],
    ),
    client(
        "tlsnego-fault-client-oneshot-service-sc",
        "003",
        |e| is(e, FaultOrigin::Call, SecurityFaultKind::BadContextToken),
        &["ICalculator/Add", "establishSecurityContext"],
    ),
    Client {
        scenario: "tlsnego-fault-client-sc-service-oneshot",
        change: |options| options.protection = Protection::Conversation,
        exchange: "003",
        kind: |e| is(e, FaultOrigin::Issue, SecurityFaultKind::InvalidSecurity),
        words: &["/RST/SCT' is invalid or unrecognized", "establishSecurityContext"],
    },
    client(
        "tlsnego-fault-rm-client-only",
        "004",
        |e| is(e, FaultOrigin::Call, SecurityFaultKind::InvalidSecurity),
        &["rm/CreateSequence' is invalid or unrecognized"],
    ),
    client(
        "tlsnego-valuetype-without-space",
        "001",
        |e| matches!(e, ClientError::Negotiation(NegotiationError::ValueType(_))),
        &["has the ValueType 'http://schemas.xmlsoap.org/ws/2005/02/trust/tlsnego'"],
    ),
];

#[test]
fn our_client_explains_what_wcf_s_client_met() {
    for case in CLIENTS {
        let scenario = Scenario::load(case.scenario);
        let run = run_client(&scenario, case.change);
        let (exchange, error) = run.ended.unwrap_or_else(|| panic!("{}: succeeds", case.scenario));
        assert_eq!(exchange, case.exchange, "{}: {error}", case.scenario);
        assert!((case.kind)(&error), "{}: {error:?}", case.scenario);
        says(&error, case.words);
        assert!(error.ends_session() && !error.is_retryable(), "{}", case.scenario);
    }
}

/// What our service says in a captured scenario: which of its answers are faults, and what its log says.
struct Service {
    scenario: &'static str,
    change: fn(&mut ServiceOptions),
    refused: &'static [(&'static str, &'static str)],
}

const fn service(
    scenario: &'static str,
    refused: &'static [(&'static str, &'static str)],
) -> Service {
    Service { scenario, change: unchanged, refused }
}

const SERVICES: &[Service] = &[
    service("tlsnego-fault-authenticator", &[]),
    service("tlsnego-fault-whitespace-leg1", &[]),
    service("tlsnego-fault-whitespace-leg3", &[]),
    service("tlsnego-fault-default-identity-ip", &[]),
    service("tlsnego-fault-wrong-identity", &[]),
    service("tlsnego-fault-wrong-identity-oneshot", &[]),
    service("tlsnego-fault-untrusted-service", &[]),
    service("tlsnego-valuetype-without-space", &[]),
    service("fault-wrong-service-identity-nego", &[]),
    Service {
        scenario: "tlsnego-fault-dialect-client-2007",
        change: |options| dialect(options, Dialect::February2005),
        refused: &[("001-response", "no security session claims the message")],
    },
    Service {
        scenario: "tlsnego-fault-dialect-service-2007",
        change: |options| dialect(options, Dialect::Version13),
        refused: &[("001-response", "no security session claims the message")],
    },
    Service {
        scenario: "tlsnego-fault-nego-client-service-not",
        change: |options| options.binding = Some(nego::by_certificate()),
        refused: &[("001-response", "no security session claims the message")],
    },
    Service {
        scenario: "fault-nego-mismatch-client-nego",
        change: |options| options.binding = Some(nego::by_certificate()),
        refused: &[("001-response", "no security session claims the message")],
    },
    service("tlsnego-fault-expired-client", &[("002-response", "CN=expired")]),
    service(
        "tlsnego-fault-no-client-cert",
        &[("002-response", "the peer showed no certificate in the TLS handshake")],
    ),
    service("tlsnego-fault-tls-tampered", &[("002-response", "TLS: ")]),
    service("tlsnego-fault-untrusted-client", &[("002-response", "CN=alice' is not trusted")]),
    service("tlsnego-fault-untrusted-client-2007", &[("002-response", "CN=alice' is not trusted")]),
    service("fault-unknown-client-cert-nego", &[("002-response", "CN=alice' is not trusted")]),
    service("tlsnego-fault-keysize", &[("001-response", "128 bits is asked for")]),
    service("tlsnego-fault-suite-mismatch", &[("001-response", "128 bits is asked for")]),
    service("tlsnego-fault-no-context", &[("001-response", "no Context attribute")]),
    service(
        "tlsnego-fault-leg1-twice",
        &[("001-response", "is under way already"), ("002-response", "no negotiation with the")],
    ),
    service("tlsnego-fault-valuetype", &[("002-response", "trust/spnego', not that of TLS")]),
    service("tlsnego-fault-rst-sct-twice", &[("003-response", "the security context 'urn:uuid:")]),
    service("tlsnego-fault-wrong-password", &[("003-response", "'alice' was not authenticated")]),
    service("fault-wrong-password-nego", &[("003-response", "'alice' was not authenticated")]),
    Service {
        scenario: "tlsnego-fault-client-oneshot-service-sc",
        change: |options| options.protection = Protection::Conversation,
        refused: &[("003-response", "no security session claims the message")],
    },
    Service {
        scenario: "tlsnego-fault-client-sc-service-oneshot",
        change: |options| options.protection = Protection::OneShot,
        refused: &[("003-response", "/RST/SCT' is invalid or unrecognized")],
    },
    // An endpoint without reliable sessions knows none of their actions.
    Service {
        scenario: "tlsnego-fault-rm-client-only",
        change: |options| options.requirements = without_reliable_messaging(),
        refused: &[("004-response", "CreateSequence' is invalid or unrecognized")],
    },
    service("tlsnego-fault-rm-service-only", &[]),
    // A client that knows the service's certificate, against a service that negotiates.
    Service {
        scenario: "fault-nego-mismatch-service-nego",
        change: |options| {
            options.binding =
                Some(ServiceBinding::Negotiated(nego::service_tls(true, TlsVersion::Tls12)))
        },
        refused: &[(
            "001-response",
            "unexpected element {http://www.w3.org/2001/04/xmlenc#}EncryptedKey",
        )],
    },
];

/// The same without negotiation.
const BOOTSTRAPS: &[Service] = &[
    service("clock-skew-4min-ok-sc", &[]),
    service("idle-open-close-sc", &[]),
    service("oneshot-cert", &[]),
    service("oneshot-username", &[]),
    service("fault-bad-action-sc", &[("003-response", "Modulo' is invalid or unrecognized")]),
    service(
        "fault-clock-skew-client-ahead-sc",
        &[("001-response", "are the clocks apart? (at Security/Timestamp)")],
    ),
    service("fault-expired-client-cert-sc", &[("001-response", "it has expired")]),
    service("fault-unknown-client-cert-sc", &[("001-response", "no chain to a trusted root")]),
    service("fault-unknown-client-cert-oneshot", &[("001-response", "no chain to a trusted root")]),
    service("fault-wrong-password", &[("001-response", "'alice' was not authenticated")]),
    service("fault-wrong-service-cert-sc", &[("001-response", "for another certificate")]),
    service("fault-wrong-service-cert-oneshot", &[("001-response", "for another certificate")]),
    service("fault-no-security-client", &[("001-response", "no security session claims")]),
    service("inject-tampered-body-sc", &[("003-response", "decrypted content is not well-formed")]),
    service("inject-tampered-sequence-sc", &[("003-response", "digest of the part 'Sequence'")]),
    service("inject-tampered-timestamp-rst", &[("001-response", "too long before now")]),
    Service {
        scenario: "fault-no-rm-service-sc",
        change: |options| options.requirements = without_reliable_messaging(),
        refused: &[("002-response", "CreateSequence' is invalid or unrecognized")],
    },
    Service {
        scenario: "fault-sc13-to-sc10",
        change: |options| dialect(options, Dialect::February2005),
        refused: &[("001-response", "no security session claims the message")],
    },
];

fn without_reliable_messaging() -> ProtectionRequirements {
    let mut requirements = ProtectionRequirements::new();
    let add = "http://Microsoft.ServiceModel.Samples/ICalculator/Add";
    let direction = waxwing_security::Direction::Request;
    requirements.set(direction, add, MessageProtection::default());
    requirements
}

#[test]
fn our_service_sends_wcf_s_faults() {
    for case in SERVICES {
        let scenario = Scenario::load(case.scenario);
        let run = run_service(&scenario, case.change);
        check(case, &scenario, &run);
    }
}

#[test]
fn our_service_sends_wcf_s_faults_without_negotiation() {
    for case in BOOTSTRAPS {
        let scenario = Scenario::load(case.scenario);
        let run = run_service(&scenario, case.change);
        check(case, &scenario, &run);
    }
}

fn check(case: &Service, scenario: &Scenario, run: &ServiceRun) {
    let name = case.scenario;
    let refused: Vec<_> = run.refused.iter().map(|(answer, _)| answer.as_str()).collect();
    let expected: Vec<_> = case.refused.iter().map(|(answer, _)| *answer).collect();
    assert_eq!(refused, expected, "{name}: {:?}", run.refused);
    for ((_, logged), (_, words)) in run.refused.iter().zip(case.refused) {
        says(logged, &[words]);
    }
    let answers: usize = scenario.exchanges.iter().map(|e| e.answers.len()).sum();
    assert_eq!(run.compared.len() + run.handed_up + refused.len(), answers, "{name}");
}

/// Every captured negotiation is in one of the tests: those that succeed in `nego_replayed`.
#[test]
fn no_captured_negotiation_is_left_out() {
    let afterwards = [
        "tlsnego-fault-negotiation-timeout",
        "tlsnego-fault-replayed-legs",
        "tlsnego-fault-too-many",
    ];
    for name in names(|name| name.starts_with("tlsnego-") || name.ends_with("-nego")) {
        let known = !name.contains("fault") && !name.contains("valuetype")
            || afterwards.contains(&name.as_str())
            || SERVICES.iter().any(|case| case.scenario == name);
        assert!(known, "{name}");
    }
}

/// Runs a scenario that succeeds and gives the service as it is afterwards. Its engine says leg 2 again
/// as it was, but no leg of a client fits it any more: its random numbers are others.
fn afterwards(name: &str) -> (Scenario, ServiceSecurity) {
    let scenario = Scenario::load(name);
    let mut again = scenario.negotiations();
    again[0].client[1].push(0);
    let mut negotiations = scenario.negotiations();
    negotiations.extend(again);
    let engines =
        Arc::new(Recorded { negotiations, at: Arc::new(AtomicUsize::new(0)), client: false });
    let at = Arc::clone(&engines.at);
    let (run, service) = run_and_keep_service(&scenario, |options| {
        options.binding = Some(ServiceBinding::Negotiated(engines.clone()))
    });
    assert!(run.refused.is_empty(), "{name}: {:?}", run.refused);
    at.store(1, std::sync::atomic::Ordering::Relaxed);
    (scenario, service)
}

/// The service's answer to a message, when it is a fault: status and text.
fn refusal(incoming: Incoming) -> Option<(u64, String)> {
    match incoming {
        Incoming::Reply(reply) if reply.error.is_some() => {
            let status = if reply.kind == ReplyKind::Fault { 500 } else { 200 };
            Some((status, nego_replay::text(&reply.envelope)))
        }
        Incoming::Reply(_) => None,
        other => panic!("{other:?}"),
    }
}

/// What WCF answered when the recorder sent something again, in the form of [`refusal`].
fn recorded(scenario: &Scenario, name: &str) -> Option<(u64, String)> {
    let (status, body) = scenario.answer_afterwards(name);
    (status != 200).then(|| (status, body.to_owned()))
}

#[test]
fn legs_sent_again_after_a_complete_run() {
    let mut random = nego::Seeded(1);
    let mut send = |service: &ServiceSecurity, text: &str, now| {
        refusal(Rules::default().receive(service, envelope(text), now, &mut random))
    };
    for (name, wait) in
        [("tlsnego-fault-replayed-legs", 0), ("tlsnego-fault-negotiation-timeout", 70)]
    {
        let (scenario, service) = afterwards(name);
        let last = scenario.exchanges.last().unwrap().at;
        let [one, three, ..] = &scenario.exchanges[..] else { panic!("no legs") };
        let again = send(&service, &one.sent, last);
        assert_eq!(again, recorded(&scenario, "again-001-response"), "{name}: leg 1");
        let late = last + SignedDuration::from_secs(wait);
        let again = send(&service, &three.sent, late);
        assert_eq!(again, recorded(&scenario, "again-002-response"), "{name}: leg 3");
        assert!(again.is_some(), "{name}");
    }
}

#[test]
fn a_hundred_and_thirty_first_legs() {
    let mut random = nego::Seeded(1);
    let (scenario, service) = afterwards("tlsnego-fault-too-many");
    let last = scenario.exchanges.last().unwrap().at;
    let leg = &scenario.exchanges[0].sent;
    let at = leg.find(" Context=\"").unwrap() + 10;
    let end = at + leg[at..].find('"').unwrap();
    let mut refused = Vec::new();
    let rules = Rules::default();
    for number in 1..=130 {
        let text = format!("{}uuid-flood-{number}{}", &leg[..at], &leg[end..]);
        let answer = refusal(rules.receive(&service, envelope(&text), last, &mut random));
        if number >= 127 {
            let wcf = recorded(&scenario, &format!("flood-{number}-response"));
            assert_eq!(answer, wcf, "leg {number}");
        }
        refused.extend(answer.map(|_| number));
    }
    assert_eq!(refused, [129, 130]);
}

/// Messages of a session that is over, and of one that is not, sent again as they were.
#[test]
fn messages_of_a_session_sent_again() {
    let mut random = nego::Seeded(1);
    let rules = Rules::default();
    let scenario = Scenario::load("replay-after-close-sc");
    let (run, service) = run_and_keep_service(&scenario, unchanged);
    assert!(run.refused.is_empty(), "{:?}", run.refused);
    let last = scenario.exchanges.last().unwrap().at;
    for number in ["003", "009"] {
        let exchange = scenario.exchanges.iter().find(|e| e.name == number).unwrap();
        let again = refusal(rules.receive(&service, envelope(&exchange.sent), last, &mut random));
        let wcf = recorded(&scenario, &format!("after-close-{number}-response"));
        assert_eq!(again, wcf, "{number}");
        assert!(wcf.unwrap().1.contains("BadContextToken"), "{number}");
    }
    // While the session is open a message that comes again is a replay: nothing of it reaches the layers above.
    let mut open = Scenario::load("replay-after-close-sc");
    open.exchanges.truncate(6);
    let (_, service) = run_and_keep_service(&open, unchanged);
    for exchange in &open.exchanges {
        let incoming = rules.receive(&service, envelope(&exchange.sent), last, &mut random);
        let (status, text) = refusal(incoming).unwrap_or_else(|| panic!("{}", exchange.name));
        assert_eq!(status, 500);
        assert!(text.contains(">a:InvalidSecurity<"), "{}: {text}", exchange.name);
    }
    assert_eq!(service.session_count(), 1, "it goes on");
}

/// Nothing that was recorded afterwards is left out of these tests.
#[test]
fn nothing_recorded_afterwards_is_left_out() {
    let with_more = names(|name| !Scenario::load(name).afterwards.is_empty());
    let known = [
        // Without security: `reliable/tests/replay.rs`.
        "replay-after-close-rm10",
        "replay-after-close-rm11",
        "replay-after-close-sc",
        "tlsnego-fault-negotiation-timeout",
        "tlsnego-fault-replayed-legs",
        "tlsnego-fault-too-many",
    ];
    assert_eq!(with_more, known);
}

/// A captured session that the service gave up for its inactivity.
#[test]
fn a_session_that_the_service_gave_up() {
    let scenario = Scenario::load("idle-service-timeout-sc");
    let late = scenario.exchanges.last().unwrap();
    let mut before = Scenario::load("idle-service-timeout-sc");
    before.exchanges.pop();
    let (run, service) = run_and_keep_service(&before, unchanged);
    assert_eq!((run.compared.len(), run.handed_up), (1, 2));
    // The layers above end it, here by means of a message that is seen a second time.
    let mut random = nego::Seeded(1);
    let mut receive =
        || Rules::default().receive(&service, envelope(&late.got), late.at, &mut random);
    let Incoming::Message(message) = receive() else { panic!("the session is open") };
    service.end_session(message.session.as_ref().unwrap());
    let Incoming::Reply(reply) = receive() else { panic!("the session is over") };
    assert_eq!(nego_replay::text(&reply.envelope), late.answer());
    // And our client knows it for what it is.
    let run = run_client_session(&scenario);
    says(&run, &["BadContextToken", "it ended or aborted it, was restarted"]);
}

/// What a client of the captured session makes of its last answer. Its key cannot be the recorded one
/// (the bootstrap is encrypted anew), which matters nothing to an answer that is not secured.
fn run_client_session(scenario: &Scenario) -> ClientError {
    let setup =
        nego::Setup::by_certificate(Dialect::February2005, nego::Credential::Certificate("alice"));
    let mut pair = setup.build();
    pair.open().unwrap();
    let (_, correlation) = pair.request("late");
    let answer = envelope(scenario.exchanges.last().unwrap().answer());
    pair.client.verify(answer, &correlation, &still(pair.now)).unwrap_err()
}
