//! The legs of a TLS negotiation, each as its receiver gets it. The first byte chooses receiver, leg and
//! dialect, the rest is the message. TLS itself is played: it takes any records. What must hold: no
//! panic, an answer that can be parsed, no more negotiations than allowed, no key without its hash.

#![no_main]

use std::sync::Arc;

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use waxwing_crypto::Certificate;
use waxwing_security::PeerTag;
use waxwing_security::conversation::{
    ClientIdentification, Incoming, ReplyKind, ServiceBinding, ServiceOptions, ServiceSecurity,
};
use waxwing_security::negotiation::{
    NegotiationClient, NegotiationError, NegotiationOptions, NegotiationStep, TlsEngine, TlsEngines,
};
use waxwing_security::wsse::Dialect;
use waxwing_soap::{AddressHeaders, Envelope, MessageVersion, Moment, RandomSource, Time};
use waxwing_xml::Limits;

const CERTIFICATE: &[u8] = include_bytes!("../../testdata/pki/service.cert.pem");

/// A counter.
struct Counter(u8);

impl RandomSource for Counter {
    fn fill(&mut self, octets: &mut [u8]) {
        for octet in octets {
            self.0 = self.0.wrapping_add(1);
            *octet = self.0;
        }
    }
}

/// Takes any records; is complete after the second flight of its peer.
struct Played {
    certificate: Certificate,
    flights: usize,
}

impl TlsEngine for Played {
    fn advance(&mut self, records: &[u8]) -> Result<Vec<u8>, NegotiationError> {
        if records.first() == Some(&0xFF) {
            return Err(NegotiationError::Tls("the records begin with FF".to_owned()));
        }
        self.flights += 1;
        Ok(vec![0x16; 10])
    }

    fn is_complete(&self) -> bool {
        self.flights > 1
    }

    fn peer_certificates(&self) -> Result<Vec<Certificate>, NegotiationError> {
        Ok(vec![self.certificate.clone()])
    }

    fn wrap(&mut self, octets: &[u8]) -> Result<Vec<u8>, NegotiationError> {
        Ok(octets.to_vec())
    }

    fn unwrap(&mut self, records: &[u8]) -> Result<Vec<u8>, NegotiationError> {
        // Any key; the hash over the legs under it is still needed.
        Ok(records.iter().map(|octet| octet ^ 0xA5).collect())
    }
}

struct Engines(Certificate);

impl TlsEngines for Engines {
    fn engine(&self) -> Result<Box<dyn TlsEngine>, NegotiationError> {
        Ok(Box::new(Played { certificate: self.0.clone(), flights: 0 }))
    }
}

fn options(dialect: Dialect) -> NegotiationOptions {
    NegotiationOptions {
        dialect,
        version: MessageVersion::SOAP12_ADDRESSING10,
        address: "http://localhost/".into(),
        key_size: 256,
        headers: AddressHeaders::default(),
    }
}

fn to_client(message: Envelope, second: bool, dialect: Dialect, engines: &Engines) {
    let mut random = Counter(0);
    let now = Timestamp::UNIX_EPOCH;
    let mut engine = engines.engine().expect("an engine");
    if second {
        engine.advance(&[0x16]).expect("a flight");
    }
    let started = NegotiationClient::start(options(dialect), engine, "uuid-1", &mut random);
    let (mut client, leg) = started.expect("a first leg");
    Envelope::parse(leg.to_bytes(), &Limits::SOAP).expect("an envelope");
    let mut at = Moment::new(now, Time::ZERO, &mut random);
    let mut step = client.handle_reply(message, &mut at);
    if let Ok(NegotiationStep::Authenticate(chain)) = &step {
        assert!(!chain.is_empty());
        step = client.trusted(&mut at);
    }
    match step {
        Ok(NegotiationStep::Send(leg)) => {
            Envelope::parse(leg.to_bytes(), &Limits::SOAP).expect("an envelope");
        }
        Ok(NegotiationStep::Authenticate(_)) => panic!("asked twice"),
        Ok(NegotiationStep::Done(done)) => assert!(!done.token.identifier.is_empty()),
        Err(error) => drop(error.to_string()),
    }
}

fn to_service(message: Envelope, second: bool, dialect: Dialect, engines: Engines) {
    let mut random = Counter(0);
    let now = Timestamp::UNIX_EPOCH;
    let mut service = ServiceOptions::new(ClientIdentification::None);
    service.settings.dialect = dialect;
    service.bootstrap.dialect = dialect;
    service.binding = Some(ServiceBinding::Negotiated(Arc::new(engines)));
    service.limits.max_negotiations = 1;
    let service = ServiceSecurity::new(service, &mut random).expect("a service");
    if second {
        let engine = Box::new(Played {
            certificate: Certificate::from_pem(CERTIFICATE).expect("PEM").remove(0),
            flights: 0,
        });
        let first = NegotiationClient::start(options(dialect), engine, "uuid-1", &mut random);
        let mut at = Moment::new(now, Time::ZERO, &mut random);
        service.receive(first.expect("a first leg").1, PeerTag::UNKNOWN, &mut at);
        assert_eq!(service.negotiation_count(), 1);
    }
    match service.receive(message, PeerTag::UNKNOWN, &mut Moment::new(now, Time::ZERO, &mut random))
    {
        Incoming::Reply(reply) => {
            assert_eq!(reply.kind == ReplyKind::Fault, reply.error.is_some());
            let text = reply.envelope.to_bytes();
            let answer = Envelope::parse(text, &Limits::SOAP).expect("an envelope");
            assert_eq!(answer.is_fault(), reply.error.is_some());
        }
        Incoming::Authenticate(_) => panic!("nobody is to be authenticated"),
        Incoming::Ended(_) => panic!("no session ends in an exchange"),
        Incoming::Message(_) => panic!("handed up although there is no session"),
    }
    assert!(service.negotiation_count() <= 1);
    assert_eq!(service.session_count(), 0);
}

fuzz_target!(|data: &[u8]| {
    let [choice, text @ ..] = data else { return };
    let Ok(message) = Envelope::parse(text, &Limits::SOAP) else { return };
    let dialect = match choice & 1 {
        0 => Dialect::February2005,
        _ => Dialect::Version13,
    };
    let certificate = Certificate::from_pem(CERTIFICATE).expect("PEM").remove(0);
    let second = choice & 2 != 0;
    match choice & 4 {
        0 => to_client(message, second, dialect, &Engines(certificate)),
        _ => to_service(message, second, dialect, Engines(certificate)),
    }
});
