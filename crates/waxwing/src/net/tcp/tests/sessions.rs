//! Sessions between our two ends.

use super::*;
use waxwing_session::TransportCause;

#[tokio::test]
async fn sessions_of_every_path_share_a_connection() {
    let (one, other) = (
        Endpoint::new(Does::Echo, LinkLimits::default()),
        Endpoint::new(Does::Echo, LinkLimits::default()),
    );
    let routes = vec![("calc", Arc::clone(&one), None), ("calc/more", Arc::clone(&other), None)];
    let host = Host::open(TcpLimits::default(), routes).await;
    let dialer = dialer();
    for path in ["calc", "CALC/below", "calc/More", "calc"] {
        call(&dialer, &host.via(path)).await.unwrap();
    }
    assert_eq!((one.callers().len(), other.callers().len()), (3, 1));
    let all: Vec<_> = one.callers().into_iter().chain(other.callers()).collect();
    assert!(all.iter().all(|about| about.peer == all[0].peer), "one connection: {all:?}");
    assert_eq!(one.callers()[1].via, host.via("CALC/below"));
    assert_eq!(one.ends(3).await, [Ok(1), Ok(1), Ok(1)]);
    let not_there = call(&dialer, &host.via("other")).await.unwrap_err();
    assert_eq!(not_there.cause, TransportCause::NotFound);
    assert!(not_there.reason.starts_with(&format!(
        "There was no endpoint listening at {} that could accept the message.",
        host.via("other")
    )));
}

#[tokio::test]
async fn a_connection_has_its_lease_and_its_place() {
    let limits = LinkLimits { max_idle: 1, ..LinkLimits::default() };
    let endpoint = Endpoint::new(Does::Echo, limits);
    let host = Host::of(&endpoint).await;
    let (idle, lease) = (Duration::from_secs(60), Duration::from_millis(300));
    let settings = TcpPoolSettings { max_idle: 2, idle_timeout: idle, lease_timeout: lease };
    let pool = TcpPool::new(settings);
    let dialer = TcpDialer::new(Arc::clone(&pool), None);
    call(&dialer, &host.via("calc")).await.unwrap();
    assert_eq!(pool.len(), 1);
    tokio::time::sleep(lease).await;
    call(&dialer, &host.via("calc")).await.unwrap();
    let callers = endpoint.callers();
    assert_ne!(callers[0].peer, callers[1].peer, "after its lease it is not used");

    // The service keeps one only, and closes the other: the client sees that, or tries and takes a new one.
    let first = dial(&dialer, &host.via("calc")).await.unwrap();
    let second = dial(&dialer, &host.via("calc")).await.unwrap();
    close(first).await.unwrap();
    close(second).await.unwrap();
    for _ in 0..3 {
        call(&dialer, &host.via("calc")).await.unwrap();
    }
    let none = TcpPoolSettings { max_idle: 0, ..settings };
    let pool = TcpPool::new(none);
    call(&TcpDialer::new(Arc::clone(&pool), None), &host.via("calc")).await.unwrap();
    assert_eq!(pool.len(), 0);
}

#[tokio::test]
async fn each_direction_ends_by_itself() {
    let endpoint = Endpoint::new(Does::CloseFirst, LinkLimits::default());
    let host = Host::of(&endpoint).await;
    let dialer = dialer();
    let mut link = dial(&dialer, &host.via("calc")).await.unwrap();
    assert_eq!(link.input.receive().await.unwrap(), None);
    for _ in 0..100 {
        link.output.send(Bytes::from_static(b"still here")).await.unwrap();
    }
    link.output.close().await.unwrap();
    assert_eq!(endpoint.ends(1).await, [Ok(100)]);
    call_of_closed(link).await;
}

async fn call_of_closed(mut link: Link) {
    let late = link.output.send(Bytes::from_static(b"late")).await.unwrap_err();
    assert_eq!(
        late.reason,
        "You cannot Send messages on a channel after CloseOutputSession has been called."
    );
    assert_eq!(link.input.receive().await.unwrap(), None);
}

#[tokio::test]
async fn large_messages_and_many_at_once() {
    let limits = LinkLimits { max_message: 1 << 20, ..LinkLimits::default() };
    let endpoint = Endpoint::new(Does::Echo, limits);
    let host = Host::of(&endpoint).await;
    let mut link = dial(&dialer(), &host.via("calc")).await.unwrap();
    for size in [0, 1, 127, 128, 65_530, 65_536, 200_000, 1 << 20] {
        let message = Bytes::from((0..size).map(|at: usize| at as u8).collect::<Vec<_>>());
        link.output.send(message.clone()).await.unwrap();
        assert_eq!(link.input.receive().await.unwrap(), Some(message), "{size}");
    }
    let many: Vec<_> = (0..50u8).map(|at| Bytes::from(vec![at; 3000])).collect();
    link.output.send_all(many.clone()).await.unwrap();
    for message in many {
        assert_eq!(link.input.receive().await.unwrap(), Some(message));
    }
    close(link).await.unwrap();
}

#[tokio::test]
async fn a_message_that_is_too_large_is_answered_with_a_fault() {
    let endpoint = Endpoint::new(Does::Echo, LinkLimits::default());
    let host = Host::of(&endpoint).await;
    let mut link = dial(&dialer(), &host.via("calc")).await.unwrap();
    exchange(&mut link, b"small").await.unwrap();
    link.output.send(Bytes::from(vec![0; 65_537])).await.unwrap();
    let failed = link.input.receive().await.unwrap_err();
    assert_eq!(failed.cause, TransportCause::RequestTooLarge);
    let text = "The maximum message size quota for incoming messages has been exceeded for the remote channel.";
    assert!(failed.reason.starts_with(text), "{}", failed.reason);
    let ended = endpoint.ends(1).await.remove(0).unwrap_err();
    assert_eq!(ended.cause, TransportCause::AnswerTooLarge);
    assert!(ended.reason.contains("(65536)"), "{}", ended.reason);
    // The client takes less.
    let small = dialer().dial(Dial::new(&host.via("calc"), BINARY, 100)).await;
    let mut link = small.unwrap();
    link.output.send(Bytes::from(vec![0; 101])).await.unwrap();
    assert_eq!(link.input.receive().await.unwrap_err().cause, TransportCause::AnswerTooLarge);
}

#[tokio::test]
async fn an_abort_is_seen_at_the_other_end() {
    let endpoint = Endpoint::new(Does::Echo, LinkLimits::default());
    let host = Host::of(&endpoint).await;
    let mut link = dial(&dialer(), &host.via("calc")).await.unwrap();
    exchange(&mut link, b"hello").await.unwrap();
    let Link { input, mut output, abort, .. } = link;
    let waiting = tokio::spawn(async move {
        let mut input = input;
        input.receive().await
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    abort.abort();
    assert_eq!(waiting.await.unwrap().unwrap_err().cause, TransportCause::Broken);
    assert!(output.send(Bytes::from_static(b"x")).await.is_err());
    // Not an end: the last that came was a whole message, and yet the connection was reset.
    let ended = endpoint.ends(1).await.remove(0).unwrap_err();
    assert_eq!(ended.cause, TransportCause::Broken);

    let aborts = Endpoint::new(Does::Abort, LinkLimits::default());
    let host = Host::of(&aborts).await;
    let mut link = dial(&dialer(), &host.via("calc")).await.unwrap();
    link.output.send(Bytes::from_static(b"x")).await.unwrap();
    assert_eq!(link.input.receive().await.unwrap_err().cause, TransportCause::Broken);
}

#[tokio::test]
async fn what_is_refused_is_said_in_wcf_s_words() {
    for (why, cause, words) in [
        (LinkRefusal::Busy, TransportCause::Busy, "is too busy to process this request."),
        (
            LinkRefusal::NotFound,
            TransportCause::NotFound,
            "is unavailable for the protocol of the address.",
        ),
    ] {
        let endpoint = Endpoint::new(Does::Refuse(why), LinkLimits::default());
        let host = Host::of(&endpoint).await;
        let refused = call(&dialer(), &host.via("calc")).await.unwrap_err();
        assert_eq!(refused.cause, cause);
        assert!(refused.reason.contains(words), "{}", refused.reason);
    }
    let endpoint = Endpoint::new(Does::Echo, LinkLimits::default());
    let host = Host::of(&endpoint).await;
    let via = host.via("calc");
    let text = dialer().dial(Dial::new(&via, "application/soap+xml; charset=utf-8", 100)).await;
    let text = text.unwrap_err();
    assert_eq!(text.cause, TransportCause::MediaType);
    assert!(
        text.reason
            .starts_with("Content Type application/soap+xml; charset=utf-8 was not supported")
    );
}

#[tokio::test]
async fn who_is_not_there() {
    let port = waxwing_testkit::ports::free_port().unwrap();
    let failed = call(&dialer(), &format!("net.tcp://127.0.0.1:{port}/calc")).await.unwrap_err();
    assert_eq!(failed.cause, TransportCause::Refused);
    assert!(failed.reason.contains("TCP error code 10061"), "{}", failed.reason);
    let failed = call(&dialer(), "net.tcp://nowhere.invalid/calc").await.unwrap_err();
    assert_eq!(failed.cause, TransportCause::UnknownHost);
    for (via, words) in [("http://h/calc", "begins with net.tcp://"), ("net.tcp:///calc", "")] {
        let failed = call(&dialer(), via).await.unwrap_err();
        assert_eq!(failed.cause, TransportCause::Address, "{via}");
        assert!(failed.reason.contains(words), "{}", failed.reason);
    }
}

#[tokio::test]
async fn a_host_that_closes_waits_for_its_links() {
    let endpoint = Endpoint::new(Does::Echo, LinkLimits::default());
    let mut host = Host::of(&endpoint).await;
    let dialer = dialer();
    call(&dialer, &host.via("calc")).await.unwrap();
    let mut link = dial(&dialer, &host.via("calc")).await.unwrap();
    let listening = host.listening.pop().unwrap();
    let closing = tokio::spawn(listening.shutdown(Duration::from_secs(20)));
    tokio::time::sleep(Duration::from_millis(100)).await;
    exchange(&mut link, b"still here").await.unwrap();
    close(link).await.unwrap();
    assert!(closing.await.unwrap(), "it ended by itself");
    assert!(call(&dialer, &host.via("calc")).await.is_err());

    let mut host = Host::of(&endpoint).await;
    let mut link = dial(&dialer, &host.via("calc")).await.unwrap();
    let listening = host.listening.pop().unwrap();
    assert!(!listening.shutdown(Duration::from_millis(100)).await);
    assert_eq!(link.input.receive().await.unwrap_err().cause, TransportCause::Broken);
}

/// A pooled connection on which a server answers with a fault is given up for a new one.
#[tokio::test]
async fn a_fault_on_a_kept_connection_is_no_answer() {
    let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = server.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        let mut octets = [0; 200];
        let (mut first, _) = server.accept().await.unwrap();
        let _ = first.read(&mut octets).await.unwrap();
        first.write_all(&[0x0b]).await.unwrap();
        let _ = first.read(&mut octets).await.unwrap();
        first.write_all(&[0x07]).await.unwrap();
        let _ = first.read(&mut octets).await.unwrap();
        let fault = waxwing_soap::framing::FaultCode::EndpointNotFound.uri();
        let fault = waxwing_soap::framing::Record::Fault(fault).to_octets();
        first.write_all(&fault).await.unwrap();
        let (mut second, _) = server.accept().await.unwrap();
        let _ = second.read(&mut octets).await.unwrap();
        second.write_all(&[0x0b, 0x07]).await.unwrap();
        let _ = second.read(&mut octets).await.unwrap();
        second
    });
    let (dialer, via) = (dialer(), format!("net.tcp://127.0.0.1:{port}/calc"));
    for _ in 0..2 {
        close(dial(&dialer, &via).await.unwrap()).await.unwrap();
    }
    serving.await.unwrap();
}
