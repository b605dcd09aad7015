//! What a call within a session costs: to read (parse, verify, decrypt) and to write (sign, encrypt, to
//! octets). The messages are WCF's of the scenario `rm10-sc-cert`.
//!
//! `cargo bench -p waxwing-security --bench wsse`

#[path = "../tests/common/mod.rs"]
mod common;

use common::contracts::requirements;
use common::wsse_rebuild::unprotected;
use common::{Captured, Scenario, Tokens, identity_of};
use divan::{Bencher, black_box};
use waxwing_security::wsse::names::{WSSE, WSU};
use waxwing_security::wsse::{
    ContextToken, Dialect, Expectations, ExpectedToken, ProtectionPlan, ProtectionToken,
    SecuritySettings, SessionKeys, Sources, TokenPlacement, UuidIds, passes_security, protect,
    verify,
};
use waxwing_security::{Direction, ProtectionRequirements};
use waxwing_soap::{Envelope, EnvelopeError, RandomSource};
use waxwing_xml::{Limits, Name};

/// Counts what is allocated, too.
#[global_allocator]
static ALLOCATIONS: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    divan::main();
}

/// How many different messages are read in turn.
const DIFFERENT: usize = 300;

struct Counter(u8);

impl RandomSource for Counter {
    fn fill(&mut self, octets: &mut [u8]) {
        for octet in octets {
            self.0 = self.0.wrapping_mul(13).wrapping_add(7);
            *octet = self.0;
        }
    }
}

/// A session of the scenario: its settings and its second call.
struct Session {
    scenario: Scenario,
    settings: SecuritySettings,
    requirements: ProtectionRequirements,
}

impl Session {
    fn new() -> Self {
        let scenario = Scenario::wcf("rm10-sc-cert");
        let (settings, requirements) = (scenario.settings(), requirements(None, None));
        Self { scenario, settings, requirements }
    }

    /// Seven thousand octets with eight signed parts: the body, six headers, the timestamp.
    fn request(&self) -> &Captured {
        self.message("004-request")
    }

    /// The second call and those behind it, of which none comes again soon: what differs from one message to the next,
    /// does here. They are protected by us, which is written as WCF writes it.
    fn requests(&self) -> Vec<Vec<u8>> {
        let (mut random, settings) = (Counter(1), &self.settings);
        let mut ids = UuidIds::with_guid("e4a5c890-30c8-40a4-ad13-f9b5aac15355", 8);
        let placement = TokenPlacement::Attached;
        let keys = SessionKeys::new(self.token(), placement, settings, &mut random, &mut ids);
        let calls = ["004-request", "005-request", "006-request"].map(|name| self.message(name));
        let protected = |(number, call): (usize, &&Captured)| {
            let parts = self.requirements.find(Direction::Request, &call.action()).expect("parts");
            let plan = ProtectionPlan::new(settings, parts, ProtectionToken::Session(&keys));
            let mut envelope = unprotected(call.expected());
            differ(&mut envelope, number);
            let mut sources = Sources { now: call.at, random: &mut random, ids: &mut ids };
            protect(&mut envelope, &plan, &mut sources).expect("it can be protected");
            envelope.to_bytes()
        };
        calls.iter().cycle().take(DIFFERENT).enumerate().map(protected).collect()
    }

    fn message(&self, name: &str) -> &Captured {
        self.scenario.messages.iter().find(|m| m.name == name).expect("the message")
    }

    fn token(&self) -> ContextToken {
        let envelope = self.request().envelope();
        let security = envelope.header_named(WSSE, "Security").expect("Security");
        let token = security.elements().find(|e| e.local_name() == "SecurityContextToken");
        let token = token.expect("a token");
        let (identifier, instance) = identity_of(token);
        ContextToken {
            dialect: Dialect::February2005,
            id: token.attribute_ns(WSU, "Id").expect("an id").into(),
            element: envelope.document().source_of(token.span()).into(),
            key: self.scenario.contexts[&(identifier.clone(), instance)].clone(),
            identifier: identifier.into(),
            identifier_value: None,
            instance: None,
        }
    }
}

/// Gives a call what it alone has: an identifier and numbers within its session.
fn differ(envelope: &mut Envelope, number: usize) {
    const RELIABLE: &str = "http://schemas.xmlsoap.org/ws/2005/02/rm";
    let header = |local| envelope.header_named(RELIABLE, local).expect("a reliable message");
    let sequence = header("Sequence").child(RELIABLE, "MessageNumber").expect("a number").id();
    let range = header("SequenceAcknowledgement").first_element();
    let range = range.and_then(|identifier| identifier.next_element()).expect("a range").id();
    let id = envelope.addressing_header("MessageID").expect("MessageID").id();
    let document = envelope.document_mut();
    let uuid = format!("urn:uuid:d7a827f6-e77b-4c18-99b6-{number:012}");
    for (element, text) in [(id, uuid), (sequence, (number + 2).to_string())] {
        document.clear(element);
        document.append_text(element, &text);
    }
    document.set_attribute(range, Name::local("Upper"), &(number + 1).to_string());
}

/// With a tree of the Security header.
#[divan::bench]
fn read_tree(bencher: Bencher<'_, '_>) {
    read_by(bencher, |octets| Envelope::parse(octets, &Limits::SOAP));
}

/// As an endpoint reads it.
#[divan::bench]
fn read(bencher: Bencher<'_, '_>) {
    read_by(bencher, |octets| Envelope::parse_passing(octets, &Limits::SOAP, passes_security));
}

fn read_by(
    bencher: Bencher<'_, '_>,
    parse: impl Fn(Vec<u8>) -> Result<Envelope, EnvelopeError> + Sync,
) {
    let session = Session::new();
    let tokens = Tokens::new(&session.scenario, &[]);
    let requests = session.requests();
    let expect = Expectations {
        settings: &session.settings,
        requirements: &session.requirements,
        direction: Direction::Request,
        protection: ExpectedToken::AttachedContext,
        supporting: &[],
        confirmations: &[],
        now: session.request().at,
        limits: &Limits::SOAP,
        replay: None,
    };
    let mut next = requests.iter().cycle();
    let mut input = || next.next().cloned().unwrap_or_default();
    bencher.with_inputs(&mut input).bench_local_values(|octets| {
        let envelope = parse(octets).expect("an envelope");
        verify(envelope, &expect, &tokens).expect("a good message")
    });
}

#[divan::bench]
fn parse(bencher: Bencher<'_, '_>) {
    let session = Session::new();
    let request = session.request();
    bencher
        .with_inputs(|| request.body.clone())
        .bench_local_values(|octets| Envelope::parse(octets, &Limits::SOAP).expect("an envelope"));
}

#[divan::bench]
fn parse_passing(bencher: Bencher<'_, '_>) {
    let session = Session::new();
    let request = session.request();
    bencher.with_inputs(|| request.body.clone()).bench_local_values(|octets| {
        Envelope::parse_passing(octets, &Limits::SOAP, passes_security).expect("an envelope")
    });
}

#[divan::bench]
fn write(bencher: Bencher<'_, '_>) {
    let session = Session::new();
    let (mut random, settings) = (Counter(1), &session.settings);
    let mut ids = UuidIds::with_guid("e4a5c890-30c8-40a4-ad13-f9b5aac15355", 8);
    let (token, placement) = (session.token(), TokenPlacement::Attached);
    let keys = SessionKeys::new(token, placement, settings, &mut random, &mut ids);
    let request = session.request();
    let parts = session.requirements.find(Direction::Request, &request.action()).expect("parts");
    let plan = ProtectionPlan::new(settings, parts, ProtectionToken::Session(&keys));
    let envelope = unprotected(request.expected());
    bencher.with_inputs(|| envelope.clone()).bench_local_values(|mut envelope| {
        let mut sources = Sources { now: request.at, random: &mut random, ids: &mut ids };
        protect(&mut envelope, &plan, &mut sources).expect("it can be protected");
        black_box(envelope.to_bytes())
    });
}

#[divan::bench]
fn write_octets_only(bencher: Bencher<'_, '_>) {
    let session = Session::new();
    let envelope = session.request().envelope();
    bencher.bench_local(|| envelope.to_bytes());
}
