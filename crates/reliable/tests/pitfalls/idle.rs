//! What an idle session holds.

use std::time::Duration;

use crate::harness::*;

/// At most 4 KiB for the state of the session, whatever it has done before.
#[test]
fn an_idle_session_is_small() {
    for version in BOTH {
        let mut client = Client::open(version, RequestReply, window(64), 20);
        let mut service = Service::open(version, RequestReply, window(64));
        for call in 1..=500 {
            client.call(call);
        }
        let mut answered = 0;
        while let Some((exchange, message, _)) = client.sent.pop_front() {
            answered += 1;
            let number = message.headers.sequence.as_ref().unwrap().number;
            let posted = service.post(message);
            service.done(number, Some(0));
            let answer = service.message(posted).clone();
            client.respond(exchange, answer);
        }
        assert_eq!((answered, client.completed().len()), (500, 500));
        // The next keep-alive acknowledges the replies.
        client.wait(Duration::from_secs(300));
        let (exchange, poll) = client.take();
        let answer = service.ask(poll);
        client.respond(exchange, answer);
        let (client, service) =
            (client.initiator.memory(), service.listener.session_memory(&forward()).unwrap());
        println!("{version:?}: {client} bytes (initiator), {service} bytes (responder)");
        assert!(client <= 4096 && service <= 4096, "{client} {service}");
    }
}
