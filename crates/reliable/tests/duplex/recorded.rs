//! Recorded duplex sessions: messages in the order in which the recorder saw them.

use std::collections::BTreeMap;
use std::io::Read as _;

use waxwing_reliable::codec::read;
use waxwing_reliable::{Body, Identifier, Message, ReliableMessagingVersion};
use waxwing_soap::Envelope;
use waxwing_xml::Limits;

/// One message, or what the recorder did.
#[derive(Debug)]
pub struct Recorded {
    pub name: String,
    /// Milliseconds since the first message.
    pub at: u64,
    /// Which connection (net.tcp).
    pub link: Option<String>,
    pub what: What,
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "a test")]
pub enum What {
    Message {
        by_client: bool,
        message: Message<()>,
        /// The recorder did not deliver it.
        lost: bool,
        text: String,
    },
    /// The recorder cut the connection; `reset`: not as it should be.
    Cut { reset: bool },
}

impl Recorded {
    /// The message of an end that is there.
    pub fn message(&self) -> Option<(bool, &Message<()>)> {
        match &self.what {
            What::Message { by_client, message, .. } => Some((*by_client, message)),
            What::Cut { .. } => None,
        }
    }
}

/// Every scenario.
pub fn scenarios() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).expect("testdata/wcf-duplex");
    let names = entries.filter_map(|entry| {
        let name = entry.ok()?.file_name().into_string().ok()?;
        Some(name.strip_suffix(".json.gz")?.to_owned())
    });
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

fn folder() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/wcf-duplex")
}

/// The version and the messages of a scenario that belong to a reliable session. None: it has none.
#[allow(clippy::disallowed_methods, reason = "tests read their data")]
pub fn scenario(name: &str) -> Option<(ReliableMessagingVersion, Vec<Recorded>)> {
    use ReliableMessagingVersion::{February2005, V11};
    let file = std::fs::read(format!("{}/{name}.json.gz", folder())).expect(name);
    let mut text = String::new();
    flate2::read::GzDecoder::new(&file[..]).read_to_string(&mut text).expect(name);
    let version = [V11, February2005].into_iter().find(|v| text.contains(v.namespace()))?;
    let json: serde_json::Value = serde_json::from_str(&text).expect(name);
    let mut found = Vec::new();
    for entry in json["messages"].as_array().expect(name) {
        let name = entry["name"].as_str()?.to_owned();
        let at = entry["at"].as_u64().expect("a time");
        let link = entry["link"].as_str().map(str::to_owned);
        let what = match entry["xml"].as_str() {
            None => What::Cut { reset: entry["cut"].as_str() == Some("rst") },
            Some(xml) => {
                let envelope = Envelope::parse(xml.as_bytes(), &Limits::SOAP).expect(&name);
                // Bootstrap and end of the security session are not this layer's.
                let Ok(message) = read(&envelope, version) else { continue };
                let by_client = entry["from"].as_str() == Some("client");
                let lost = entry["lost"].as_bool().unwrap_or(false);
                What::Message { by_client, message, lost, text: xml.to_owned() }
            }
        };
        found.push(Recorded { name, at, link, what });
    }
    Some((version, found))
}

/// What of a message is ours to say: an application's message has its own addressing headers, the text of a reason is
/// free, and when an acknowledgement rides along is a race of threads at WCF.
pub fn essence(message: &Message<()>) -> Message<()> {
    let mut message = message.clone();
    match &mut message.body {
        Body::Application(()) => (message.message_id, message.relates_to) = (None, None),
        Body::Fault(fault) => fault.reason.clear(),
        // What the responder needs to know of the addressing headers is not the initiator's to repeat.
        Body::CreateSequence(create) => create.to = None,
        _ => {}
    }
    message
}

/// The sessions of a scenario, one by one: a message is of the session whose sequences it names.
pub fn sessions(messages: Vec<Recorded>) -> Vec<Vec<Recorded>> {
    let mut names: BTreeMap<Identifier, usize> = BTreeMap::new();
    let mut found: Vec<Vec<Recorded>> = Vec::new();
    for recorded in messages {
        let What::Message { message, .. } = &recorded.what else {
            // A cut is of the one session that there is.
            found.last_mut().expect("a session").push(recorded);
            continue;
        };
        let named = names_in(message);
        let known = named.iter().find_map(|name| names.get(name)).copied();
        let session = known.unwrap_or_else(|| {
            found.push(Vec::new());
            found.len() - 1
        });
        names.extend(named.into_iter().map(|name| (name, session)));
        found[session].push(recorded);
    }
    found
}

fn names_in(message: &Message<()>) -> Vec<Identifier> {
    let headers = &message.headers;
    let mut names: Vec<_> = headers.sequence.iter().map(|s| s.identifier.clone()).collect();
    names.extend(headers.acknowledgement.iter().map(|a| a.identifier.clone()));
    names.extend(headers.ack_requested.clone());
    match &message.body {
        Body::CreateSequence(create) => {
            names.extend(message.message_id.clone());
            names.extend(create.offer.iter().map(|offer| offer.identifier.clone()));
        }
        Body::CreateSequenceResponse(response) => {
            names.extend(message.relates_to.clone());
            names.push(response.identifier.clone());
        }
        Body::CloseSequence(s) | Body::TerminateSequence(s) => names.push(s.identifier.clone()),
        Body::CloseSequenceResponse(id) | Body::TerminateSequenceResponse(id) => {
            names.push(id.clone());
        }
        Body::Fault(fault) => names.extend(fault.kind.identifier().cloned()),
        _ => {}
    }
    names
}
