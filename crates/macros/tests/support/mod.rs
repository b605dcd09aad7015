//! What the tests of contracts share: samples, a comparison of infosets, and a channel inside the process.
#![allow(dead_code, unreachable_pub, clippy::disallowed_methods)]

use std::future::Future;
use std::io::Read as _;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use waxwing::contract::{
    BoxFuture, CallError, Dispatch, FaultOptions, OperationContext, Outgoing, Request,
    RequestChannel,
};
use waxwing_soap::{Addressing, Envelope, MessageVersion};
use waxwing_xml::{Document, Element, Limits, Node};

/// Runs a future that never has to wait.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future waits for something"),
    }
}

/// A compressed JSON file below `testdata`.
pub fn json(path: &str) -> serde_json::Value {
    let path = format!("{}/../../testdata/{path}", env!("CARGO_MANIFEST_DIR"));
    let file = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(&file[..]).read_to_string(&mut text).expect("gzip");
    serde_json::from_str(&text).expect("JSON")
}

/// The XML of a data contract sample.
pub fn sample(name: &str) -> String {
    let all = json("datacontract/samples.json.gz");
    let found = all.as_array().expect("a list").iter().find(|sample| sample["name"] == name);
    found.unwrap_or_else(|| panic!("no sample {name}"))["xml"].as_str().expect("xml").to_owned()
}

/// An element without anything that a writer may choose: prefixes, declarations, the form of empty elements.
pub fn infoset(element: Element<'_>) -> String {
    let mut out = String::new();
    write(element, &mut out);
    out
}

pub fn infoset_of(xml: &str) -> String {
    let document = Document::parse(xml.as_bytes(), &Limits::default()).expect(xml);
    infoset(document.root())
}

fn write(element: Element<'_>, out: &mut String) {
    out.push_str(&format!("<{{{}}}{}", element.namespace(), element.local_name()));
    let mut attributes: Vec<String> = element
        .attributes()
        .map(|attribute| {
            let name = attribute.name();
            let mut value = attribute.value().to_owned();
            if name.local == "type" && name.namespace.ends_with("XMLSchema-instance") {
                let (namespace, local) = element.resolve_qname(&value).expect("a declared prefix");
                value = format!("{{{namespace}}}{local}");
            }
            format!(" {{{}}}{}={value:?}", name.namespace, name.local)
        })
        .collect();
    attributes.sort();
    out.push_str(&attributes.concat());
    out.push('>');
    for node in element.children() {
        match node {
            Node::Element(child) => write(child, out),
            // A qualified name in content: `d:n` and `e:n` may be the same.
            Node::Text(text) => match element.resolve_qname(text) {
                Some((namespace, local)) if text.contains(':') => {
                    out.push_str(&format!("{{{namespace}}}{local}"));
                }
                _ => out.push_str(text),
            },
            _ => {}
        }
    }
    out.push_str("</>");
}

/// A channel that hands requests to a dispatcher and remembers what went through.
pub struct Local<D> {
    pub service: D,
    pub options: FaultOptions,
    pub context: OperationContext,
    pub requests: Mutex<Vec<(String, Envelope)>>,
    pub replies: Mutex<Vec<(String, Envelope)>>,
}

impl<D: Dispatch> Local<D> {
    pub fn new(service: D) -> Self {
        Self {
            service,
            options: FaultOptions::default(),
            context: OperationContext::default(),
            requests: Mutex::default(),
            replies: Mutex::default(),
        }
    }

    /// The last request: its action and the infoset of the body's content.
    pub fn request(&self) -> (String, String) {
        last(&self.requests)
    }

    /// The last request as the service got it.
    #[allow(dead_code)]
    pub fn last_request(&self) -> Envelope {
        self.requests.lock().unwrap().last().expect("a request").1.clone()
    }

    /// The last reply.
    pub fn reply(&self) -> (String, String) {
        last(&self.replies)
    }

    async fn exchange(
        &self,
        action: &str,
        message: Envelope,
    ) -> Result<Option<Envelope>, CallError> {
        let message = parsed(&message);
        self.requests.lock().unwrap().push((action.to_owned(), message.clone()));
        let context = OperationContext::new(action).with_request(message.clone());
        let context = match self.context.caller() {
            Some(caller) => context.with_caller(caller.clone()),
            None => context,
        };
        let context = match self.context.callback_channel() {
            Some(channel) => context.with_callback(channel.clone()),
            None => context,
        };
        let outgoing = match self.service.dispatch(&context, action, &message).await {
            Ok(None) => return Ok(None),
            Ok(Some(reply)) => reply,
            Err(fault) => fault.to_outgoing(self.message_version(), self.options),
        };
        let Outgoing { action, mut envelope, .. } = context.complete(outgoing);
        self.replies.lock().unwrap().push((action.clone(), parsed(&envelope)));
        // A request without addressing headers leaves no version for the reply's.
        if envelope.version() != self.message_version() {
            let mut with_version = Envelope::new(self.message_version());
            let body = with_version.body().id();
            let header = with_version.header_or_insert();
            for own in envelope.headers() {
                with_version.document_mut().import(header, own);
            }
            if let Some(payload) = envelope.payload() {
                with_version.document_mut().import(body, payload);
            }
            envelope = with_version;
        }
        Addressing { action: Some(action), ..Addressing::default() }.write(&mut envelope);
        Ok(Some(parsed(&envelope)))
    }
}

/// The message as a peer sees it.
fn parsed(envelope: &Envelope) -> Envelope {
    Envelope::parse(envelope.to_bytes(), &Limits::SOAP).expect("an envelope")
}

fn last(messages: &Mutex<Vec<(String, Envelope)>>) -> (String, String) {
    let messages = messages.lock().unwrap();
    let (action, message) = messages.last().expect("a message");
    (action.clone(), message.payload().map(infoset).unwrap_or_default())
}

impl<D: Dispatch> RequestChannel for Local<D> {
    fn message_version(&self) -> MessageVersion {
        MessageVersion::SOAP12_ADDRESSING10
    }

    fn request<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Result<Envelope, CallError>> {
        Box::pin(async move {
            let reply = self.exchange(request.action, request.message).await?;
            reply.ok_or_else(|| CallError::channel("no reply"))
        })
    }

    fn send_one_way<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(async move { self.exchange(request.action, request.message).await.map(drop) })
    }
}
