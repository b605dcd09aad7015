//! What is sent both ways, with every credential, and what no duplex flow can have.

use jiff::SignedDuration;
use waxwing_security::conversation::{
    ClientError, ClientSecurity, Flow, FromService, Incoming, LinkSecurity, Protection,
    ServiceError, ServiceSecurity,
};
use waxwing_security::wsse::Dialect;
use waxwing_soap::{Addressing, Envelope};

use crate::kit::{
    ASK, ASK_RESPONSE, Change, Duplex, EQUALS, FLOWS, TERMINATE, duplex, setups, why,
};
use crate::nego::{Credential, Seeded, Setup, moment, says};

#[test]
fn both_ends_send_when_they_like() {
    for flow in FLOWS {
        for setup in setups(flow) {
            let credential = setup.client.credential.clone();
            let mut duplex = Duplex::new(setup);
            duplex.open().unwrap_or_else(|e| panic!("{flow:?} {credential:?}: {e}"));
            let first = duplex.call("1");
            let second = duplex.call("2");
            // Callbacks that answer nothing, before the replies; replies in the other order, long after.
            for text in ["a", "b"] {
                let callback = duplex.service_says(EQUALS, Change::text(text));
                let heard = duplex.heard(&callback);
                assert_eq!(heard.envelope().payload().unwrap().text(), text);
            }
            duplex.pair.pass(SignedDuration::from_mins(20));
            for (call, text) in [(second, "two"), (first, "one")] {
                let reply = duplex.answer(&call, text);
                let heard = duplex.heard(&reply);
                assert_eq!(heard.envelope().payload().unwrap().text(), text);
                let id = Addressing::read(call.received.envelope()).unwrap().message_id;
                assert_eq!(Addressing::read(heard.envelope()).unwrap().relates_to, id);
            }
            // A call of the service, and its answer.
            let asked = duplex.service_says(ASK, Change::text("?"));
            duplex.heard(&asked);
            let answer = duplex
                .client_says(ASK_RESPONSE, Change { relates_to: Some("urn:asked"), text: "!" });
            assert!(matches!(duplex.at_service(&answer), Incoming::Message(_)));
            // Messages of reliable messaging, both ways.
            let out = duplex.client_says(TERMINATE, Change::default());
            assert!(matches!(duplex.at_service(&out), Incoming::Message(_)));
            let back = duplex.service_says(TERMINATE, Change::default());
            duplex.heard(&back);
        }
    }
}

#[test]
fn keys_are_renewed_while_the_service_calls() {
    for flow in FLOWS {
        for setup in setups(flow) {
            let mut duplex = Duplex::opened(setup);
            duplex.call("before");
            let under_way = duplex.service_says(EQUALS, Change::text("under the old key"));
            duplex.renew().unwrap();
            duplex.heard(&under_way);
            // The service goes on with its key until the client has used the new one.
            let callback = duplex.service_says(EQUALS, Change::text("between"));
            duplex.heard(&callback);
            let context = duplex.context.clone();
            duplex.call("after");
            duplex.context = context;
            let callback =
                duplex.service_says(EQUALS, Change::text("the same context, the new key"));
            duplex.heard(&callback);
        }
    }
}

#[test]
fn an_expired_key_is_demanded_anew() {
    for flow in FLOWS {
        let setup = Setup::by_certificate(Dialect::February2005, Credential::Certificate("alice"));
        let mut setup = duplex(setup, flow);
        setup.service.limits.session_key_lifetime = SignedDuration::from_mins(30);
        setup.client.renewal_threshold_percent = 100;
        let mut duplex = Duplex::opened(setup);
        duplex.call("in time");
        duplex.pair.pass(SignedDuration::from_mins(31));
        let late = duplex.client_says(crate::nego::ADD, Change { text: "late", relates_to: None });
        let id = Addressing::read(&late).unwrap().message_id;
        let Incoming::Reply(reply) = duplex.at_service(&late) else { panic!("taken") };
        assert!(matches!(reply.error, Some(ServiceError::KeyExpired(_))), "{:?}", reply.error);
        if flow == Flow::CompositeDuplex {
            // It named no address for answers.
            assert_eq!(Addressing::read(&reply.envelope).unwrap().to, None);
            continue;
        }
        let heard = duplex.at_client(&reply.envelope).unwrap();
        let FromService::RenewNeeded { relates_to } = heard else { panic!("{heard:?}") };
        assert_eq!(relates_to, id);
        assert!(duplex.pair.client.renewal_due(&moment(duplex.pair.now, &mut Seeded(1))));
        duplex.renew().unwrap();
        duplex.call("again");
    }
}

#[test]
fn messages_by_a_users_own_token_over_a_protected_link() {
    for credential in [Credential::UserName("secret"), Credential::Certificate("alice")] {
        let setup = Setup::over_transport(Dialect::February2005, credential).one_shot();
        let mut duplex = Duplex::opened(duplex(setup, Flow::DuplexSession));
        let call = duplex.call("1");
        assert!(call.session.is_none() && credential.is_caller(&call.caller));
        let callback = duplex.service_says(EQUALS, Change::text("called"));
        duplex.heard(&callback);
        let reply = duplex.answer(&call, "one");
        duplex.heard(&reply);
        assert!(duplex.client_ends().is_none(), "there is no session to end");
    }
}

#[test]
fn what_no_duplex_flow_can_have_is_refused_by_name() {
    let base = |flow| {
        duplex(Setup::by_certificate(Dialect::February2005, Credential::Certificate("alice")), flow)
    };
    let refused = |setup: Setup, words: &str| {
        let client = ClientSecurity::new(setup.client, &mut Seeded(1)).map(|_| ());
        let service = ServiceSecurity::new(setup.service, &mut Seeded(1)).map(|_| ());
        let client = client.err().map(|e| e.to_string()).unwrap_or_default();
        let service = service.err().map(|e| e.to_string()).unwrap_or_default();
        assert!(client.contains(words) && service.contains(words), "'{client}' '{service}'");
    };
    for flow in FLOWS {
        refused(base(flow).one_shot(), "one by one");
        let mut cookie = base(flow);
        cookie.client.protection = Protection::Cookie;
        cookie.service.protection = Protection::Cookie;
        refused(cookie, "requireSecurityContextCancellation");
        let mut confirmed = base(flow);
        confirmed.client.session_signature_confirmation = true;
        confirmed.service.session_signature_confirmation = true;
        refused(confirmed, "requireSignatureConfirmation");
        let mut unsecured = base(flow);
        unsecured.client.enable_unsecured_response = true;
        let error = ClientSecurity::new(unsecured.client, &mut Seeded(1)).map(|_| ()).unwrap_err();
        says(&error, &["enableUnsecuredResponse", "callbacks"]);
    }
}

#[test]
fn a_connection_carries_one_thing() {
    let setup = || {
        duplex(
            Setup::by_certificate(Dialect::February2005, Credential::Certificate("alice")),
            Flow::DuplexSession,
        )
    };
    let mut duplex = Duplex::opened(setup());
    let session = duplex.session();
    assert_eq!(duplex.link.session(), Some(&session));
    // Another session of the same service on this connection, and this session on one for requests.
    let mut other = Duplex::seeded(setup(), 8);
    std::mem::swap(&mut duplex.pair.service, &mut other.pair.service);
    other.open().unwrap();
    std::mem::swap(&mut duplex.pair.service, &mut other.pair.service);
    let foreign = other.client_says(crate::nego::ADD, Change::text("mine"));
    let error = duplex.refused(&foreign);
    assert!(matches!(error, ServiceError::ForeignLink { .. }), "{error}");
    // It was not spent by that: on a connection of its own it is good.
    let mut own = LinkSecurity::default();
    assert!(matches!(duplex.at_service_over(&mut own, &foreign), Incoming::Message(_)));
    // A link that breaks is replaced: the session goes on over another.
    let mut next = LinkSecurity::default();
    let again = duplex.client_says(crate::nego::ADD, Change::text("again"));
    assert!(matches!(duplex.at_service_over(&mut next, &again), Incoming::Message(_)));
    assert_eq!(next.session(), Some(&session));
    // A new session is not asked for over it.
    let mut third = Duplex::seeded(setup(), 9);
    let at = &mut moment(third.pair.now, &mut third.pair.random);
    let step = third.pair.client.open(at).unwrap();
    let waxwing_security::conversation::Step::Send(request) = step else { panic!("{step:?}") };
    let incoming = duplex.at_service_over(&mut next, &request);
    let error = why(Flow::DuplexSession, incoming);
    assert!(matches!(error, ServiceError::ForeignLink { .. }), "{error}");
    // And a connection for requests never becomes a session's.
    let mut requests = LinkSecurity::default();
    assert!(matches!(duplex.at_service_over(&mut requests, &request), Incoming::Reply(_)));
    assert!(requests.is_for_requests());
    let message = duplex.client_says(crate::nego::ADD, Change::text("here?"));
    let incoming = duplex.at_service_over(&mut requests, &message);
    let error = why(Flow::DuplexSession, incoming);
    assert!(matches!(error, ServiceError::ForeignLink { .. }), "{error}");
}

#[test]
fn without_a_duplex_flow_nothing_is_taken_unasked() {
    let mut pair =
        Setup::by_certificate(Dialect::February2005, Credential::Certificate("alice")).build();
    pair.open().unwrap();
    let at = &mut moment(pair.now, &mut pair.random);
    let error = pair.client.receive(Envelope::new(crate::kit::VERSION), at).unwrap_err();
    assert!(matches!(error, ClientError::State(_)), "{error}");
}

#[test]
fn an_address_that_is_known_late_is_named_all_the_same() {
    let setup = Setup::by_certificate(Dialect::February2005, Credential::Certificate("alice"));
    let mut setup = duplex(setup, Flow::CompositeDuplex);
    let address = setup.client.reply_to.take().unwrap();
    let mut duplex = Duplex::new(setup);
    duplex.pair.client.listens_at(address);
    duplex.open().unwrap();
    duplex.call("first");
    let callback = duplex.service_says(EQUALS, Change::text("called"));
    duplex.heard(&callback);
}
