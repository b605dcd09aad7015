//! Plays captured exchanges through generated code: the service reads a request, hands the values to the client, which must
//! write the same request; it reads the captured reply, and the service must write that again. This file becomes the program
//! of the generated crate.
#![allow(dead_code, clippy::disallowed_methods)]

mod calculator;
mod kinds;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use waxwing::contract::{
    BoxFuture, CallError, Dispatch, OperationContext, OperationFault, Request, RequestChannel,
};
use waxwing::soap::{Addressing, Envelope, Fault, MessageVersion};
use waxwing::xml::{Element, Limits, Node};

/// The exchange that is played.
pub struct Replay(Mutex<Option<(Envelope, Option<Envelope>)>>);

pub static REPLAY: Replay = Replay(Mutex::new(None));

impl Replay {
    /// Compares what the client has written with what was captured.
    fn compare(&self, action: &str, message: &Envelope) -> Option<Envelope> {
        let playing = self.0.lock().unwrap();
        let (request, reply) = playing.as_ref().expect("an exchange");
        assert_eq!(action, action_of(request));
        same("request", message, request);
        reply.clone()
    }
}

impl RequestChannel for Replay {
    fn message_version(&self) -> MessageVersion {
        MessageVersion::SOAP12_ADDRESSING10
    }

    fn request<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Result<Envelope, CallError>> {
        Box::pin(async move {
            let reply = self.compare(request.action, &request.message);
            Ok(reply.expect("a reply"))
        })
    }

    fn send_one_way<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(async move {
            self.compare(request.action, &request.message);
            Ok(())
        })
    }
}

pub fn fault(error: CallError) -> OperationFault {
    match error {
        CallError::Fault(_) => OperationFault::new("a fault"),
        other => panic!("{other}"),
    }
}

fn action_of(message: &Envelope) -> String {
    Addressing::read(message).expect("addressing").action.unwrap_or_default()
}

/// Bodies and headers of the application are equal but for prefixes.
fn same(what: &str, found: &Envelope, expected: &Envelope) {
    let body = |message: &Envelope| message.payload().map(infoset).unwrap_or_default();
    assert_eq!(body(found), body(expected), "the body of a {what}");
    // That a header comes several times (`MessageHeaderArray`) is not in WSDL: WCF's importer, too, makes one of it.
    let headers = |message: &Envelope| {
        let mut all = BTreeMap::new();
        for header in message.headers().filter(|header| !header.namespace().contains("addressing")) {
            all.entry(header.local_name().to_owned()).or_insert_with(|| infoset(header));
        }
        all
    };
    assert_eq!(headers(found), headers(expected), "the headers of a {what}");
}

fn infoset(element: Element<'_>) -> String {
    let mut out = format!("<{{{}}}{}", element.namespace(), element.local_name());
    // Nor are `mustUnderstand` and `role`.
    let own = element.attributes().filter(|attribute| !attribute.name().namespace.contains("soap"));
    let mut attributes: Vec<String> = own
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
            Node::Element(child) => out.push_str(&infoset(child)),
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
    out
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future waits for something"),
    }
}

/// The exchanges of a folder: requests, and their replies where there are any.
fn exchanges(folder: &str) -> Vec<(Envelope, Option<Envelope>)> {
    let mut files = BTreeMap::new();
    for file in std::fs::read_dir(folder).expect("a folder") {
        let file = file.expect("a file");
        let text = std::fs::read(file.path()).expect("text");
        files.insert(file.file_name().into_string().expect("a name"), text);
    }
    let parse = |text: &Vec<u8>| Envelope::parse(text.clone(), &Limits::SOAP).expect("an envelope");
    let requests = files.iter().filter(|(name, _)| name.ends_with("-request"));
    let replies = |name: &str| files.get(&name.replace("-request", "-response"));
    let reply = |name: &str| replies(name).filter(|text| !text.is_empty()).map(parse);
    requests.map(|(name, request)| (parse(request), reply(name))).collect()
}

fn play(folder: &str, service: impl Dispatch) {
    let mut played = 0;
    for (request, reply) in exchanges(folder) {
        let action = action_of(&request);
        *REPLAY.0.lock().unwrap() = Some((request.clone(), reply.clone()));
        let context = OperationContext::new(&action);
        let answer = run(service.dispatch(&context, &action, &request));
        match (answer, reply) {
            (Ok(Some(answer)), Some(reply)) => {
                assert_eq!(answer.action, action_of(&reply));
                same(&action, &answer.envelope, &reply);
            }
            (Ok(None), None) => {}
            (Err(_), Some(reply)) if Fault::read(&reply).is_some() => {
                // The service's own answer, and once one of WCF: the message of `Raw` had no action to reply with.
                let action = action_of(&reply);
                let known = ["/EchoPartyMathFaultFault", "/dispatcher/fault"];
                assert!(known.iter().any(|known| action.ends_with(known)), "{action}");
            }
            (answer, reply) => panic!("{action}: {answer:?} for {reply:?}"),
        }
        played += 1;
    }
    assert!(played >= 4, "{folder}: {played} exchanges");
}

fn main() {
    play("kinds", kinds::KindsService::new(kinds::KindsServer));
    play("calculator", calculator::CalculatorService::new(calculator::CalculatorServer));
}
