//! Well-protected requests and answers whose content is wrong: a service that answers the request for a
//! session with something else, and a client that asks for something else.

#[path = "common/nego.rs"]
mod nego;

use nego::legs::*;
use nego::{ADDRESS, Credential, Pair, Setup, fault, moment, says, still, wire};
use waxwing_security::ProtectionLevel;
use waxwing_security::conversation::{
    ClientError, FaultOrigin, Incoming, ReplyKind, ServiceError, ServiceReply, Step,
};
use waxwing_security::trust::{
    BinarySecret, ContextReference, IssuedContextToken, Lifetime, ProofToken, RequestSecurityToken,
    RequestSecurityTokenResponse, RequestType, ResponseBody, SecretKind, TrustAction,
    write_collection, write_response,
};
use waxwing_security::wsse::Dialect;
use waxwing_soap::{Addressing, Envelope, MessageVersion};
use zeroize::Zeroizing;

const VERSION: MessageVersion = MessageVersion::SOAP12_ADDRESSING10;

fn secret(length: usize) -> BinarySecret {
    BinarySecret::nonce("uuid-x-1", Zeroizing::new(vec![3; length]))
}

/// An answer as it should be.
fn good(dialect: Dialect) -> RequestSecurityTokenResponse {
    let expires = nego::noon() + jiff::SignedDuration::from_hours(15);
    RequestSecurityTokenResponse {
        token_type: Some(dialect.context_token_type().into()),
        token: Some(IssuedContextToken::new(dialect, "uuid-x-2", "urn:uuid:x", None)),
        proof: Some(ProofToken::ComputedKey(dialect.computed_key().into())),
        entropy: Some(secret(32)),
        lifetime: Some(Lifetime { created: nego::noon(), expires }),
        key_size: Some(256),
        ..RequestSecurityTokenResponse::new(dialect)
    }
}

/// A client that wants a session, and a service that takes the request for a message of an application
/// and answers as the test says, well protected.
fn answered(
    dialect: Dialect,
    action: TrustAction,
    write: impl Fn(&mut Envelope, &Addressing),
) -> Result<Step, ClientError> {
    let mut setup = Setup::negotiated(dialect, Credential::None);
    setup.service.protection = waxwing_security::conversation::Protection::OneShot;
    let issue = TrustAction::Issue.uri(dialect);
    let level = ProtectionLevel::EncryptAndSign;
    setup.service.requirements.operation(&issue, Some(&action.uri(dialect)), level);
    let mut pair = setup.build();
    let (_, _, three) = three_legs(&mut pair);
    let four = pair.service.answer(&three, pair.now);
    let request = sent(next(&mut pair, &four.envelope).unwrap());
    let message = pair.service.message(&request, pair.now);
    let asked = Addressing::read(message.received.envelope()).unwrap();
    let mut reply = Envelope::new(VERSION);
    write(&mut reply, &asked);
    let security = &pair.service.security;
    let reply = security
        .protect_reply(&message.reply, reply, &mut moment(pair.now, &mut pair.service.random))
        .unwrap();
    next(&mut pair, &reply)
}

fn headers(reply: &mut Envelope, asked: &Addressing, action: &str) {
    Addressing::reply(action, asked, VERSION.addressing).write(reply);
}

/// The client's verdict on one response.
fn verdict(dialect: Dialect, response: &RequestSecurityTokenResponse) -> Result<Step, ClientError> {
    let action = TrustAction::IssueResponse;
    answered(dialect, action, |reply, asked| {
        headers(reply, asked, &action.uri(dialect));
        let body = reply.body().id();
        write_response(reply.document_mut(), body, response, ResponseBody::Collection);
    })
}

#[test]
fn a_service_that_answers_something_else_gets_no_session() {
    for dialect in Dialect::ALL {
        assert!(matches!(verdict(dialect, &good(dialect)), Ok(Step::Established)));
        type Change = fn(&mut RequestSecurityTokenResponse);
        let cases: [(&str, Change); 11] = [
            ("a TokenType other than a security context", |r| {
                r.token_type = Some("urn:other".into());
            }),
            ("the RequestedSecurityToken is missing", |r| r.token = None),
            ("the ComputedKey is missing", |r| r.proof = None),
            ("the ComputedKey uses the algorithm 'urn:other'", |r| {
                r.proof = Some(ProofToken::ComputedKey("urn:other".into()));
            }),
            ("a session key that the service alone chose", |r| {
                let kind = SecretKind::SymmetricKey;
                let key = BinarySecret { id: None, kind, ..secret(32) };
                r.proof = Some(ProofToken::BinarySecret(key));
            }),
            ("a session key that the service alone chose", |r| {
                let (algorithm, cipher_value) = ("urn:wrap".into(), vec![1; 40]);
                r.proof = Some(ProofToken::EncryptedKey { algorithm, cipher_value });
            }),
            ("the service's Entropy is missing", |r| r.entropy = None),
            ("KeySize is 128", |r| r.key_size = Some(128)),
            ("KeySize is 65536", |r| r.key_size = Some(65_536)),
            ("Created before Expires", |r| {
                let lifetime = r.lifetime.unwrap();
                let (created, expires) = (lifetime.expires, lifetime.created);
                r.lifetime = Some(Lifetime { created, expires });
            }),
            ("a BinarySecret", |r| r.entropy = Some(secret(5000))),
        ];
        for (words, change) in cases {
            let mut response = good(dialect);
            change(&mut response);
            let error = verdict(dialect, &response).unwrap_err();
            let ClientError::Response { origin: FaultOrigin::Issue, .. } = &error else {
                panic!("{words}: {error}")
            };
            says(&error, &["the request for a security session is not acceptable", words]);
            assert!(error.ends_session());
        }
        // What may be left out.
        let plain = RequestSecurityTokenResponse {
            token_type: None,
            lifetime: None,
            key_size: None,
            ..good(dialect)
        };
        assert!(matches!(verdict(dialect, &plain), Ok(Step::Established)));
    }
}

#[test]
fn an_answer_to_another_request_or_of_another_form_is_refused() {
    let dialect = OLD;
    let issue = TrustAction::IssueResponse;
    let action = issue.uri(dialect);
    // It relates to another request, or to none.
    for message_id in [Some("urn:uuid:other".to_owned()), None] {
        let error = answered(dialect, issue, |reply, asked| {
            let asked = Addressing { message_id: message_id.clone(), ..asked.clone() };
            headers(reply, &asked, &action);
            let body = reply.body().id();
            write_response(reply.document_mut(), body, &good(dialect), ResponseBody::Bare);
        });
        says(&error.unwrap_err(), &["the header RelatesTo"]);
    }
    let error = answered(dialect, issue, |reply, asked| {
        headers(reply, asked, &action);
        let second = RequestSecurityTokenResponse {
            token: Some(IssuedContextToken::new(dialect, "uuid-x-3", "urn:uuid:y", None)),
            entropy: None,
            ..good(dialect)
        };
        let body = reply.body().id();
        write_collection(reply.document_mut(), body, &[good(dialect), second]);
    });
    says(&error.unwrap_err(), &["more than 1 RequestSecurityTokenResponse"]);
    let renewed = TrustAction::RenewResponse;
    let error = answered(dialect, renewed, |reply, asked| {
        headers(reply, asked, &renewed.uri(dialect));
        let body = reply.body().id();
        write_response(reply.document_mut(), body, &good(dialect), ResponseBody::Bare);
    });
    says(&error.unwrap_err(), &["the header Action"]);
    let error = answered(dialect, issue, |reply, asked| headers(reply, asked, &action));
    says(&error.unwrap_err(), &["the RequestSecurityTokenResponse is missing"]);
}

/// A client with a negotiated token that asks for whatever the test says, well protected.
fn asked(dialect: Dialect, action: TrustAction, body: &RequestSecurityToken) -> ServiceReply {
    let session = Setup::negotiated(dialect, Credential::None);
    let mut client = session.clone().one_shot().client;
    let level = ProtectionLevel::EncryptAndSign;
    client.requirements.operation(&action.uri(dialect), None, level);
    let mut pair = Setup { client, ..session }.build();
    pair.open().unwrap();
    let request = trust_message(&mut pair, action, body);
    let (request, _) =
        pair.client.protect(request, &mut moment(pair.now, &mut pair.random)).unwrap();
    let reply = pair.service.answer(&request, pair.now);
    assert_eq!(
        pair.service.security.session_count(),
        usize::from(reply.error.is_none()),
        "a session only for a good request"
    );
    reply
}

fn trust_message(pair: &mut Pair, action: TrustAction, body: &RequestSecurityToken) -> Envelope {
    let mut request = Envelope::new(VERSION);
    let uri = action.uri(body.dialect);
    Addressing::request(&uri, ADDRESS, VERSION.addressing, &mut pair.random).write(&mut request);
    let parent = request.body().id();
    body.write(request.document_mut(), parent);
    request
}

#[test]
fn a_client_that_asks_for_something_else_gets_no_session() {
    for dialect in Dialect::ALL {
        let good = || RequestSecurityToken::issue_context(dialect, secret(32), 256);
        let issue = TrustAction::Issue;
        assert!(asked(dialect, issue, &good()).error.is_none());
        // A missing KeySize and TokenType mean what the suite and the action say.
        let plain = RequestSecurityToken { key_size: None, token_type: None, ..good() };
        assert!(asked(dialect, issue, &plain).error.is_none());
        let cases = [
            ("the client's Entropy is missing", RequestSecurityToken { entropy: None, ..good() }),
            ("KeySize is 128", RequestSecurityToken { key_size: Some(128), ..good() }),
            ("KeySize is 512", RequestSecurityToken { key_size: Some(512), ..good() }),
            (
                "a TokenType other than",
                RequestSecurityToken { token_type: Some("urn:other".into()), ..good() },
            ),
            (
                "the RequestType is malformed",
                RequestSecurityToken { request_type: RequestType::Renew, ..good() },
            ),
            (
                "the RequestType is malformed",
                RequestSecurityToken { request_type: RequestType::Cancel, ..good() },
            ),
        ];
        for (words, body) in cases {
            let reply = asked(dialect, issue, &body);
            let Some(ServiceError::Request(error)) = &reply.error else { panic!("{reply:?}") };
            says(error, &[words]);
            // The fault is secured: nobody on the way reads or writes it.
            let text = String::from_utf8(reply.envelope.to_bytes()).unwrap();
            assert!(text.contains("EncryptedData") && !text.contains("InvalidRequest"));
            assert_eq!(reply.kind, ReplyKind::Fault);
        }
    }
}

#[test]
fn a_renewal_without_the_session_s_own_signature_is_refused() {
    let target = ContextReference::new("urn:uuid:any");
    let body = RequestSecurityToken::renew_context(OLD, secret(32), 256, target);
    let reply = asked(OLD, TrustAction::Renew, &body);
    assert_eq!(fault(&reply.envelope).0, "Sender/InvalidSecurity");
    assert!(matches!(reply.error, Some(ServiceError::Message(_))), "{:?}", reply.error);
}

#[test]
fn a_cancellation_of_another_session_or_of_nothing_is_refused() {
    let mut pair = Setup::by_certificate(OLD, Credential::None).build();
    pair.open().unwrap();
    pair.call("open").unwrap();
    let own = pair.client.context().unwrap();
    let other = ContextReference::new("urn:uuid:other");
    let nothing = RequestSecurityToken::new(OLD, RequestType::Cancel);
    let renewal = RequestSecurityToken {
        cancel_target: Some(own.clone()),
        ..RequestSecurityToken::new(OLD, RequestType::Issue)
    };
    let cases = [
        ("another security context", RequestSecurityToken::cancel_context(OLD, other)),
        ("the CancelTarget is missing", nothing),
        ("the RequestType is malformed", renewal),
    ];
    for (words, body) in cases {
        let request = trust_message(&mut pair, TrustAction::Cancel, &body);
        let (request, correlation) =
            pair.client.protect(request, &mut moment(pair.now, &mut pair.random)).unwrap();
        let Incoming::Reply(reply) = pair.service.receive(&request, pair.now) else {
            panic!("handed up")
        };
        says(reply.error.as_ref().unwrap(), &[words]);
        assert!(reply.ended.is_none());
        let received =
            pair.client.verify(wire(&reply.envelope), &correlation, &still(pair.now)).unwrap();
        let fault = waxwing_soap::Fault::read(received.envelope()).unwrap();
        assert_eq!(fault.subcode().unwrap().local, "InvalidRequest");
        pair.call("still open").unwrap();
    }
    pair.cancel().unwrap();
    assert_eq!(pair.service.security.session_count(), 0);
}

/// `replayCacheSize` of the client: what may have been forgotten is refused.
#[test]
fn a_client_that_remembers_few_replies_accepts_them_for_a_shorter_time() {
    for (size, accepted) in [(900_000, true), (1, false)] {
        let mut setup = Setup::by_certificate(OLD, Credential::None);
        setup.client.replay_cache_size = size;
        let mut pair = setup.build();
        pair.open().unwrap();
        let (request, correlation) = pair.request("late");
        let message = pair.service.message(&request, pair.now);
        let late = pair.echo(message);
        for text in ["one", "two"] {
            pair.pass(secs(1));
            pair.call(text).unwrap();
        }
        let result = pair.client.verify(wire(&late), &correlation, &still(pair.now));
        assert_eq!(result.is_ok(), accepted, "{size}");
    }
}
