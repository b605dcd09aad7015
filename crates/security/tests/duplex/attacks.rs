//! What somebody could do who sees and changes what is sent and has no key, or only the keys of a session of his own.

use jiff::SignedDuration;
use waxwing_security::Reason;
use waxwing_security::conversation::{
    ClientError, Flow, FromService, Incoming, LinkSecurity, ReplyContext, ReplyKind, ServiceError,
    Step,
};
use waxwing_security::trust::{ContextReference, RequestSecurityToken, TrustAction};
use waxwing_security::wsse::Dialect;
use waxwing_soap::{Addressing, Envelope, Fault, FaultCode};

use crate::kit::{ASK, CALLBACK, Change, Duplex, EQUALS, FLOWS, TERMINATE, VERSION, duplex, why};
use crate::nego::{ADD, ADDRESS, Credential, Setup, altered, moment, reason_of, says};

fn setup(flow: Flow) -> Setup {
    duplex(Setup::by_certificate(Dialect::February2005, Credential::Certificate("alice")), flow)
}

/// The same whose messages are under the session's key itself.
fn without_derived_keys(flow: Flow) -> Setup {
    let mut setup = setup(flow);
    setup.client.settings.derived_keys = false;
    setup.service.settings.derived_keys = false;
    setup
}

fn opened(flow: Flow) -> Duplex {
    let mut duplex = Duplex::opened(setup(flow));
    duplex.call("first");
    duplex
}

/// Another client of the same service, with a session of his own.
fn with_another(flow: Flow) -> (Duplex, Duplex) {
    let mut alice = opened(flow);
    let mut mallory = Duplex::seeded(setup(flow), 8);
    std::mem::swap(&mut alice.pair.service, &mut mallory.pair.service);
    mallory.open().unwrap();
    mallory.call("mine");
    std::mem::swap(&mut alice.pair.service, &mut mallory.pair.service);
    (alice, mallory)
}

fn message_error(error: ServiceError) -> Reason {
    let ServiceError::Message(error) = error else { panic!("{error}") };
    error.reason().clone()
}

/// A message of the service as one of the client's: with the token that the client attaches.
fn as_the_clients(message: &Envelope, identifier: &str) -> Envelope {
    let token = format!(
        "</u:Timestamp><c:SecurityContextToken u:Id=\"sct\" \
         xmlns:c=\"http://schemas.xmlsoap.org/ws/2005/02/sc\"><c:Identifier>{identifier}</c:Identifier>\
         </c:SecurityContextToken>"
    );
    altered(message, |text| text.replacen("</u:Timestamp>", &token, 1))
}

/// The other way.
fn as_the_services(message: &Envelope, identifier: &str) -> Envelope {
    altered(message, |text| {
        let (before, rest) = text.split_once("<c:SecurityContextToken").unwrap();
        let (token, after) = rest.split_once("</c:SecurityContextToken>").unwrap();
        let id = token.split("u:Id=\"").nth(1).unwrap().split('"').next().unwrap();
        let kind = "http://schemas.xmlsoap.org/ws/2005/02/sc/sct";
        let local = [
            format!("ValueType=\"{kind}\" URI=\"#{id}\""),
            format!("URI=\"#{id}\" ValueType=\"{kind}\""),
        ];
        let by_name = format!("URI=\"{identifier}\" ValueType=\"{kind}\"");
        let after = local.iter().fold(after.to_owned(), |text, l| text.replace(l, &by_name));
        format!("{before}{after}")
    })
}

#[test]
fn what_is_sent_back_to_its_sender_is_known() {
    for flow in FLOWS {
        let mut duplex = opened(flow);
        let identifier = duplex.session().identifier().to_owned();
        // A callback as a request, and a message that both ends may send.
        for (action, sent_back) in [(EQUALS, false), (ASK, false), (TERMINATE, true)] {
            let own = duplex.service_says(action, Change::text("called"));
            let back = as_the_clients(&own, &identifier);
            let reason = message_error(duplex.refused(&back));
            match sent_back {
                true => assert_eq!(reason, Reason::Reflected),
                // It is no request of the contract.
                false => assert!(matches!(reason, Reason::UnknownAction(_)), "{reason}"),
            }
            duplex.heard(&own);
        }
        for (action, sent_back) in [(ADD, false), (TERMINATE, true)] {
            let own = duplex.client_says(action, Change::text("call"));
            let error = duplex.refused_by_client(&as_the_services(&own, &identifier));
            let reason = reason_of(&error).reason();
            match sent_back {
                true => assert_eq!(*reason, Reason::Reflected),
                false => assert!(matches!(reason, Reason::UnknownAction(_)), "{reason}"),
            }
            assert!(!error.ends_session());
            assert!(matches!(duplex.at_service(&own), Incoming::Message(_)));
        }
        duplex.call("goes on");
    }
}

/// Both ends sign with one key then: the address tells whose message it is.
#[test]
fn without_derived_keys_too() {
    for flow in FLOWS {
        let mut duplex = Duplex::opened(without_derived_keys(flow));
        duplex.call("first");
        let identifier = duplex.session().identifier().to_owned();
        let own = duplex.client_says(TERMINATE, Change::default());
        let error = duplex.refused_by_client(&as_the_services(&own, &identifier));
        assert_eq!(*reason_of(&error).reason(), Reason::Reflected, "{flow:?}");
        let own = duplex.service_says(TERMINATE, Change::default());
        let as_clients = as_the_clients(&own, &identifier);
        let kind = "http://schemas.xmlsoap.org/ws/2005/02/sc/sct";
        let by_name = format!("URI=\"{identifier}\" ValueType=\"{kind}\"");
        let back = altered(&as_clients, |text| {
            text.replace(&by_name, &format!("ValueType=\"{kind}\" URI=\"#sct\""))
        });
        match flow {
            Flow::DuplexSession => {
                assert_eq!(message_error(duplex.refused(&back)), Reason::Reflected);
            }
            // It is addressed to the client: the endpoint's filter refuses it.
            _ => match duplex.at_service(&back) {
                Incoming::Message(message) => {
                    let to = Addressing::read(message.received.envelope()).unwrap().to;
                    assert_eq!(to.as_deref(), Some(CALLBACK));
                }
                other => panic!("{other:?}"),
            },
        }
        duplex.heard(&own);
    }
}

#[test]
fn nothing_is_taken_twice_whatever_it_is_taken_for() {
    for flow in FLOWS {
        let mut duplex = opened(flow);
        let call = duplex.call("asked");
        let reply = duplex.answer(&call, "answered");
        duplex.heard(&reply);
        let error = duplex.refused_by_client(&reply);
        assert_eq!(*reason_of(&error).reason(), Reason::Replay);
        let request = duplex.client_says(ADD, Change::text("once"));
        assert!(matches!(duplex.at_service(&request), Incoming::Message(_)));
        assert_eq!(message_error(duplex.refused(&request)), Reason::Replay);
        // When it is forgotten, it is too old.
        duplex.pair.pass(SignedDuration::from_mins(30));
        let error = duplex.refused_by_client(&reply);
        assert!(matches!(reason_of(&error).reason(), Reason::Stale(_)), "{error}");
        let reason = message_error(duplex.refused(&request));
        assert!(matches!(reason, Reason::Stale(_)), "{reason}");
    }
}

#[test]
fn a_reply_is_no_callback_and_no_reply_to_another_call() {
    for flow in FLOWS {
        let mut duplex = opened(flow);
        let call = duplex.call("asked");
        let reply = duplex.answer(&call, "answered");
        let id = Addressing::read(call.received.envelope()).unwrap().message_id.unwrap();
        let changes: [(&str, String); 4] = [
            (ADD, EQUALS.to_owned()),
            (&id, "urn:uuid:00000000-0000-4000-8000-000000000000".to_owned()),
            ("<a:RelatesTo ", "<a:RelatesTo RelationshipType=\"urn:none\" ".to_owned()),
            (
                match flow {
                    Flow::CompositeDuplex => CALLBACK,
                    _ => VERSION.addressing.anonymous(),
                },
                "http://elsewhere/".to_owned(),
            ),
        ];
        for (from, to) in changes {
            let from = match from {
                ADD => format!("{ADD}Response"),
                from => from.to_owned(),
            };
            let changed = altered(&reply, |text| text.replacen(&from, &to, 1));
            let error = duplex.refused_by_client(&changed);
            let reason = reason_of(&error).reason();
            assert!(matches!(reason, Reason::DigestMismatch(_)), "{from}: {reason}");
        }
        duplex.heard(&reply);
        let request = duplex.client_says(TERMINATE, Change::text("x"));
        for (from, to) in [
            (ADDRESS, "http://localhost:8000/other"),
            ("TerminateSequence</a:Action>", "LastMessage</a:Action>"),
        ] {
            let changed = altered(&request, |text| text.replacen(from, to, 1));
            let reason = message_error(duplex.refused(&changed));
            assert!(matches!(reason, Reason::DigestMismatch(_)), "{from}: {reason}");
        }
        assert!(matches!(duplex.at_service(&request), Incoming::Message(_)));
    }
}

/// Headers that say for whom a message is are signed, or it is refused: whoever adds one, or takes its identifier away.
#[test]
fn whom_a_message_is_for_is_signed() {
    const INSTANCE: &str = "<ChannelInstance xmlns=\"http://schemas.microsoft.com/ws/2005/02/duplex\">3</ChannelInstance>";
    for flow in FLOWS {
        let mut duplex = opened(flow);
        let callback = duplex.service_says(EQUALS, Change::text("called"));
        let unsigned = altered(&callback, |text| {
            let (before, to) = text.split_once("<a:To ").unwrap();
            let (tag, after) = to.split_once('>').unwrap();
            let id = tag.split(" u:Id=\"").nth(1).unwrap().split('"').next().unwrap();
            let tag = tag.replace(&format!(" u:Id=\"{id}\""), "");
            format!("{before}<a:To {tag}>{after}")
        });
        let error = duplex.refused_by_client(&unsigned);
        let reason = reason_of(&error).reason();
        assert!(matches!(reason, Reason::UnresolvedReference(_)), "{reason}");
        // A second one that nobody signed.
        let second = altered(&callback, |text| {
            text.replacen(
                "<o:Security",
                "<a:ReplyTo><a:Address>http://me/</a:Address></a:ReplyTo><o:Security",
                1,
            )
        });
        let error = duplex.refused_by_client(&second);
        let reason = reason_of(&error).reason();
        assert!(matches!(reason, Reason::NotSigned(_)), "{reason}");
        let instance = altered(&callback, |text| {
            text.replacen("<o:Security", &format!("{INSTANCE}<o:Security"), 1)
        });
        match flow {
            Flow::CompositeDuplex => {
                let error = duplex.refused_by_client(&instance);
                let reason = reason_of(&error).reason();
                assert!(matches!(reason, Reason::NotSigned(_) | Reason::Level { .. }), "{reason}");
                duplex.heard(&callback);
            }
            // It says nothing there.
            _ => drop(duplex.heard(&instance)),
        }
    }
}

#[test]
fn a_message_of_another_session_is_none_of_this_one() {
    for flow in FLOWS {
        let (mut alice, mut mallory) = with_another(flow);
        // Mallory's own message, said to be of Alice's session.
        let of_alice = alice.session().identifier().to_owned();
        let own = mallory.client_says(TERMINATE, Change::text("of mallory"));
        let of_mallory = mallory.pair.client.context().unwrap().identifier;
        let renamed = altered(&own, |text| text.replace(&*of_mallory, &of_alice));
        let reason = message_error(alice.refused(&renamed));
        assert_eq!(reason, Reason::SignatureMismatch);
        // What the service says to Mallory, posted to Alice.
        std::mem::swap(&mut alice.pair.service, &mut mallory.pair.service);
        let to_mallory = mallory.service_says(TERMINATE, Change::text("for mallory"));
        std::mem::swap(&mut alice.pair.service, &mut mallory.pair.service);
        let error = alice.refused_by_client(&to_mallory);
        assert!(matches!(error, ClientError::Unverifiable(_)), "{error}");
        let renamed = altered(&to_mallory, |text| text.replace(&*of_mallory, &of_alice));
        let error = alice.refused_by_client(&renamed);
        assert_eq!(*reason_of(&error).reason(), Reason::SignatureMismatch);
        alice.call("goes on");
    }
}

#[test]
fn nobody_ends_the_session_of_another() {
    for flow in FLOWS {
        let (mut alice, mut mallory) = with_another(flow);
        let session = alice.session();
        let cancel = |target: &str| {
            let target = ContextReference::new(target);
            let dialect = Dialect::February2005;
            let mut envelope = Envelope::new(VERSION);
            let action = TrustAction::Cancel.uri(dialect);
            let random = &mut crate::nego::Seeded(3);
            Addressing::request(&action, ADDRESS, VERSION.addressing, random).write(&mut envelope);
            let body = envelope.body().id();
            RequestSecurityToken::cancel_context(dialect, target)
                .write(envelope.document_mut(), body);
            envelope
        };
        // In a session of his own, of Alice's.
        let at = &mut moment(mallory.pair.now, &mut mallory.pair.random);
        let of_alice = mallory.pair.client.protect(cancel(session.identifier()), at).unwrap().0;
        let mut link = LinkSecurity::default();
        let Incoming::Reply(reply) = alice.at_service_over(&mut link, &of_alice) else {
            panic!("taken");
        };
        let Some(ServiceError::Request(error)) = &reply.error else { panic!("{reply:?}") };
        assert_eq!(*error.reason(), Reason::ForeignContext);
        assert_eq!(alice.pair.service.security.session_count(), 2);
        // Over Alice's connection.
        if flow == Flow::DuplexSession {
            let error = alice.refused(&of_alice);
            assert!(matches!(error, ServiceError::ForeignLink { .. }), "{error}");
        }
        // In clear, and under nothing.
        let error = alice.refused(&cancel(session.identifier()));
        assert!(
            matches!(error, ServiceError::ForeignLink { .. } | ServiceError::NoSession { .. }),
            "{error}"
        );
        let error = alice.refused_by_client(&cancel(session.identifier()));
        assert!(matches!(error, ClientError::Unverifiable(_)), "{error}");
        // His own, which the service ends, posted to Alice.
        let own = mallory.client_ends().unwrap();
        let mut link = LinkSecurity::default();
        let ended = alice.at_service_over(&mut link, &own);
        assert!(matches!(ended, Incoming::Ended(ended) if ended != session));
        alice.call("goes on");
    }
}

/// Anybody can encrypt a key for the service, and the token of a negotiation is good for a session only.
#[test]
fn nothing_but_requests_for_sessions_is_taken_under_a_bootstraps_token() {
    for flow in FLOWS {
        let one_shot = |setup: Setup| {
            let mut setup = setup.one_shot();
            (setup.client.flow, setup.service.flow) = (Flow::Exchanges, Flow::Exchanges);
            setup
        };
        for (setup, bare) in [
            (setup(flow), one_shot(setup(flow))),
            (
                duplex(Setup::negotiated(Dialect::February2005, Credential::None), flow),
                one_shot(Setup::negotiated(Dialect::February2005, Credential::None)),
            ),
        ] {
            let mut duplex = Duplex::opened(setup);
            duplex.call("first");
            let mut bare = bare.build_seeded(9);
            // Where there is a negotiation it is with this service.
            std::mem::swap(&mut bare.service, &mut duplex.pair.service);
            let negotiated = bare.open();
            std::mem::swap(&mut bare.service, &mut duplex.pair.service);
            if let Err(error) = &negotiated {
                panic!("{error}");
            }
            for action in [ADD, TERMINATE] {
                let mut envelope = Envelope::new(VERSION);
                Addressing::request(action, ADDRESS, VERSION.addressing, &mut bare.random)
                    .write(&mut envelope);
                let at = &mut moment(bare.now, &mut bare.random);
                let message = bare.client.protect(envelope, at).unwrap().0;
                let error = duplex.refused(&message);
                assert!(
                    matches!(
                        error,
                        ServiceError::ForeignLink { .. } | ServiceError::NoSession { .. }
                    ),
                    "{error}"
                );
                let incoming = duplex.at_service_over(&mut LinkSecurity::default(), &message);
                let error = why(flow, incoming);
                assert!(matches!(error, ServiceError::NoSession { .. }), "{error}");
            }
            duplex.call("goes on");
        }
    }
}

/// Whoever posts to the client's address while it waits for its session ends nothing by that.
#[test]
fn the_right_answer_is_waited_for_whatever_is_posted_before() {
    let flow = Flow::CompositeDuplex;
    let mut duplex = Duplex::new(setup(flow));
    let step = duplex.pair.client.open(&mut moment(duplex.pair.now, &mut duplex.pair.random));
    let Step::SendInSession(request) = step.unwrap() else { panic!("another step") };
    let id = Addressing::read(&request).unwrap().message_id.unwrap();
    let Incoming::Reply(reply) = duplex.at_service(&request) else { panic!("no answer") };
    let to = Addressing::read(&reply.envelope).unwrap().to;
    assert_eq!(to.as_deref(), Some(CALLBACK), "it is posted to where the request said");
    assert!(String::from_utf8(reply.envelope.to_bytes()).unwrap().contains("ChannelInstance"));

    let fault = Fault::new(FaultCode::Sender, "no")
        .with_subcode("http://schemas.xmlsoap.org/ws/2005/02/trust", "FailedAuthentication");
    let action = VERSION.addressing.default_fault_action();
    let made_up = fault.to_envelope(VERSION, action, Some(&id));
    let changed =
        altered(&reply.envelope, |text| text.replacen("<e:CipherValue>", "<e:CipherValue>AAAA", 1));
    for wrong in [made_up, changed] {
        let error = duplex.refused_by_client(&wrong);
        assert!(matches!(error, ClientError::Unverifiable(_)) && !error.ends_session(), "{error}");
    }
    let done = duplex.at_client(&reply.envelope);
    assert!(matches!(done, Ok(FromService::Step(Step::Established))), "{done:?}");
    duplex.call("first");
    // It is good once.
    let error = duplex.refused_by_client(&reply.envelope);
    assert!(matches!(error, ClientError::Unverifiable(_)), "{error}");
    // And a fault of a stranger ends no session where anybody can post.
    let made_up = fault.to_envelope(VERSION, action, Some(&id));
    let error = duplex.refused_by_client(&made_up);
    assert!(!error.ends_session(), "{error}");
    duplex.call("goes on");
}

/// Over one connection only the service, or who has broken the connection anyway, can say so.
#[test]
fn over_a_connection_a_fault_of_the_services_security_ends_the_session() {
    let mut duplex = opened(Flow::DuplexSession);
    let fault = Fault::new(FaultCode::Sender, "no")
        .with_subcode("http://schemas.xmlsoap.org/ws/2005/02/sc", "BadContextToken");
    let action = VERSION.addressing.default_fault_action();
    let error = duplex.refused_by_client(&fault.to_envelope(VERSION, action, None));
    assert!(error.ends_session(), "{error}");
    says(&error, &["the service does not know the security session"]);
}

/// The service posts nothing to an address that a stranger names.
#[test]
fn a_stranger_gets_no_answer_where_answers_are_posted() {
    let mut duplex = Duplex::new(setup(Flow::CompositeDuplex));
    let mut plain = Envelope::new(VERSION);
    Addressing::request(ADD, ADDRESS, VERSION.addressing, &mut duplex.pair.random)
        .write(&mut plain);
    let mut trust = Envelope::new(VERSION);
    let action = TrustAction::Issue.uri(Dialect::February2005);
    Addressing::request(&action, ADDRESS, VERSION.addressing, &mut duplex.pair.random)
        .write(&mut trust);
    for message in [plain, trust] {
        let Incoming::Reply(reply) = duplex.at_service(&message) else { panic!("taken") };
        assert_eq!(reply.kind, ReplyKind::Silent, "{:?}", reply.error);
    }
    // Nobody would hear of a session that is asked for without an address.
    let mut nowhere = setup(Flow::CompositeDuplex);
    nowhere.client.reply_to = None;
    let mut nowhere = Duplex::new(nowhere);
    let step = nowhere.pair.client.open(&mut moment(nowhere.pair.now, &mut nowhere.pair.random));
    let Step::SendInSession(request) = step.unwrap() else { panic!("another step") };
    let Incoming::Reply(reply) = nowhere.at_service(&request) else { panic!("taken") };
    assert_eq!(reply.kind, ReplyKind::Silent, "{:?}", reply.error);
    assert_eq!(nowhere.pair.service.security.session_count(), 0);
    // Nor does who fails to prove who he is.
    let wrong = Setup::by_certificate(Dialect::February2005, Credential::UserName("wrong"));
    let mut wrong = Duplex::new(crate::kit::duplex(wrong, Flow::CompositeDuplex));
    let step = wrong.pair.client.open(&mut moment(wrong.pair.now, &mut wrong.pair.random));
    let Step::SendInSession(request) = step.unwrap() else { panic!("another step") };
    let Incoming::Reply(reply) = wrong.at_service(&request) else { panic!("taken") };
    assert_eq!(reply.kind, ReplyKind::Silent, "{:?}", reply.error);
}

/// Who names an address chooses the headers of what is posted there: not those that the layers act upon. Nothing is posted to
/// such an address.
#[test]
fn parameters_of_an_address_are_no_headers_of_the_layers() {
    for parameter in [
        "<o:Security xmlns:o=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\"/>",
        "<a:To xmlns:a=\"http://www.w3.org/2005/08/addressing\">http://elsewhere/</a:To>",
        "<r:AckRequested xmlns:r=\"http://schemas.xmlsoap.org/ws/2005/02/rm\"/>",
    ] {
        let mut setup = setup(Flow::CompositeDuplex);
        setup.client.reply_to.as_mut().unwrap().reference_parameters.push(parameter.to_owned());
        let mut duplex = Duplex::new(setup);
        let step = duplex.pair.client.open(&mut moment(duplex.pair.now, &mut duplex.pair.random));
        let Step::SendInSession(request) = step.unwrap() else { panic!("another step") };
        let Incoming::Reply(reply) = duplex.at_service(&request) else { panic!("no answer") };
        assert_eq!(reply.kind, ReplyKind::Silent, "{parameter}");
        assert_eq!(duplex.pair.service.security.session_count(), 0);
    }
}

/// Callbacks over a link go to whom the link belongs to.
#[test]
fn a_link_has_one_caller() {
    let setup = |credential| {
        let setup = Setup::over_transport(Dialect::February2005, credential).one_shot();
        duplex(setup, Flow::DuplexSession)
    };
    let mut certificates = setup(Credential::Certificate("alice"));
    certificates.rules.clients = std::sync::Arc::new(crate::nego::any_trust_rule);
    let mut alice = Duplex::opened(certificates.clone());
    alice.call("of alice");
    let mut bob_setup = setup(Credential::Certificate("bob"));
    bob_setup.rules = certificates.rules.clone();
    let mut bob = Duplex::seeded(bob_setup, 8);
    bob.open().unwrap();
    let of_bob = bob.client_says(ADD, Change::text("of bob"));
    let reason = message_error(alice.refused(&of_bob));
    assert!(matches!(reason, Reason::Untrusted(_)), "{reason}");
    alice.call("goes on");
}

/// What is kept to protect callbacks with is of no use when the session is over.
#[test]
fn a_context_is_good_as_long_as_its_session() {
    for flow in FLOWS {
        let mut duplex = opened(flow);
        let session = duplex.session();
        duplex.context = Some(ReplyContext::of(&session));
        let callback = duplex.service_says(EQUALS, Change::text("called"));
        duplex.heard(&callback);
        duplex.pair.service.security.end_session(&session);
        let message = duplex.client_says(ADD, Change::text("too late"));
        let error = duplex.refused(&message);
        assert!(matches!(error, ServiceError::NoSession { .. }), "{error}");
        assert!(duplex.service_ends(&session).is_none(), "nothing is said in it any more");
    }
}
