//! What a trace shows of messages over connections.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use waxwing::trace::Trace;

use crate::common::*;
use crate::kit::*;

/// What was traced.
#[derive(Clone, Default)]
struct Pages(Arc<Mutex<Vec<u8>>>);

impl Write for Pages {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(octets);
        Ok(octets.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Pages {
    /// The messages, each with the line before it.
    fn messages(&self) -> Vec<(String, String)> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).expect("a trace is text");
        let strange = text.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(strange, None, "{text}");
        let messages = text.split("\n\n").filter_map(|message| message.split_once('\n'));
        messages.map(|(head, body)| (head.to_owned(), body.to_owned())).collect()
    }

    /// The one message with this action and these words in its head.
    fn message(&self, head: [&str; 2], action: &str) -> String {
        let messages = self.messages();
        let mut found = messages.iter().filter(|(own, body)| {
            head.iter().all(|word| own.contains(word)) && body.contains(action)
        });
        let one = found.next().unwrap_or_else(|| panic!("{head:?} {action}: {messages:#?}"));
        assert!(found.next().is_none(), "{head:?} {action} twice");
        one.1.clone()
    }
}

#[tokio::test]
async fn both_ends_show_what_comes_in_decrypted_and_binary_messages_as_text() {
    let kind = Kind::message(USER, true);
    let (of_service, of_client) = (Pages::default(), Pages::default());
    let service = Counting::default();
    let instances =
        waxwing::ServiceInstances::per_session(move || CalculatorService::new(service.clone()));
    let traced = builder(kind.binding()).trace(Trace::new(of_service.clone(), true));
    let host = traced.open(instances).await.unwrap_or_else(|error| panic!("{error}"));
    let channel = factory(kind.binding(), &host)
        .trace(Trace::new(of_client.clone(), true))
        .open_channel()
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(CalculatorClient::new(&channel).add(4096.5, 1.0).await.unwrap(), 4097.5);
    channel.close().await.unwrap();
    assert!(host.close().await);

    let (request, reply) = ("ICalculator/Add<", "ICalculator/AddResponse<");
    for (pages, sent, received) in [(&of_client, request, reply), (&of_service, reply, request)] {
        for (way, action) in [("-->", sent), ("<--", received)] {
            let value = if action == request { "4096.5" } else { "4097.5" };
            let plain = pages.message([way, "without security"], action);
            assert!(plain.contains(value), "{plain}");
            let wire = pages.message([way, "on the wire"], action);
            assert!(wire.contains("CipherValue") && !wire.contains(value), "{wire}");
        }
        let binary = pages.messages().into_iter().filter(|(head, _)| head.contains("on the wire"));
        for (head, body) in binary {
            assert!(head.ends_with("bytes, shown as text)") && body.starts_with('<'), "{head}");
        }
    }
}

/// A trace without decrypted messages has no secrets.
#[tokio::test]
async fn a_trace_of_the_wire_alone_shows_nothing_that_was_protected() {
    let kind = Kind::message(USER, true);
    let (host, _) = host(kind.binding()).await;
    let pages = Pages::default();
    let traced = factory(kind.binding(), &host).trace(Trace::new(pages.clone(), false));
    let channel = traced.open_channel().await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(CalculatorClient::new(&channel).add(4096.5, 1.0).await.unwrap(), 4097.5);
    channel.close().await.unwrap();
    assert!(host.close().await);
    assert!(pages.messages().len() > 4);
    for (head, body) in pages.messages() {
        assert!(!head.contains("without security"), "{head}");
        for secret in ["4096.5", "4097.5", "secret"] {
            assert!(!body.contains(secret), "{head}: {body}");
        }
    }
}
