//! Captured conversations of which no message is the other half of an exchange: net.tcp and wsDualHttpBinding.

use std::collections::HashMap;

use serde_json::{Value, json};
use waxwing_security::wsse::Verified;
use waxwing_security::{ProtectionRequirements, Result};
use waxwing_soap::encoder::{BinarySession, Compression, Decoder};
use waxwing_soap::{Addressing, Envelope};
use waxwing_xml::Limits;

use super::wsse_replay::{Asked, Replay, is_bootstrap};
use super::{Captured, Scenario, context_of, options, packed, unbase64};

/// A captured conversation.
pub struct TwoWay {
    pub scenario: Scenario,
    /// Messages of connections: the octets of each, with the connection and direction whose strings they use.
    pub octets: Vec<(String, String, Vec<u8>)>,
    read: HashMap<String, Envelope>,
}

/// The header that tells channels of a client apart.
pub const INSTANCE: (&str, &str) =
    ("http://schemas.microsoft.com/ws/2005/02/duplex", "ChannelInstance");

pub fn session_encoding() -> BinarySession {
    BinarySession { limits: Limits::SOAP, compression: Compression::None, max_session_size: 2048 }
}

impl TwoWay {
    /// A scenario of net.tcp, whose messages are read as they came over the connection.
    pub fn tcp(name: &str) -> Self {
        let packed = packed("wcf-tcp", name);
        let octets = framed(&packed);
        let mut messages: Vec<(String, String)> = Vec::new();
        for (name, ..) in &octets {
            let text = packed["messages"][old_name(name)].as_str().expect("its text");
            messages.push((name.clone(), text.to_owned()));
        }
        let mut read = HashMap::new();
        let mut decoders = HashMap::new();
        for (name, stream, octets) in &octets {
            let decoder =
                decoders.entry(stream.clone()).or_insert_with(|| session_encoding().decoder());
            read.insert(name.clone(), decoder.read("", octets).expect("a binary message"));
        }
        let plain = messages.iter().filter_map(|(name, _)| {
            Some((name.clone(), packed["plain"][old_name(name)].as_str()?.to_owned()))
        });
        let plain: HashMap<_, _> = plain.collect();
        let scenario = scenario(name, &packed, &messages, &plain);
        Self { scenario, octets, read }
    }

    /// A scenario of `wsDualHttpBinding`.
    pub fn dual(name: &str) -> Self {
        let packed = packed("wcf-dual", name);
        let (mut messages, mut plain) = (Vec::new(), HashMap::new());
        for message in packed["messages"].as_array().expect("messages") {
            let (old, body) = (message["name"].as_str().unwrap(), message["body"].as_str());
            let body = body.filter(|body| !body.is_empty());
            let Some(body) = body else { continue };
            // What the service posts to the client stands among the answers.
            let name = match old.strip_suffix("-callback-request") {
                Some(number) => format!("{number}-callback-response"),
                None => old.to_owned(),
            };
            if let Some(text) = packed["plain"][old].as_str() {
                plain.insert(name.clone(), text.to_owned());
            }
            messages.push((name, body.to_owned()));
        }
        let scenario = scenario(name, &packed, &messages, &plain);
        Self { scenario, octets: Vec::new(), read: HashMap::new() }
    }

    pub fn messages(&self) -> impl Iterator<Item = &Captured> {
        self.scenario.messages.iter().filter(|message| message.is_secured())
    }

    /// A message as it came.
    pub fn envelope(&self, message: &Captured) -> Envelope {
        match self.read.get(&message.name) {
            Some(read) => read.clone(),
            None => message.envelope(),
        }
    }

    /// What the contract and the flow demand.
    pub fn requirements(&self, requirements: &mut ProtectionRequirements) {
        if self.scenario.name.starts_with("dual") {
            requirements.sign_header(INSTANCE.0, INSTANCE.1);
        }
    }
}

/// Verifies the messages of a conversation by the keys that were recorded.
pub struct TwoWayReplay {
    /// The requests for sessions and keys, by `MessageID`.
    asked: HashMap<String, Asked>,
}

impl TwoWayReplay {
    pub fn new() -> Self {
        Self { asked: HashMap::new() }
    }

    /// What a message of the service must show: the key of the request that it answers, or that of its session.
    pub fn prepare(&self, replay: &mut Replay<'_>, message: &Captured) {
        if message.is_request() {
            return;
        }
        let addressing = Addressing::read(&message.envelope()).expect("addressing");
        let asked = addressing.relates_to.and_then(|id| self.asked.get(&id).cloned());
        let bootstrap = addressing.action.is_some_and(|action| is_bootstrap(&action));
        replay.asked = match asked.filter(|_| bootstrap) {
            Some(asked) => Some(asked),
            None => {
                let transport = replay.scenario.is_over_transport();
                let context = if transport { None } else { session_of(message) };
                Some(Asked { bootstrap: false, context, key: None, signatures: Vec::new() })
            }
        };
    }

    /// What a message of the client leaves behind for its answer.
    pub fn keep(&mut self, replay: &Replay<'_>, message: &Captured) {
        if let (true, Some(asked)) = (message.is_request(), &replay.asked) {
            let id = Addressing::read(&message.envelope()).expect("addressing").message_id;
            id.map(|id| self.asked.insert(id, asked.clone()));
        }
    }

    pub fn verify(
        &mut self,
        replay: &mut Replay<'_>,
        message: &Captured,
        envelope: Envelope,
    ) -> Result<Verified> {
        self.prepare(replay, message);
        let verified = replay.verify_envelope(message, envelope)?;
        self.keep(replay, message);
        Ok(verified)
    }
}

/// The security context whose derived key a message refers to.
pub fn session_of(message: &Captured) -> Option<String> {
    let envelope = message.envelope();
    let security = envelope.header_named(super::WSSE, "Security")?;
    let derived = security.elements().find(|e| e.local_name() == "DerivedKeyToken")?;
    Some(context_of(derived)?.0)
}

fn scenario(
    name: &str,
    recorded: &Value,
    messages: &[(String, String)],
    plain: &HashMap<String, String>,
) -> Scenario {
    let mut options = options(recorded["readme"].as_str().unwrap_or(""));
    let kind = options.get("scenario").cloned().unwrap_or_default();
    if kind.contains("-nego") {
        options.insert("nego".into(), "true".into());
    }
    if name.starts_with("dual") {
        options.insert("contract".into(), "duplex".into());
    }
    let entry = |(name, body): &(String, String)| json!({ "name": name, "body": body });
    let messages: Vec<Value> = messages.iter().map(entry).collect();
    let of_same_form = json!({
        "messages": messages, "plain": plain,
        "keys_client": recorded["keys_client"], "keys_service": recorded["keys_service"],
    });
    Scenario::of(name, &of_same_form, options)
}

/// `c001-client-004` of the recording is `c001-004-request` here.
fn old_name(name: &str) -> String {
    let (connection, rest) = name.split_once('-').expect("a name");
    let (number, kind) = rest.split_once('-').expect("a name");
    let side = if kind == "request" { "client" } else { "server" };
    format!("{connection}-{side}-{number}")
}

/// The envelopes of all connections, those of the clients first, each with its framing session.
fn framed(packed: &Value) -> Vec<(String, String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut sessions: HashMap<String, usize> = HashMap::new();
    for line in packed["frames"].as_str().expect("frames").lines() {
        let mut words = line.split(' ');
        let (Some(connection), Some(side), Some(at), Some(record)) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            continue;
        };
        let stream = format!("{connection}.{side}");
        let session = sessions.entry(stream.clone()).or_default();
        *session += usize::from(["Version", "PreambleAck"].contains(&record));
        if record != "SizedEnvelope" {
            continue;
        }
        let length: usize = words.next().and_then(|n| n.parse().ok()).expect("a length");
        let text = line.split("messages/").nth(1).expect("its text").trim_end_matches(".xml");
        let number = text.rsplit('-').next().expect("a number");
        let kind = if side == "client" { "request" } else { "response" };
        let name = format!("{connection}-{number}-{kind}");
        let at: usize = at.trim_start_matches('@').parse().expect("an offset");
        let octets = unbase64(packed["streams"][&stream].as_str().expect("the stream"));
        // The record: 06, the length in groups of seven bits.
        let head = 1 + octets[at + 1..].iter().take_while(|octet| **octet >= 0x80).count() + 1;
        let octets = octets[at + head..at + head + length].to_vec();
        found.push((name, format!("{stream}#{session}"), octets));
    }
    found.sort_by_key(|(name, ..)| name.ends_with("response"));
    found
}
