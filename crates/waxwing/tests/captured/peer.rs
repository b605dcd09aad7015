//! The peer that plays one end of a captured connection over a socket.

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use tokio::net::TcpStream;
use waxwing_reliable::ReliableMessagingVersion;
use waxwing_soap::encoder::{BinarySession, Compression, Decoder, Encoder, Text};
use waxwing_soap::framing::{Record, RecordDecoder, content_type_of_encoding};
use waxwing_soap::{Envelope, RandomSource, SoapVersion};
use waxwing_xml::Limits;

use crate::capture::{Side, Step, limits};
use crate::names::Names;
use crate::reliable::{bare, is_alone, message};
use crate::secured::{
    Security, context_of, is_last, is_opening, octets_without_random, shape, without_identity,
};
use crate::wire::Wire;

/// How long our end has for what it must say.
const PATIENCE: Duration = Duration::from_secs(30);

/// What reads the envelopes of one direction.
type Reader = (String, Box<dyn Decoder + Send>);

fn session() -> BinarySession {
    let limits = Limits { max_bytes: 16 << 20, ..Limits::SOAP };
    BinarySession { limits, compression: Compression::None, max_session_size: 2048 }
}

/// Boundaries are drawn, of which there are none here.
struct Nothing;

impl RandomSource for Nothing {
    fn fill(&mut self, _: &mut [u8]) {
        panic!("nothing is drawn");
    }
}

fn reader(content_type: String) -> Reader {
    let limits = Limits { max_bytes: 16 << 20, ..Limits::SOAP };
    let reader: Box<dyn Decoder + Send> = match content_type.contains("msbinsession1") {
        true => Box::new(session().decoder()),
        false => Box::new(Text { version: SoapVersion::Soap12, limits }),
    };
    (content_type, reader)
}

/// An envelope as octets, as what they are, and as that was before it was protected.
struct Read {
    octets: Vec<u8>,
    whole: Envelope,
    envelope: Envelope,
    /// Whether there was something in it that ours does not say (`without_identity`).
    more: bool,
}

impl Read {
    fn text(&self) -> String {
        String::from_utf8(self.envelope.to_bytes()).unwrap()
    }
}

/// One connection of ours, and the recording of one that it is compared with.
pub struct Peer<'a> {
    place: String,
    stream: Wire,
    /// Which end is ours.
    ours: Side,
    /// The address in the capture, and ours: equally long.
    ports: (&'a str, String),
    names: &'a mut Names,
    /// The version of the reliable session; none: messages come in the order of the capture.
    version: Option<ReliableMessagingVersion>,
    /// There where messages are protected: the keys of the capture, and those of this run.
    security: Option<Security>,
    decoder: RecordDecoder,
    unread: Vec<u8>,
    /// Readers of this session: what ours sends, what was captured of ours, of the other.
    readers: Option<[Reader; 3]>,
    /// What writes the peer's own messages of this session, where they are protected.
    writer: Option<Box<dyn Encoder + Send>>,
    content_type: String,
    /// Envelopes of ours that nothing was compared with.
    waiting: VecDeque<Read>,
    /// Numbers in the sequence of those that something was compared with.
    numbers: BTreeSet<u64>,
    /// Envelopes that were the same to the octet, and all.
    pub equal: (usize, usize),
}

impl<'a> Peer<'a> {
    pub fn new(
        place: &str,
        stream: TcpStream,
        ours: Side,
        ports: (&'a str, u16),
        names: &'a mut Names,
        version: Option<ReliableMessagingVersion>,
    ) -> Self {
        Self {
            place: place.to_owned(),
            stream: Wire::new(stream),
            ours,
            ports: (ports.0, ports.1.to_string()),
            names,
            version,
            security: None,
            decoder: RecordDecoder::new(limits()),
            unread: Vec::new(),
            readers: None,
            writer: None,
            content_type: String::new(),
            waiting: VecDeque::new(),
            numbers: BTreeSet::new(),
            equal: (0, 0),
        }
    }

    /// The same where messages are protected.
    pub fn secured(self, security: Option<Security>) -> Self {
        Self { security, ..self }
    }

    /// Plays what the other end sent, and compares what ours sends.
    pub async fn play(&mut self, steps: &[Step]) {
        for (number, step) in steps.iter().enumerate() {
            let place = format!("{} step {number}", self.place);
            match &step.record {
                Record::Version { .. } => {
                    (self.readers, self.writer) = (None, None);
                    self.stream.in_clear();
                }
                Record::KnownEncoding(number) => {
                    self.content_type = content_type_of_encoding(*number).into_owned();
                }
                Record::ExtensibleEncoding(name) => self.content_type = name.clone(),
                _ => {}
            }
            if step.from != self.ours {
                let octets = match (&step.record, self.security.is_some()) {
                    (Record::SizedEnvelope(octets), true) => self.protected(octets),
                    _ => {
                        let octets = self.names.as_ours(&step.octets);
                        replaced(&octets, self.ports.0, &self.ports.1)
                    }
                };
                self.stream.write(&octets).await;
            } else {
                match &step.record {
                    Record::SizedEnvelope(octets) => self.compare(&place, octets).await,
                    _ => self.same_record(&place, step).await,
                }
            }
            if step.record == Record::UpgradeResponse {
                assert!(self.unread.is_empty(), "{place}: more is sent");
                let handshake = self.stream.protect(self.ours);
                tokio::time::timeout(PATIENCE, handshake).await.expect("a handshake");
            }
        }
        assert!(self.waiting.is_empty() || self.version.is_some(), "{}: more is sent", self.place);
    }

    /// The connection breaks, as the recorder's did: when a message of WCF's service came that it did not hand on.
    pub async fn cut(&mut self, is_reset: bool) {
        while let (Side::Service, Some(version)) = (self.ours, self.version) {
            let Record::SizedEnvelope(octets) = self.record("what is lost").await else { break };
            let read = self.read(octets);
            if !is_alone(&read.envelope, version) {
                break;
            }
            self.waiting.push_back(read);
        }
        self.stream.cut(is_reset).await;
    }

    /// The session goes on over another connection.
    pub fn goes_on_over(&mut self, stream: TcpStream) {
        self.stream = Wire::new(stream);
        self.decoder = RecordDecoder::new(limits());
        self.unread.clear();
        self.security.iter_mut().for_each(Security::reconnected);
    }

    /// What the other end sent, under the keys of this run.
    fn protected(&mut self, captured: &[u8]) -> Vec<u8> {
        let captured = self.decoded(2, captured);
        let security = self.security.as_mut().expect("keys");
        if let (Some(own), Some(theirs)) = (security.session(), context_of(&captured)) {
            self.names.word(&own, &theirs);
        }
        let said = |text: String| {
            let text = self.names.as_ours(text.as_bytes());
            String::from_utf8(replaced(&text, self.ports.0, &self.ports.1)).unwrap()
        };
        let envelope = security.says(&captured, said);
        let writer = self.writer.get_or_insert_with(|| Box::new(session().encoder()));
        Record::SizedEnvelope(writer.write(&envelope, &mut Nothing).octets).to_octets()
    }

    /// Our end closes the connection, too.
    pub async fn end(mut self) -> (usize, usize) {
        let rest = tokio::time::timeout(PATIENCE, self.stream.rest()).await.expect("it is closed");
        assert_eq!(rest, [0u8; 0], "{}: more is sent", self.place);
        self.equal
    }

    async fn record(&mut self, place: &str) -> Record {
        loop {
            let mut left = &self.unread[..];
            let read = self.decoder.read(&mut left).unwrap_or_else(|e| panic!("{place}: {e}"));
            let used = self.unread.len() - left.len();
            self.unread.drain(..used);
            if let Some(record) = read {
                return record;
            }
            let read = self.stream.read(&mut self.unread);
            let read = tokio::time::timeout(PATIENCE, read).await;
            let read = read.unwrap_or_else(|_| panic!("{place}: nothing comes"));
            assert!(read > 0, "{place}: the connection is over");
        }
    }

    async fn same_record(&mut self, place: &str, step: &Step) {
        let record = loop {
            match self.record(place).await {
                Record::SizedEnvelope(octets) if self.version.is_some() => {
                    let read = self.read(octets);
                    self.waiting.push_back(read);
                }
                record => break record,
            }
        };
        let octets = replaced(&record.to_octets(), &self.ports.1, self.ports.0);
        assert_eq!(octets, step.octets, "{place}: {record:?} for {:?}", step.record);
    }

    fn decoded(&mut self, reader: usize, octets: &[u8]) -> Envelope {
        let content_type = self.content_type.clone();
        let readers = self
            .readers
            .get_or_insert_with(|| [(); 3].map(|()| self::reader(content_type.clone())));
        let (content_type, decoder) = &mut readers[reader];
        decoder.read(content_type, octets).unwrap_or_else(|e| panic!("{e}"))
    }

    /// What our end sent.
    fn read(&mut self, octets: Vec<u8>) -> Read {
        let whole = self.decoded(0, &octets);
        let envelope = match &mut self.security {
            Some(security) => security.hears(&whole),
            None => whole.clone(),
        };
        Read { octets, whole, envelope, more: false }
    }

    /// What was captured in its place.
    fn captured(&mut self, octets: &[u8]) -> Read {
        let mut whole = self.decoded(1, octets);
        let more = self.security.is_some() && without_identity(&mut whole);
        let envelope = match &self.security {
            Some(security) if !is_opening(&whole) => security.captured(&whole),
            _ => whole.clone(),
        };
        Read { octets: octets.to_vec(), whole, envelope, more }
    }

    /// An envelope of ours and the captured one in its place.
    async fn compare(&mut self, place: &str, captured: &[u8]) {
        let captured = self.captured(captured);
        let Some(ours) = self.ours(place, &captured).await else { return };
        self.equal.1 += 1;
        let is_other = ours.envelope.action() != captured.envelope.action();
        if self.version.is_some() && is_last(&ours.envelope) && is_other {
            return;
        }
        if self.security.is_some() && is_opening(&captured.whole) {
            // The flights of a handshake are of another length.
            let shape = replaced(shape(&ours.whole).as_bytes(), &self.ports.1, self.ports.0);
            assert_eq!(String::from_utf8(shape).unwrap(), self::shape(&captured.whole), "{place}");
            self.equal.0 += 1;
            return;
        }
        let (own, theirs) = match self.version {
            None => (ours.text(), captured.text()),
            Some(version) => (bare(&ours.envelope, version), bare(&captured.envelope, version)),
        };
        self.names.learn(place, &own, &theirs);
        let as_captured = |text: &str| {
            let text = self.names.as_captured(text.as_bytes());
            let text = replaced(&text, &self.ports.1, self.ports.0);
            String::from_utf8(text).unwrap().replace("xml:lang=\"en-US\"", "xml:lang=\"\"")
        };
        assert_eq!(as_captured(&own), theirs, "{place}");
        if self.security.is_some() {
            // With other acknowledgements in them messages have other signatures.
            match as_captured(&ours.text()) == captured.text() {
                true => self.compare_protected(place, &ours, &captured),
                false => assert!(self.version.is_some(), "{place}: {}", ours.text()),
            }
            return;
        }
        let octets = self.names.as_captured(&ours.octets);
        let octets = replaced(&octets, &self.ports.1, self.ports.0);
        let is_equal = octets == captured.octets || same_but_for_an_end(&captured.octets, &octets);
        // A language of our own stands in faults.
        let has_language = own.contains("xml:lang");
        if self.version.is_none() && !has_language {
            assert!(is_equal, "{place}:\n{octets:02X?}\n{:02X?}", captured.octets);
        }
        self.equal.0 += usize::from(is_equal);
    }

    /// The same with the Security header, and as octets where nothing random stands.
    fn compare_protected(&mut self, place: &str, ours: &Read, captured: &Read) {
        let own = replaced(shape(&ours.whole).as_bytes(), &self.ports.1, self.ports.0);
        assert_eq!(String::from_utf8(own).unwrap(), shape(&captured.whole), "{place}");
        let own = replaced(&ours.octets, &self.ports.1, self.ports.0);
        let own = octets_without_random(&own, &ours.whole);
        let theirs = octets_without_random(&captured.octets, &captured.whole);
        let is_equal = own == theirs || same_but_for_an_end(&theirs, &own);
        let at = own.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
        let around = |octets: &[u8]| {
            let piece = &octets[at.saturating_sub(24).min(octets.len())..];
            format!("{:02X?}", &piece[..piece.len().min(80)])
        };
        assert!(
            is_equal || captured.more,
            "{place} at {at}:\n{}\n{}",
            around(&own),
            around(&theirs)
        );
        self.equal.0 += 1;
    }

    /// What ours said in this place; none of an acknowledgement that it did not send by itself.
    async fn ours(&mut self, place: &str, captured: &Read) -> Option<Read> {
        let Some(version) = self.version else {
            return match self.record(place).await {
                Record::SizedEnvelope(octets) => Some(self.read(octets)),
                other => panic!("{place}: {other:?}"),
            };
        };
        let kind = |read: &Read| {
            let message = message(&read.envelope, version);
            let number = message.headers.sequence.map(|s| s.number);
            // What is in no sequence is known by what it is. Whether a last word asks or answers is a race of both ends.
            let is_unnumbered = number.is_none() && !is_last(&read.envelope);
            let action = is_unnumbered.then(|| read.envelope.action().map(Cow::into_owned));
            (std::mem::discriminant(&message.body), number, action)
        };
        let wanted = kind(captured);
        loop {
            if let Some(found) = self.waiting.iter().position(|read| kind(read) == wanted) {
                self.numbers.extend(wanted.1);
                return self.waiting.remove(found);
            }
            // WCF's process was slow enough to send a message again whose acknowledgement was under way.
            let is_again = wanted.1.is_some_and(|number| self.numbers.contains(&number));
            if is_alone(&captured.envelope, version) || is_again {
                return None;
            }
            match self.record(place).await {
                Record::SizedEnvelope(octets) => {
                    let read = self.read(octets);
                    self.waiting.push_back(read);
                }
                other => panic!("{place}: {other:?}"),
            }
        }
    }
}

/// Whether the only difference is how an element ends whose text did not fit into WCF's buffer: when its end comes, the record
/// has left already, and cannot be made one that ends the element.
fn same_but_for_an_end(captured: &[u8], ours: &[u8]) -> bool {
    let Some(at) = captured.iter().zip(ours).position(|(a, b)| a != b) else { return false };
    let [0x9C, a, b, c, d, ..] = captured[at..] else { return false };
    let end = at + 5 + u32::from_le_bytes([a, b, c, d]) as usize;
    let mut captured = captured.to_vec();
    captured[at] |= 1;
    captured.get(end) == Some(&0x01) && {
        captured.remove(end);
        captured == ours
    }
}

/// Octets with another port in their addresses.
fn replaced(octets: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len(), "ports of five digits");
    let (from, to) = (format!("localhost:{from}/"), format!("localhost:{to}/"));
    let (mut out, mut at) = (Vec::with_capacity(octets.len()), 0);
    while at < octets.len() {
        if octets[at..].starts_with(from.as_bytes()) {
            out.extend_from_slice(to.as_bytes());
            at += from.len();
        } else {
            out.push(octets[at]);
            at += 1;
        }
    }
    out
}
