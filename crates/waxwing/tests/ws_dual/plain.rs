//! Without security.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use waxwing::binding::{ReliableSession, TimeSpan};
use waxwing_testkit::http::{HttpClient, HttpReply, HttpServer};
use waxwing_testkit::lossy_link::{Loss, LossyLink};
use waxwing_testkit::ports::free_port;

use crate::kit::{ChatClient, Ear, Room, factory, hosted, hosted_at, plain};

#[tokio::test]
async fn calls_one_way_calls_and_callbacks() {
    let (room, ear) = (Room::default(), Ear::default());
    let (host, address) = hosted(plain(), &room).await;
    let channel = factory(plain(), &address, &ear).open_channel().await.unwrap();
    let client = ChatClient::new(&channel);
    assert_eq!(client.echo("one".to_owned()).await.unwrap(), "one");
    client.note("note".to_owned()).await.unwrap();
    assert_eq!(ear.has_heard(1).await, ["note"]);
    assert_eq!(client.ask(3).await.unwrap(), "0;1;2;");
    client.tell("told".to_owned()).await.unwrap();
    assert_eq!(ear.has_heard(2).await[1], "told");
    let fault = client.echo("fail".to_owned()).await.unwrap_err().to_string();
    assert!(fault.contains("as you wish"), "{fault}");
    let kept = room.last.lock().unwrap().take().unwrap();
    kept.heard("later".to_owned()).await.unwrap();
    assert_eq!(ear.has_heard(3).await[2], "later");
    channel.close().await.unwrap();
    let error = kept.heard("too late".to_owned()).await.unwrap_err().to_string();
    assert!(error.contains("cannot be called any more"), "{error}");
    assert!(host.close().await);
}

/// Two channels of a factory have one address: which one a message is for, `ChannelInstance` says. Another factory has an
/// address of its own at the same port.
#[tokio::test]
async fn channels_share_a_port_and_an_address() {
    let room = Room::default();
    let (host, address) = hosted(plain(), &room).await;
    let port = free_port().unwrap();
    let base = format!("http://127.0.0.1:{port}/callbacks/");
    let (ear, other_ear) = (Ear::default(), Ear::default());
    let of = |ear| factory(plain().client_base_address(base.clone()), &address, ear);
    let (one, other) = (of(&ear), of(&other_ear));
    let channels = [
        one.open_channel().await.unwrap(),
        one.open_channel().await.unwrap(),
        other.open_channel().await.unwrap(),
    ];
    for (number, channel) in channels.iter().enumerate() {
        let client = ChatClient::new(channel);
        assert_eq!(client.ask(2).await.unwrap(), "0;1;");
        client.note(format!("of {number}")).await.unwrap();
    }
    let mut heard = ear.has_heard(2).await;
    heard.sort();
    assert_eq!(heard, ["of 0", "of 1"]);
    assert_eq!(other_ear.has_heard(1).await, ["of 2"]);
    for channel in channels {
        channel.close().await.unwrap();
    }
    drop((one, other));
    assert!(host.close().await);
    // Nobody listens there any more.
    let taken = async {
        while tokio::net::TcpListener::bind(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), taken).await.expect("the port is free again");
}

/// Single POSTs are lost in both directions: requests that never arrive, answers (202) that never come back.
#[tokio::test]
async fn what_is_lost_comes_again() {
    let (room, ear) = (Room::default(), Ear::default());
    let client_port = free_port().unwrap();
    let loss = Loss { requests: 0.2, responses: 0.1, seed: 11 };
    let client_at = SocketAddr::from(([127, 0, 0, 1], client_port));
    // The service sends what it says to the client through a proxy, which loses some of it.
    let back = LossyLink::start(client_at, loss).await.unwrap();
    let mut of_service = plain().proxy_address(format!("http://{}", back.local_addr()));
    of_service.http.use_default_web_proxy = false;
    let (host, address) = hosted(of_service, &room).await;
    let there = LossyLink::start(host.local_addresses()[0], loss).await.unwrap();
    let base = format!("http://127.0.0.1:{client_port}/callbacks");
    let factory = factory(plain().client_base_address(base), &address, &ear)
        .via(format!("http://{}/chat", there.local_addr()));
    let channel = factory.open_channel().await.unwrap();
    let client = ChatClient::new(&channel);
    let mut said = Vec::new();
    for number in 0..5 {
        client.note(number.to_string()).await.unwrap();
        said.push(number.to_string());
        let text = format!("echo {number}");
        assert_eq!(client.echo(text.clone()).await.unwrap(), text);
    }
    assert_eq!(client.ask(2).await.unwrap(), "0;1;");
    assert_eq!(*room.noted.lock().unwrap(), said, "once each, in order");
    assert_eq!(ear.has_heard(5).await, said, "once each, in order");
    channel.close().await.unwrap();
    assert!(host.close().await);
    let (there, back) = (there.counts(), back.counts());
    assert!(there.lost_requests > 0 && there.lost_responses > 0, "{there:?}");
    assert!(back.lost_requests > 0 && back.lost_responses > 0, "{back:?}");
}

/// A client that goes away without a word: the service finds out when it has waited long enough.
#[tokio::test]
async fn a_client_that_is_gone_is_given_up() {
    let (room, ear) = (Room::default(), Ear::default());
    let patient = |seconds| {
        let session = ReliableSession::default().inactivity_timeout(TimeSpan::seconds(seconds));
        plain().reliable_session(session)
    };
    let (host, address) = hosted(patient(2), &room).await;
    let factory = factory(patient(600), &address, &ear);
    let channel = factory.open_channel().await.unwrap();
    let client = ChatClient::new(&channel);
    client.tell("here".to_owned()).await.unwrap();
    let kept = room.last.lock().unwrap().take().unwrap();
    drop(channel);
    drop(factory);
    let gone = async {
        loop {
            if let Err(error) = kept.heard("are you there?".to_owned()).await {
                return error.to_string();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let error = tokio::time::timeout(Duration::from_secs(30), gone).await.unwrap();
    assert!(error.contains("called any more") || error.contains("InactivityTimeout"), "{error}");
    assert!(host.close().await);
}

/// A service that is stopped without a word and started again knows its clients' sessions no more. It can say so where a message names
/// who is to hear it, which calls do and replies to callbacks do not (as in WCF): with the next call all that waits at the client ends
/// in words, and a new channel works.
#[tokio::test]
async fn a_service_that_is_started_again_does_not_know_the_session() {
    let port = free_port().unwrap();
    let at = format!("http://127.0.0.1:{port}/chat");
    let room = Room::default();
    let ear = Ear { answers: Some(Arc::new(Semaphore::new(0))), ..Ear::default() };
    let (host, address) = hosted_at(plain(), &room, &at).await;
    let channel = factory(plain(), &address, &ear).open_channel().await.unwrap();
    let pending = tokio::spawn({
        let client = ChatClient::new(channel.clone());
        async move { client.ask(1).await.map_err(|error| error.to_string()) }
    });
    assert_eq!(ear.has_heard(1).await, ["asked 0"]);
    drop(host);
    let (host, _) = listening_again(&room, &at).await;
    let error = ChatClient::new(&channel).echo("again".to_owned()).await.unwrap_err().to_string();
    assert!(error.contains("does not know the reliable session"), "{error}");
    let error = pending.await.unwrap().expect_err("the service that executes it is gone");
    assert!(error.contains("does not know the reliable session"), "{error}");
    // The reply to the callback belongs to a session of the service that was.
    ear.answers.as_ref().unwrap().add_permits(1);
    let next = factory(plain(), &address, &ear).open_channel().await.unwrap();
    assert_eq!(ChatClient::new(&next).echo("new".to_owned()).await.unwrap(), "new");
    next.close().await.unwrap();
    assert!(host.close().await);
}

/// Listens where another has just stopped.
async fn listening_again(room: &Room, at: &str) -> (waxwing::ServiceHost, String) {
    let port = waxwing::binding::Address::of(at).port().unwrap();
    let free = async {
        while tokio::net::TcpListener::bind(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), free).await.expect("the port is free again");
    hosted_at(plain(), room, at).await
}

#[tokio::test]
async fn where_the_client_cannot_listen_it_is_told_what_to_do() {
    let room = Room::default();
    let (host, address) = hosted(plain(), &room).await;
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/callbacks", taken.local_addr().unwrap());
    let open = |base: &str| {
        let factory =
            factory(plain().client_base_address(base.to_owned()), &address, &Ear::default());
        async move { factory.open_channel().await.map(drop).unwrap_err().to_string() }
    };
    let error = open(&base).await;
    assert!(error.contains("used by another application"), "{error}");
    assert!(error.contains("clientBaseAddress") && error.contains(&base), "{error}");
    // One code, as of every error.
    assert_eq!(error.matches(" [").count(), 1, "{error}");
    assert!(error.ends_with("[client-base-address]"), "{error}");
    let error = open("http://no-such-host.invalid:8001/callbacks").await;
    assert!(error.contains("[client-base-address]"), "{error}");
    assert!(host.close().await);
}

/// Nothing listens at the service's address: told at once, as other channels do.
#[tokio::test]
async fn a_service_that_is_not_there_is_told_at_once() {
    let address = format!("http://127.0.0.1:{}/chat", free_port().unwrap());
    let began = std::time::Instant::now();
    let error = factory(plain(), &address, &Ear::default()).open_channel().await.map(drop);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("refused"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

/// A service that answers in the response has another binding.
#[tokio::test]
async fn an_answer_in_the_response_is_a_mismatch() {
    let answer = |_| async {
        HttpReply::Message {
            status: http::StatusCode::OK,
            content_type: "application/soap+xml; charset=utf-8".to_owned(),
            body: "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body/></s:Envelope>".into(),
        }
    };
    let service = HttpServer::start(answer).await.unwrap();
    let address = format!("http://{}/chat", service.local_addr());
    let error = factory(plain(), &address, &Ear::default()).open_channel().await.map(drop);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("A response was received from a one-way send"), "{error}");
}

/// Who posts to a client what is not for it: nothing is heard of it, and the session goes on.
#[tokio::test]
async fn strangers_at_the_clients_address() {
    let (room, ear) = (Room::default(), Ear::default());
    let (host, address) = hosted(plain(), &room).await;
    let port = free_port().unwrap();
    let base = format!("http://127.0.0.1:{port}/callbacks");
    let channel =
        factory(plain().client_base_address(base.clone()), &address, &ear).open_channel().await;
    let channel = channel.unwrap();
    let http = HttpClient::new();
    let soap = "application/soap+xml; charset=utf-8";
    let envelope =
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body/></s:Envelope>";
    let unknown = http.post(&format!("{base}/elsewhere"), soap, envelope).await.unwrap();
    assert_eq!(unknown.status, 404, "nobody listens at a path that was not given out");
    let client = ChatClient::new(&channel);
    assert_eq!(client.ask(1).await.unwrap(), "0;");
    channel.close().await.unwrap();
    assert!(host.close().await);
}

/// Who names no address where he can be answered gets no session, and 202 as everybody does.
#[tokio::test]
async fn without_an_address_there_is_no_session() {
    let room = Room::default();
    let (host, address) = hosted(plain(), &room).await;
    let http = HttpClient::new();
    let soap = "application/soap+xml; charset=utf-8";
    for reply_to in
        ["http://www.w3.org/2005/08/addressing/anonymous", "https://127.0.0.1/x", "urn:x"]
    {
        let answer = http.post(&address, soap, create_sequence(&address, reply_to)).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.body.len()), (202, 0), "{reply_to}");
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(host.statistics().sessions, 0);
    assert_eq!(http.post(&address, soap, "<no").await.unwrap().status, 400);
    assert_eq!(http.post(&address, "text/plain", "x").await.unwrap().status, 415);
    assert!(host.close().await);
}

fn create_sequence(to: &str, reply_to: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:a=\"http://www.w3.org/2005/08/addressing\"><s:Header>\
         <a:Action s:mustUnderstand=\"1\">http://schemas.xmlsoap.org/ws/2005/02/rm/CreateSequence</a:Action>\
         <a:MessageID>urn:uuid:c8718533-3d8f-4c35-b159-fc0d89210438</a:MessageID><a:ReplyTo><a:Address>{reply_to}</a:Address></a:ReplyTo>\
         <a:To s:mustUnderstand=\"1\">{to}</a:To></s:Header><s:Body>\
         <CreateSequence xmlns=\"http://schemas.xmlsoap.org/ws/2005/02/rm\"><AcksTo><a:Address>{reply_to}</a:Address></AcksTo>\
         <Offer><Identifier>urn:uuid:fafc6404-16b9-4d10-8c3f-9fdc25035b4b</Identifier></Offer></CreateSequence></s:Body></s:Envelope>"
    )
}
