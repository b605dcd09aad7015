//! How nodes write a request and its answer to each other.
//!
//! Both begin with the version of the format. Numbers are big-endian, texts and octets have their length (four octets) before
//! them; what is last needs none. Both sides are of one program, but perhaps not of one release: whoever reads another version
//! says no, and the client comes again.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use waxwing_crypto::{Certificate, Usage};
use waxwing_security::conversation::{CertificateEvidence, UserNameEvidence};
use zeroize::Zeroizing;

use super::hook::Forwarded;
use crate::net::{Incoming, Refusal, Reply, TransportCaller};

/// The version of the format.
const VERSION: u8 = 1;

/// The most octets of everything but the message: addresses, content types, certificates.
pub(super) const MAX_HEAD: usize = 256 << 10;

/// The most certificates of a caller.
const MAX_CERTIFICATES: usize = 16;

/// What stands before the message in a request.
const ANONYMOUS: u8 = 0;
const PASSWORD: u8 = 1;
const CERTIFICATE: u8 = 2;

/// The kinds of answers.
const MESSAGE: u8 = 0;
const FAULT: u8 = 1;
const ACCEPTED: u8 = 2;
const NO_ANSWER: u8 = 3;
const REFUSED: u8 = 16;

/// Refusals by their numbers.
const REFUSALS: [Refusal; 7] = [
    Refusal::NotFound,
    Refusal::Malformed,
    Refusal::Unauthorized,
    Refusal::Forbidden,
    Refusal::ContentType,
    Refusal::Unavailable,
    Refusal::Failed,
];

/// The octets of a request. None where its caller cannot be handed on: what proves a digest is known to one node alone.
pub(super) fn request(forwarded: &Forwarded) -> Option<Bytes> {
    let Forwarded { endpoint, incoming } = forwarded;
    let mut out = vec![VERSION];
    text(&mut out, endpoint);
    text(&mut out, &incoming.peer.to_string());
    optional(&mut out, incoming.content_type.as_deref());
    optional(&mut out, incoming.action.as_deref());
    out.push(incoming.protected.into());
    match &incoming.caller {
        TransportCaller::Anonymous => out.push(ANONYMOUS),
        TransportCaller::Password(shown) => {
            out.push(PASSWORD);
            text(&mut out, &shown.username);
            optional(&mut out, shown.password.as_ref().map(|password| password.as_str()));
        }
        TransportCaller::Certificate(shown) => {
            out.push(CERTIFICATE);
            octets(&mut out, shown.certificate.der());
            let chain = &shown.chain[..shown.chain.len().min(MAX_CERTIFICATES)];
            out.push(chain.len() as u8);
            chain.iter().for_each(|certificate| octets(&mut out, certificate.der()));
        }
        TransportCaller::Digest(_) => return None,
    }
    if out.len() > MAX_HEAD {
        return None;
    }
    out.extend_from_slice(&incoming.octets);
    Some(out.into())
}

/// The request that these octets are. None where they are none of this version.
pub(super) fn read_request(all: &Bytes) -> Option<Forwarded> {
    let mut reader = Reader(all);
    reader.version()?;
    let endpoint: Arc<str> = reader.text()?.into();
    let peer: SocketAddr = reader.text()?.parse().ok()?;
    let (content_type, action) = (reader.optional()?, reader.optional()?);
    let protected = reader.flag()?;
    let caller = match reader.octet()? {
        ANONYMOUS => TransportCaller::Anonymous,
        PASSWORD => TransportCaller::Password(UserNameEvidence {
            username: reader.text()?.into(),
            password: reader.optional()?.map(Zeroizing::new),
        }),
        CERTIFICATE => TransportCaller::Certificate(Box::new(reader.certificate()?)),
        _ => return None,
    };
    let octets = all.slice(all.len() - reader.0.len()..);
    let mut incoming = Incoming::new(peer, "", octets).over(protected).from_caller(caller);
    (incoming.content_type, incoming.action) = (content_type, action);
    Some(Forwarded { endpoint, incoming })
}

/// The octets of an answer.
pub(super) fn reply(reply: &Reply) -> Bytes {
    let mut out = vec![VERSION];
    match reply {
        Reply::Message { content_type, octets, is_fault } => {
            out.push(if *is_fault { FAULT } else { MESSAGE });
            text(&mut out, content_type);
            out.extend_from_slice(octets);
        }
        Reply::Accepted => out.push(ACCEPTED),
        Reply::NoAnswer => out.push(NO_ANSWER),
        Reply::Refused(refusal) => {
            let number = REFUSALS.iter().position(|known| known == refusal);
            out.push(REFUSED + number.map_or(5, |number| number as u8));
        }
    }
    out.into()
}

/// The answer that these octets are. None where they are none of this version.
pub(super) fn read_reply(all: &Bytes) -> Option<Reply> {
    let mut reader = Reader(all);
    reader.version()?;
    match reader.octet()? {
        kind @ (MESSAGE | FAULT) => {
            let content_type = reader.text()?.to_owned().into();
            let octets = all.slice(all.len() - reader.0.len()..);
            Some(Reply::Message { content_type, octets, is_fault: kind == FAULT })
        }
        ACCEPTED => reader.end(Reply::Accepted),
        NO_ANSWER => reader.end(Reply::NoAnswer),
        kind => {
            let refusal = REFUSALS.get(usize::from(kind.checked_sub(REFUSED)?))?;
            reader.end(Reply::Refused(*refusal))
        }
    }
}

fn octets(out: &mut Vec<u8>, octets: &[u8]) {
    out.extend_from_slice(&u32::try_from(octets.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(octets);
}

fn text(out: &mut Vec<u8>, text: &str) {
    octets(out, text.as_bytes());
}

fn optional(out: &mut Vec<u8>, written: Option<&str>) {
    out.push(written.is_some().into());
    written.into_iter().for_each(|written| text(out, written));
}

/// What is left to be read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, left) = self.0.split_at_checked(length)?;
        self.0 = left;
        Some(taken)
    }

    fn octet(&mut self) -> Option<u8> {
        self.take(1).map(|octet| octet[0])
    }

    fn version(&mut self) -> Option<()> {
        (self.octet()? == VERSION).then_some(())
    }

    fn flag(&mut self) -> Option<bool> {
        match self.octet()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn octets(&mut self) -> Option<&'a [u8]> {
        let length = u32::from_be_bytes(self.take(4)?.try_into().ok()?);
        self.take(usize::try_from(length).ok().filter(|length| *length <= MAX_HEAD)?)
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.octets()?).ok()
    }

    fn optional(&mut self) -> Option<Option<String>> {
        match self.flag()? {
            false => Some(None),
            true => Some(Some(self.text()?.to_owned())),
        }
    }

    fn certificate(&mut self) -> Option<CertificateEvidence> {
        let certificate = Certificate::of_any_key(self.octets()?).ok()?;
        let count = usize::from(self.octet()?);
        let chain = (0..count.min(MAX_CERTIFICATES)).map(|_| {
            let der = self.octets()?;
            Certificate::of_any_key(der).ok()
        });
        let chain = chain.collect::<Option<Vec<_>>>()?;
        Some(CertificateEvidence { certificate, chain, usage: Usage::Client })
    }

    fn end<T>(self, read: T) -> Option<T> {
        self.0.is_empty().then_some(read)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn certificate(name: &str) -> Certificate {
        let path = format!("{}/../../testdata/pki/{name}.cert.pem", env!("CARGO_MANIFEST_DIR"));
        Certificate::from_pem(&std::fs::read(path).unwrap()).unwrap().remove(0)
    }

    fn forwarded(caller: TransportCaller) -> Forwarded {
        let peer = "[::1]:4711".parse().unwrap();
        let mut incoming = Incoming::new(peer, "application/soap+xml", "<x/>").from_caller(caller);
        incoming.action = Some("urn:é".to_owned());
        Forwarded { endpoint: "http://h/calc".into(), incoming: incoming.over(true) }
    }

    fn callers() -> Vec<TransportCaller> {
        let password = |password: Option<&str>| {
            let password = password.map(|password| Zeroizing::new(password.to_owned()));
            TransportCaller::Password(UserNameEvidence { username: "alice".into(), password })
        };
        let chain = vec![certificate("ca")];
        let evidence =
            CertificateEvidence { certificate: certificate("alice"), chain, usage: Usage::Client };
        let certificate = TransportCaller::Certificate(Box::new(evidence));
        vec![TransportCaller::Anonymous, password(None), password(Some("secret")), certificate]
    }

    #[test]
    fn requests_come_as_they_were_sent() {
        for caller in callers() {
            let sent = forwarded(caller);
            let came = read_request(&request(&sent).unwrap()).unwrap();
            assert_eq!(came.endpoint, sent.endpoint);
            let (came, sent) = (came.incoming, sent.incoming);
            assert_eq!((came.peer, &came.octets), (sent.peer, &sent.octets));
            assert_eq!((came.content_type, came.action), (sent.content_type, sent.action));
            assert!(came.protected);
            match (came.caller, sent.caller) {
                (TransportCaller::Anonymous, TransportCaller::Anonymous) => {}
                (TransportCaller::Password(came), TransportCaller::Password(sent)) => {
                    assert_eq!((came.username, came.password), (sent.username, sent.password));
                }
                (TransportCaller::Certificate(came), TransportCaller::Certificate(sent)) => {
                    assert_eq!((came.certificate, came.chain), (sent.certificate, sent.chain));
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn answers_come_as_they_were_sent() {
        let message = |is_fault| Reply::Message {
            content_type: "text/xml".into(),
            octets: Bytes::from_static(b"<y/>"),
            is_fault,
        };
        let mut all = vec![message(false), message(true), Reply::Accepted, Reply::NoAnswer];
        all.extend(REFUSALS.map(Reply::Refused));
        for sent in all {
            let came = read_reply(&reply(&sent)).unwrap();
            assert_eq!(format!("{came:?}"), format!("{sent:?}"));
        }
    }

    #[test]
    fn another_version_is_not_read() {
        let mut octets = request(&forwarded(TransportCaller::Anonymous)).unwrap().to_vec();
        octets[0] = VERSION + 1;
        assert!(read_request(&octets.into()).is_none());
        assert!(read_reply(&Bytes::from_static(&[VERSION + 1, ACCEPTED])).is_none());
        assert!(read_reply(&Bytes::from_static(&[VERSION, ACCEPTED, 0])).is_none());
        assert!(read_reply(&Bytes::from_static(&[VERSION, REFUSED + 7])).is_none());
        assert!(read_reply(&Bytes::new()).is_none());
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let octets = Bytes::from(octets);
            let _ = (read_request(&octets), read_reply(&octets));
        }

        #[test]
        fn what_was_cut_or_altered_is_read_or_refused(
            which in 0usize..4,
            at in any::<prop::sample::Index>(),
            with in any::<u8>(),
        ) {
            let mut octets = request(&forwarded(callers().swap_remove(which))).unwrap().to_vec();
            let place = at.index(octets.len());
            octets[place] = with;
            let _ = read_request(&octets.clone().into());
            octets.truncate(place);
            let _ = read_request(&octets.into());
        }
    }
}
