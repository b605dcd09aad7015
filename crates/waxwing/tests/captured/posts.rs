//! The peer that plays one end of a captured conversation of `wsDualHttpBinding`: every message is a POST of its own, and both
//! ends are posted to.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::mem::Discriminant;
use std::time::Duration;

use tokio::sync::mpsc;
use waxwing_reliable::{Body, ReliableMessagingVersion};
use waxwing_soap::{Addressing, Envelope};
use waxwing_testkit::http::{HttpClient, HttpRequest};
use waxwing_xml::Limits;

use crate::capture::Side;
use crate::messages::{Message, packed, text_of, without_language};
use crate::names::Names;
use crate::reliable::{bare, is_alone, message};

/// How long our end has for what it must say: WCF asks for a sequence again after ten seconds, and so does ours.
const PATIENCE: Duration = Duration::from_secs(60);

/// What tells the channels of a client apart.
const INSTANCE: &str = " xmlns=\"http://schemas.microsoft.com/ws/2005/02/duplex\">";

const VERSION: ReliableMessagingVersion = ReliableMessagingVersion::February2005;

/// A message that an end posted.
#[derive(Clone)]
pub struct Post {
    pub name: String,
    pub from: Side,
    pub message: Message,
    /// The recorder did not hand it on.
    pub is_lost: bool,
}

/// A captured conversation.
pub struct Posts {
    pub posts: Vec<Post>,
    /// What the client program did.
    pub operations: String,
}

impl Posts {
    pub fn read(name: &str, lost: &[&str]) -> Self {
        let file = packed("wcf-dual", name);
        let mut posts = Vec::new();
        for message in file["messages"].as_array().unwrap() {
            let name = message["name"].as_str().unwrap().to_owned();
            let from = match name.contains("callback") {
                true => Side::Service,
                false => Side::Client,
            };
            let (true, Some(message)) = (name.ends_with("-request"), Message::read(message)) else {
                continue;
            };
            let is_lost = lost.contains(&&*name);
            posts.push(Post { name, from, message, is_lost });
        }
        let operations = file["readme"].as_str().unwrap().split("ops=").nth(1).unwrap();
        let operations = operations.split('`').next().unwrap().to_owned();
        let mut posts = Self { posts, operations };
        posts.behind_the_recorder();
        posts
    }

    /// Where the client's messages say that they go.
    pub fn address(&self) -> String {
        addressing(&self.posts[0].message).to.unwrap()
    }

    /// The service's own port is not that of the recorder: here they are the same.
    fn behind_the_recorder(&mut self) {
        let to = self.address();
        let of_service = self.posts.iter().filter(|post| post.from == Side::Service);
        let own = of_service.filter_map(|post| addressing(&post.message).reply_to).next();
        let Some(own) = own.map(|own| own.address) else { return };
        for post in &mut self.posts {
            let text = String::from_utf8(post.message.octets.clone()).unwrap();
            post.message.octets = text.replace(&own, &to).into_bytes();
        }
    }

    /// Where the channels of the client are called back, in order.
    pub fn callbacks(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let of_client = self.posts.iter().filter(|post| post.from == Side::Client);
        for reply_to in of_client.filter_map(|post| addressing(&post.message).reply_to) {
            if !found.contains(&reply_to.address) {
                found.push(reply_to.address);
            }
        }
        found
    }
}

fn envelope(message: &Message) -> Envelope {
    Envelope::parse(text_of(message), &Limits::SOAP).unwrap()
}

pub fn addressing(message: &Message) -> Addressing {
    Addressing::read(&envelope(message)).unwrap()
}

/// The number of a channel of the client, as a message or an address has it.
fn instance_in(text: &str) -> Option<u64> {
    let after = &text[text.find(INSTANCE)? + INSTANCE.len()..];
    after.split('<').next()?.parse().ok()
}

/// What kind of message it is, with its place in its sequence.
type Key = (Discriminant<Body<()>>, Option<(String, u64)>);

fn key(text: &str) -> Key {
    let message = message(&Envelope::parse(text, &Limits::SOAP).unwrap(), VERSION);
    let of_sequence = match &message.body {
        Body::TerminateSequence(of) => Some((of.identifier.to_string(), 0)),
        _ => message.headers.sequence.map(|of| (of.identifier.to_string(), of.number)),
    };
    (std::mem::discriminant(&message.body), of_sequence)
}

/// One conversation of ours, and the recording of one that it is compared with.
pub struct Peer {
    place: String,
    ours: Side,
    pub names: Names,
    /// What our end posts.
    inbox: mpsc::UnboundedReceiver<HttpRequest>,
    http: HttpClient,
    /// Messages of ours that nothing was compared with, and their texts in the words of the capture.
    waiting: VecDeque<(Message, String)>,
    seen: BTreeSet<Option<(String, u64)>>,
    /// The numbers of our channels, by those of the capture.
    instances: HashMap<u64, u64>,
    /// Messages that were the same to the octet, and all.
    pub equal: (usize, usize),
}

impl Peer {
    pub fn new(place: &str, ours: Side, inbox: mpsc::UnboundedReceiver<HttpRequest>) -> Self {
        Self {
            place: place.to_owned(),
            ours,
            names: Names::default(),
            inbox,
            http: HttpClient::new(),
            waiting: VecDeque::new(),
            seen: BTreeSet::new(),
            instances: HashMap::new(),
            equal: (0, 0),
        }
    }

    /// Plays what the other end posted, and compares what ours posts.
    pub async fn play(&mut self, posts: &[Post]) {
        for post in posts {
            let place = format!("{} {}", self.place, post.name);
            match post.from == self.ours {
                true => self.compare(&place, post).await,
                false if post.is_lost => {}
                false => self.post(&place, &post.message).await,
            }
        }
    }

    /// Nothing is left that our end posted and WCF did not.
    pub async fn end(mut self) -> (usize, usize) {
        while let Ok(request) = self.inbox.try_recv() {
            let message = read(request);
            let text = text_of(&message);
            self.waiting.push_back((message, text));
        }
        for (_, text) in &self.waiting {
            let envelope = Envelope::parse(text.as_str(), &Limits::SOAP).unwrap();
            let own = self.names.as_captured(text.as_bytes());
            let (_, of_sequence) = key(&String::from_utf8(own).unwrap());
            let is_again = of_sequence.is_some() && self.seen.contains(&of_sequence);
            assert!(
                is_again || is_alone(&envelope, VERSION),
                "{}: more is sent: {text}",
                self.place
            );
        }
        self.equal
    }

    async fn post(&mut self, place: &str, message: &Message) {
        let octets = self.names.as_ours(&message.octets);
        let text = String::from_utf8(octets).unwrap();
        let text = match self.ours {
            Side::Client => self.for_our_channel(text),
            Side::Service => text,
        };
        let octets = text.into_bytes();
        let message = Message { content_type: message.content_type.clone(), octets };
        let to = addressing(&message).to.unwrap();
        let answer = self.http.post(&to, &message.content_type, message.octets).await;
        let answer = answer.unwrap_or_else(|error| panic!("{place} to {to}: {error}"));
        assert_eq!((answer.status.as_u16(), answer.body.len()), (202, 0), "{place} to {to}");
    }

    /// Channels are numbered for the whole process: ours have other numbers than WCF's, where the first one has none.
    fn for_our_channel(&self, text: String) -> String {
        let captured = instance_in(&text).unwrap_or(1);
        let ours = self.instances[&captured];
        match (captured, ours) {
            (1, 1) => text,
            (1, _) => {
                let header = format!(
                    "<ChannelInstance a:IsReferenceParameter=\"true\"{INSTANCE}{ours}</ChannelInstance>"
                );
                text.replace("</s:Header>", &format!("{header}</s:Header>"))
            }
            _ => text.replace(&format!("{INSTANCE}{captured}<"), &format!("{INSTANCE}{ours}<")),
        }
    }

    /// What our end says as if its channels had the numbers of the capture.
    fn as_captured_channel(&mut self, text: String, captured: &str) -> String {
        let (Some(ours), Side::Client) = (instance_in(&text), self.ours) else { return text };
        let number = instance_in(captured).unwrap_or(1);
        match number {
            1 => {
                let parameters = format!(
                    "<a:ReferenceParameters><ChannelInstance{INSTANCE}{ours}</ChannelInstance></a:ReferenceParameters>"
                );
                text.replace(&parameters, "")
            }
            _ => text.replace(&format!("{INSTANCE}{ours}<"), &format!("{INSTANCE}{number}<")),
        }
    }

    /// A message of ours and the captured one in its place.
    async fn compare(&mut self, place: &str, post: &Post) {
        let theirs = text_of(&post.message);
        let Some((ours, own)) = self.ours(place, &theirs).await else { return };
        self.equal.1 += 1;
        let (own, theirs_read) = (
            Envelope::parse(own, &Limits::SOAP).unwrap(),
            Envelope::parse(theirs.as_str(), &Limits::SOAP).unwrap(),
        );
        if self.ours == Side::Client
            && matches!(message(&own, VERSION).body, Body::CreateSequence(_))
        {
            self.begins(&ours, &post.message);
        }
        let (own, bare_theirs) = (bare(&own, VERSION), bare(&theirs_read, VERSION));
        self.names.learn(place, &own, &bare_theirs);
        let own = self.captured_text(&own, &theirs);
        assert_eq!(own, bare_theirs, "{place}");
        let (_, of_sequence) = key(&theirs);
        if post.is_lost {
            self.seen.remove(&of_sequence);
        }
        if ours.content_type.starts_with("multipart") {
            self.equal.0 += usize::from(self.captured_text(&text_of(&ours), &theirs) == theirs);
            let kind = |message: &Message| {
                message.content_type.split("boundary=").next().unwrap().to_owned()
            };
            assert_eq!(kind(&ours), kind(&post.message), "{place}");
            return;
        }
        assert_eq!(ours.content_type, post.message.content_type, "{place}");
        let octets = String::from_utf8(ours.octets).unwrap();
        let octets = self.captured_text(&octets, &theirs);
        self.equal.0 += usize::from(octets.as_bytes() == post.message.octets);
    }

    fn captured_text(&mut self, text: &str, theirs: &str) -> String {
        let text = self.names.as_captured(text.as_bytes());
        let text = self.as_captured_channel(String::from_utf8(text).unwrap(), theirs);
        without_language(&text)
    }

    /// A channel of our client asks for a session: where it is called back is known from now on.
    fn begins(&mut self, ours: &Message, captured: &Message) {
        let (own, theirs) =
            (addressing(ours).reply_to.unwrap(), addressing(captured).reply_to.unwrap());
        self.names.word(&own.address, &theirs.address);
        let number = |text: String| instance_in(&text).unwrap_or(1);
        self.instances.insert(number(text_of(captured)), number(text_of(ours)));
    }

    /// What ours said in this place; none of an acknowledgement that it did not send by itself, and of what WCF said again.
    async fn ours(&mut self, place: &str, captured: &str) -> Option<(Message, String)> {
        let (kind, of_sequence) = key(captured);
        let is_again = of_sequence.is_some() && self.seen.contains(&of_sequence);
        let is_alone = is_alone(&Envelope::parse(captured, &Limits::SOAP).unwrap(), VERSION);
        loop {
            while let Ok(request) = self.inbox.try_recv() {
                self.came(request);
            }
            let is_it = |(_, text): &(Message, String)| {
                let own = String::from_utf8(self.names.as_captured(text.as_bytes())).unwrap();
                key(&own) == (kind, of_sequence.clone())
            };
            if let Some(found) = self.waiting.iter().position(is_it) {
                self.seen.insert(of_sequence);
                return self.waiting.remove(found);
            }
            if is_alone || is_again {
                return None;
            }
            let request = tokio::time::timeout(PATIENCE, self.inbox.recv()).await;
            let request =
                request.unwrap_or_else(|_| panic!("{place}: nothing comes; {:#?}", self.texts()));
            self.came(request.expect("the listener"));
        }
    }

    fn texts(&self) -> Vec<&String> {
        self.waiting.iter().map(|(_, text)| text).collect()
    }

    fn came(&mut self, request: HttpRequest) {
        let message = read(request);
        let text = text_of(&message);
        self.waiting.push_back((message, text));
    }
}

fn read(request: HttpRequest) -> Message {
    Message {
        content_type: request.content_type.unwrap_or_default(),
        octets: request.body.to_vec(),
    }
}
