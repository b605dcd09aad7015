//! Certificates in a handshake that cannot be used: whoever shows one learns nothing of the other end.

#[path = "common/nego.rs"]
mod nego;

use std::io::{self, Read, Write};
use std::sync::Arc;

use nego::legs::*;
use nego::{Credential, Setup, moment, says, wire};
use openssl::asn1::Asn1Time;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::ssl::{
    ErrorCode, Ssl, SslContext, SslMethod, SslOptions, SslStream, SslVerifyMode, SslVersion,
};
use openssl::x509::{X509, X509Builder, X509NameBuilder};
use waxwing_crypto::Certificate;
use waxwing_security::conversation::{ClientBinding, ClientError, ServiceBinding, ServiceError};
use waxwing_security::negotiation::{NegotiationError, TlsEngine, TlsEngines};

/// An end of TLS with a certificate of any kind, which asks the peer for its own.
struct AnyCertificate {
    context: SslContext,
    is_server: bool,
}

struct Engine {
    stream: SslStream<Pipe>,
    is_server: bool,
    complete: bool,
}

#[derive(Default)]
struct Pipe {
    incoming: std::collections::VecDeque<u8>,
    outgoing: Vec<u8>,
}

impl Read for Pipe {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.incoming.read(out)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            read => Ok(read),
        }
    }
}

impl Write for Pipe {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.outgoing.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AnyCertificate {
    fn new(key: PKey<Private>, is_server: bool) -> Arc<Self> {
        let mut builder = SslContext::builder(SslMethod::tls()).unwrap();
        builder.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
        builder.set_cipher_list("ALL:@SECLEVEL=0").unwrap();
        builder.set_options(SslOptions::NO_TICKET);
        builder.set_certificate(&self_signed(&key)).unwrap();
        builder.set_private_key(&key).unwrap();
        builder.set_verify_callback(SslVerifyMode::PEER, |_, _| true);
        Arc::new(Self { context: builder.build(), is_server })
    }
}

impl TlsEngines for AnyCertificate {
    fn engine(&self) -> Result<Box<dyn TlsEngine>, NegotiationError> {
        let stream = SslStream::new(Ssl::new(&self.context).unwrap(), Pipe::default()).unwrap();
        Ok(Box::new(Engine { stream, is_server: self.is_server, complete: false }))
    }
}

impl TlsEngine for Engine {
    fn advance(&mut self, records: &[u8]) -> Result<Vec<u8>, NegotiationError> {
        self.stream.get_mut().incoming.extend(records);
        let result = if self.is_server { self.stream.accept() } else { self.stream.connect() };
        match result {
            Ok(()) => self.complete = true,
            Err(error) if error.code() == ErrorCode::WANT_READ => {}
            Err(error) => return Err(NegotiationError::Tls(error.to_string())),
        }
        Ok(std::mem::take(&mut self.stream.get_mut().outgoing))
    }

    fn is_complete(&self) -> bool {
        self.complete
    }

    fn peer_certificates(&self) -> Result<Vec<Certificate>, NegotiationError> {
        Ok(vec![nego::certificate("service")])
    }

    fn wrap(&mut self, _: &[u8]) -> Result<Vec<u8>, NegotiationError> {
        panic!("nobody comes that far")
    }

    fn unwrap(&mut self, _: &[u8]) -> Result<Vec<u8>, NegotiationError> {
        panic!("nobody comes that far")
    }
}

fn self_signed(key: &PKey<Private>) -> X509 {
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "localhost").unwrap();
    let name = name.build();
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_not_before(&Asn1Time::from_unix(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_unix(4_000_000_000).unwrap()).unwrap();
    builder.set_pubkey(key).unwrap();
    builder.sign(key, MessageDigest::sha256()).unwrap();
    builder.build()
}

fn curve() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn rsa(bits: u32) -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap()
}

/// The client's certificate goes to no service whose own cannot be judged, even if everything is trusted.
#[test]
fn a_service_with_an_unusable_certificate_gets_no_client_certificate() {
    for (key, expected) in [(curve(), "no RSA key"), (rsa(768), "768 bits")] {
        let mut setup = Setup::negotiated(OLD, ALICE);
        setup.service.binding = Some(ServiceBinding::Negotiated(AnyCertificate::new(key, true)));
        setup.rules.service = Arc::new(nego::any_trust_rule);
        let mut pair = setup.build();
        let one = first(&mut pair);
        let two = pair.service.answer(&one, pair.now);
        assert!(two.error.is_none(), "{:?}", two.error);
        match next(&mut pair, &two.envelope) {
            Err(ClientError::Negotiation(NegotiationError::Certificate(reason))) => {
                assert!(reason.contains(expected), "{reason}");
            }
            // The library may be as strict itself; then nothing is sent either.
            Err(ClientError::Negotiation(NegotiationError::Tls(_))) if expected == "768 bits" => {}
            other => panic!("{:?}", other.map(|_| "the client's flight")),
        }
        // The exchange is over: what comes later finds nobody.
        let again =
            pair.client.handle_reply(wire(&two.envelope), &mut moment(pair.now, &mut pair.random));
        assert!(again.is_err());
    }
}

/// And the other way round: such a client is refused as not authenticated, not as one without certificate.
#[test]
fn a_client_with_an_unusable_certificate_is_refused() {
    let mut setup = Setup::negotiated(OLD, Credential::Certificate("alice"));
    setup.client.binding = Some(ClientBinding::Negotiated(AnyCertificate::new(curve(), false)));
    let mut pair = setup.build();
    let (_, _, three) = three_legs(&mut pair);
    let reply = pair.service.answer(&three, pair.now);
    refused(&reply, NOT_AUTHENTICATED);
    let error = reply.error.expect("the reason");
    assert!(
        matches!(error, ServiceError::Negotiation(NegotiationError::Certificate(_))),
        "{error}"
    );
    says(&error, &["cannot be used", "no RSA key"]);
}
