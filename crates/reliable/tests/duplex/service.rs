//! Which session a message is for, and what becomes of those that are for none.

use waxwing_reliable::{
    Body, DuplexInput, DuplexListenerInput, FaultKind, Identifier, Links, Message, SequenceFault,
    SessionError,
};

use crate::harness::{
    BOTH, February2005, Service, V11, acknowledgement, back, create, create_as, fault, sequenced,
    settings,
};

fn tag(name: &str) -> Option<Identifier> {
    Some(Identifier::new(name))
}

#[test]
fn every_name_of_a_session_finds_it() {
    for version in BOTH {
        let mut service = Service::open(version, settings(Links::Unseen));
        let session = service.session();
        assert!(service.listener.knows(&session) && service.listener.knows(&back()));
        service.arrive(None, sequenced(session.clone(), 1, 7), None);
        service.send(1);
        service.arrive(None, acknowledgement(back(), 1, 8), None);
        assert_eq!((service.said.delivered.len(), service.said.acknowledged.len()), (1, 1));
        let mut question = Message::new(Body::AckRequested);
        question.headers.ack_requested = Some(session.clone());
        service.arrive(None, question, None);
        service.tick();
        // Mixed with a name of nobody it breaks the rules.
        let mut mixed = sequenced(session, 2, 8);
        mixed.headers.acknowledgement =
            acknowledgement("urn:nobody".into(), 0, 8).headers.acknowledgement;
        service.out.clear();
        service.arrive(None, mixed, None);
        let Body::Fault(fault) = service.next().body else { panic!() };
        assert_eq!(fault.kind, FaultKind::UnknownSequence("urn:nobody".into()));
        assert!(matches!(service.said.fault, Some(SessionError::Protocol(_))));
        assert_eq!(service.listener.sessions().count(), 0);
    }
}

#[test]
fn what_is_for_no_session_is_answered() {
    for version in BOTH {
        let mut service = Service::open(version, settings(Links::Replaced));
        service.arrive(Some(9), sequenced("urn:nobody".into(), 1, 7), None);
        let answer = service.answer();
        let Body::Fault(fault) = answer.body else { panic!() };
        assert_eq!(fault.kind, FaultKind::UnknownSequence("urn:nobody".into()));
        let mut outside = Message::new(Body::Application(7));
        outside.message_id = Some("urn:m".into());
        service.arrive(Some(9), outside, None);
        let answer = service.answer();
        let Body::Fault(fault) = answer.body else { panic!() };
        let name = if version == V11 { "WsrmRequired" } else { "ActionNotSupported" };
        assert_eq!(fault.kind.local_name(), name);
        assert_eq!(answer.relates_to, Some("urn:m".into()));
        assert!(service.said.fault.is_none());
    }
}

#[test]
fn a_session_is_its_contexts() {
    let mut service = Service::new(V11, settings(Links::Unseen));
    service.arrive(None, create(V11, true), tag("urn:ours"));
    service.next();
    let session = service.session();
    // Neither a message, nor an acknowledgement, a fault or the offer under another context is this session's.
    let fault_of = |name: &Identifier| {
        let kind = FaultKind::SequenceTerminated(name.clone());
        fault(SequenceFault::receiver(kind, "enough"))
    };
    service.send(1);
    service.next();
    for other in [None, tag("urn:theirs")] {
        service.arrive(None, sequenced(session.clone(), 1, 7), other.clone());
        assert!(matches!(service.answer().body, Body::Fault(_)));
        service.arrive(None, acknowledgement(back(), 1, 8), other.clone());
        assert!(matches!(service.answer().body, Body::Fault(_)));
        service.arrive(None, fault_of(&session), other.clone());
        service.arrive(None, create(V11, true), other);
        let Body::Fault(fault) = service.answer().body else { panic!() };
        assert!(matches!(fault.kind, FaultKind::CreateSequenceRefused { .. }));
    }
    assert!(service.said.delivered.is_empty() && service.said.acknowledged.is_empty());
    assert!(service.said.fault.is_none());
    service.arrive(None, fault_of(&session), tag("urn:ours"));
    assert!(matches!(service.said.fault, Some(SessionError::Peer(_))));
    assert!(service.out.is_empty());
}

#[test]
fn who_has_another_context_on_a_connection_learns_nothing() {
    let mut service = Service::new(V11, settings(Links::Replaced));
    service.arrive(Some(1), create(V11, true), tag("urn:ours"));
    service.next();
    let session = service.session();
    let named = |message: Message<u32>, service: &mut Service| {
        service.arrive(Some(1), message, tag("urn:theirs"));
        let Body::Fault(fault) = service.answer().body else { panic!() };
        fault.kind.identifier().cloned()
    };
    let guess = sequenced("urn:guess".into(), 1, 7);
    assert_eq!(named(guess, &mut service), Some("urn:guess".into()));
    assert_eq!(named(Message::new(Body::Application(7)), &mut service), None);
    assert_eq!(named(sequenced(session.clone(), 1, 7), &mut service), Some(session));
    assert!(service.said.delivered.is_empty() && service.said.fault.is_none());
}

#[test]
fn a_context_takes_its_sessions_with_it() {
    let mut service = Service::new(February2005, settings(Links::Unseen));
    service.arrive(None, create(February2005, true), tag("urn:ours"));
    service.next();
    service.give(DuplexListenerInput::ContextLost("urn:theirs".into()));
    assert!(service.said.fault.is_none());
    service.give(DuplexListenerInput::ContextLost("urn:ours".into()));
    assert!(matches!(service.said.fault, Some(SessionError::SecurityLost(_))));
    assert!(service.out.is_empty() && service.listener.sessions().count() == 0);
}

#[test]
fn sessions_that_nobody_accepts_are_limited() {
    for version in BOTH {
        let mut service = Service::new(version, settings(Links::Unseen));
        for i in 0..4 {
            let offered = Some(Identifier::new(format!("urn:back:{i}")));
            service.arrive(None, create_as(version, offered, &format!("urn:m:{i}")), None);
        }
        assert_eq!(service.created.len(), 4);
        let fifth = || create_as(version, Some("urn:back:5".into()), "urn:m:5");
        service.arrive(None, fifth(), None);
        let Body::Fault(fault) = service.answer().body else { panic!() };
        assert!(fault.is_busy());
        // A repeated one is none more.
        service.arrive(None, create_as(version, Some("urn:back:0".into()), "urn:m:0"), None);
        assert!(service.answers.is_empty() && service.created.len() == 4);
        let first = service.created[0].clone();
        service.give(DuplexListenerInput::Accept(first));
        service.arrive(None, fifth(), None);
        assert_eq!(service.created.len(), 5);
        service.give(DuplexListenerInput::Shutdown);
        service.arrive(None, create_as(version, Some("urn:back:6".into()), "urn:m:6"), None);
        let Body::Fault(fault) = service.answer().body else { panic!() };
        assert_eq!(fault.kind, FaultKind::EndpointUnavailable);
    }
}

#[test]
fn a_client_that_wants_another_kind_of_session_is_refused() {
    for version in BOTH {
        let mut service = Service::new(version, settings(Links::Unseen));
        service.arrive(None, create(version, false), None);
        let Body::Fault(fault) = service.answer().body else { panic!() };
        assert!(matches!(fault.kind, FaultKind::CreateSequenceRefused { .. }));
        let mut settings = settings(Links::Unseen);
        settings.two_way = false;
        let mut service = Service::new(version, settings);
        service.arrive(None, create(version, true), None);
        // 2005 refuses an offer that nobody needs; 1.1 does not take it.
        assert_eq!(service.created.len(), usize::from(version == V11));
        if version == V11 {
            let Body::CreateSequenceResponse(response) = service.next().body else { panic!() };
            assert_eq!(response.accept, None);
        }
        let mut nameless = create(version, false);
        nameless.message_id = None;
        service.answers.clear();
        service.arrive(None, nameless, None);
        let Body::Fault(fault) = service.answer().body else { panic!() };
        assert_eq!(fault.kind, FaultKind::AddressingHeaderRequired("MessageID"));
    }
}

#[test]
fn inputs_for_nobody_are_no_matter() {
    let mut service = Service::open(V11, settings(Links::Replaced));
    let reason = "enough".to_owned();
    service.input(DuplexInput::Abort { reason });
    service.send(3);
    assert_eq!(service.said.failed, [(3, None)]);
    service.input(DuplexInput::Taken(1));
    service.give(DuplexListenerInput::LinkEnded(waxwing_reliable::LinkId(77)));
    assert_eq!(service.listener.wake_at(), None);
}
