//! Who speaks otherwise, too slowly, or not at all.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use waxwing_session::TransportCause;

use super::*;

const SILENCE: Duration = Duration::from_millis(400);

fn streams(scenario: &str) -> serde_json::Map<String, serde_json::Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/wcf-tcp");
    let file = std::fs::File::open(format!("{folder}/{scenario}.json.gz")).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    json["streams"].as_object().unwrap().clone()
}

/// What was sent to WCF's service by hand is answered octet for octet as it answered.
#[tokio::test]
async fn captured_preambles_are_answered_as_wcf_does() {
    let limits = LinkLimits { max_message: 16 << 20, ..LinkLimits::default() };
    let endpoint = Endpoint::new(Does::Abort, limits);
    let host = Host::of(&endpoint).await;
    let streams = streams("tcp-raw-preamble-faults");
    let mut whole = 0;
    for (name, sent) in streams.iter().filter(|(name, _)| name.ends_with("client")) {
        let decode = |value: &serde_json::Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
        let known = streams.get(&name.replace("client", "server")).map(decode).unwrap_or_default();
        let mut stream = host.raw().await;
        write(&mut stream, &decode(sent)).await;
        let (came, _) = everything(&mut stream, SILENCE).await;
        // A reset may take away what stood before it.
        assert!(known.starts_with(&came), "{name}: {came:?} is not {known:?}");
        assert!(came == known || !known.contains(&8), "{name}: a fault is read");
        whole += usize::from(came == known);
    }
    assert!(whole >= 20, "{whole} answers are the same");
}

#[tokio::test]
async fn who_does_not_go_on_is_let_go() {
    let limits =
        LinkLimits { initialization_timeout: Duration::from_millis(300), ..LinkLimits::default() };
    let endpoint = Endpoint::new(Does::Echo, limits);
    let host = Host::of(&endpoint).await;
    let via = host.via("calc");
    let whole = preamble(&via);
    // Nothing, a part, and one octet after the other.
    for sent in [0, 1, 20, whole.len() - 1] {
        let mut stream = host.raw().await;
        write(&mut stream, &whole[..sent]).await;
        let (came, has_ended) = everything(&mut stream, Duration::from_secs(5)).await;
        assert!(came.is_empty() && has_ended, "{sent}");
    }
    let mut stream = host.raw().await;
    let slowly = async {
        for octet in &whole {
            if stream.write_all(&[*octet]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    };
    slowly.await;
    let (came, has_ended) = everything(&mut stream, Duration::from_secs(5)).await;
    assert!(came.is_empty() && has_ended);
    assert!(endpoint.callers().is_empty());
}

#[tokio::test]
async fn a_message_that_comes_too_slowly_ends_its_link() {
    let endpoint = Endpoint::new(Does::Echo, LinkLimits::default());
    let mut limits = TcpLimits::default();
    (limits.grace, limits.min_rate) = (Duration::from_millis(300), 100_000);
    let host = Host::open(limits, vec![("calc", Arc::clone(&endpoint), None)]).await;
    let mut stream = host.raw().await;
    write(&mut stream, &preamble(&host.via("calc"))).await;
    let mut ack = [0];
    stream.read_exact(&mut ack).await.unwrap();
    assert_eq!(ack, [0x0b]);
    write(&mut stream, &[0x06, 0xe8, 0x07, 1, 2, 3]).await;
    let (_, has_ended) = everything(&mut stream, Duration::from_secs(10)).await;
    assert!(has_ended);
    assert_eq!(endpoint.ends(1).await[0].clone().unwrap_err().cause, TransportCause::Broken);
    // A link that says nothing stays.
    let link = dial(&dialer(), &host.via("calc")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    close(link).await.unwrap();
}

/// A connection for one message in pieces, which is open.
async fn streamed(host: &Host) -> TcpStream {
    let mut stream = host.raw().await;
    let mut preamble = preamble(&host.via("calc"));
    // Mode singleton (MC-NMF §2.2.3.2).
    preamble[4] = 0x01;
    write(&mut stream, &preamble).await;
    let mut ack = [0];
    stream.read_exact(&mut ack).await.unwrap();
    assert_eq!(ack, [0x0b]);
    stream
}

/// Each piece is whole, and together they are too slow.
#[tokio::test]
async fn a_stream_that_trickles_ends_its_link() {
    let endpoint = Endpoint::new(Does::Stream(Duration::ZERO), LinkLimits::default());
    let mut limits = TcpLimits::default();
    (limits.grace, limits.min_rate) = (Duration::from_millis(300), 100_000);
    let host = Host::open(limits, vec![("calc", Arc::clone(&endpoint), None)]).await;
    let mut stream = streamed(&host).await;
    write(&mut stream, &[0x05]).await;
    let trickling = async {
        while stream.write_all(&[0x01, 7]).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), trickling).await.expect("it is ended");
    assert_eq!(endpoint.ends(1).await[0].clone().unwrap_err().cause, TransportCause::Broken);
}

/// The time in which nobody reads is not the peer's.
#[tokio::test]
async fn a_stream_whose_reader_is_slow_goes_on() {
    let endpoint = Endpoint::new(Does::Stream(Duration::from_millis(400)), LinkLimits::default());
    let mut limits = TcpLimits::default();
    (limits.grace, limits.min_rate) = (Duration::from_millis(300), 1_000_000);
    let host = Host::open(limits, vec![("calc", Arc::clone(&endpoint), None)]).await;
    let mut stream = streamed(&host).await;
    // Of 8 KiB each, which are handed out one by one.
    let piece = [&[0x80, 0x40][..], &[7; 8192]].concat();
    let pieces = [&[0x05][..], &piece.repeat(5), &[0x00, 0x07]].concat();
    write(&mut stream, &pieces).await;
    assert_eq!(endpoint.ends(1).await[0].clone().unwrap(), 5);
    // The connection is used again.
    let (came, _) = everything(&mut stream, Duration::from_millis(300)).await;
    assert_eq!(came, [0x07]);
    // What is larger than it may be is told, piece by piece or not.
    let mut stream = streamed(&host).await;
    write(&mut stream, &[0x05, 0x81, 0x80, 0x80, 0x01]).await;
    let (came, _) = everything(&mut stream, Duration::from_secs(5)).await;
    assert_eq!(came.first(), Some(&0x08), "a fault");
}

/// Who sends pieces of one octet does not have each of them held by itself.
#[tokio::test]
async fn small_pieces_are_put_together() {
    let endpoint = Endpoint::new(Does::Stream(Duration::ZERO), LinkLimits::default());
    let host = Host::of(&endpoint).await;
    let mut stream = streamed(&host).await;
    let pieces = [&[0x05][..], &[0x01, 7].repeat(4000), &[0x00, 0x07]].concat();
    write(&mut stream, &pieces).await;
    let pieces = endpoint.ends(1).await[0].clone().unwrap();
    assert!((1..400).contains(&pieces), "{pieces} pieces");
    // What comes behind them is seen all the same, be it right or wrong.
    let (came, _) = everything(&mut stream, Duration::from_millis(300)).await;
    assert_eq!(came, [0x07]);
    let mut stream = streamed(&host).await;
    write(&mut stream, &[0x05, 0x01, 7, 0x01, 7, 0x81, 0x80, 0x80, 0x01]).await;
    let (came, _) = everything(&mut stream, Duration::from_secs(5)).await;
    assert_eq!(came.first(), Some(&0x08), "a fault");
}

/// All of a message has come, but not the word that it was all.
#[tokio::test]
async fn who_does_not_end_a_stream_is_let_go() {
    let endpoint = Endpoint::new(Does::Stream(Duration::ZERO), LinkLimits::default());
    let mut limits = TcpLimits::default();
    (limits.grace, limits.min_rate) = (Duration::from_millis(300), 100_000);
    let host = Host::open(limits, vec![("calc", Arc::clone(&endpoint), None)]).await;
    let mut stream = streamed(&host).await;
    write(&mut stream, &[0x05, 0x01, 7, 0x00]).await;
    let (_, has_ended) = everything(&mut stream, Duration::from_secs(20)).await;
    assert!(has_ended);
    assert_eq!(endpoint.ends(1).await[0].clone().unwrap_err().cause, TransportCause::Broken);
}

/// Connections that were opened for a message of which nothing has come make way before sessions, which may be silent.
#[tokio::test]
async fn who_opens_for_a_message_and_is_silent_goes_before_sessions() {
    let sessions = Endpoint::new(Does::Echo, LinkLimits::default());
    let streams = Endpoint::new(Does::Stream(Duration::ZERO), LinkLimits::default());
    let of_host = TcpLimits { max_connections: 4, ..TcpLimits::default() };
    let routes = vec![("chat", Arc::clone(&sessions), None), ("calc", Arc::clone(&streams), None)];
    let host = Host::open(of_host, routes).await;
    let (dialer, via) = (dialer(), host.via("chat"));
    let mut links = Vec::new();
    for _ in 0..3 {
        links.push(dial(&dialer, &via).await.unwrap());
    }
    let _silent = streamed(&host).await;
    let called = tokio::time::timeout(Duration::from_secs(20), call(&dialer, &via));
    called.await.expect("somebody made way").unwrap();
    assert!(streams.ends(1).await[0].is_err(), "that was the silent one");
    for mut link in links {
        exchange(&mut link, b"still here").await.unwrap();
    }
}

/// WCF's client writes all of a message before it reads: it is to read that it was too large.
#[tokio::test]
async fn who_sends_too_much_can_read_so() {
    let too_large =
        b"http://schemas.microsoft.com/ws/2006/05/framing/faults/MaxMessageSizeExceededFault";
    let fault = [&[0x08, u8::try_from(too_large.len()).unwrap()][..], too_large].concat();
    let sized = Endpoint::new(Does::Echo, LinkLimits::default());
    let host = Host::of(&sized).await;
    let mut stream = host.raw().await;
    write(&mut stream, &preamble(&host.via("calc"))).await;
    stream.read_exact(&mut [0]).await.unwrap();
    // A size of 20 MB, and as much.
    write(&mut stream, &[0x06, 0x80, 0xda, 0xc4, 0x09]).await;
    let piece = vec![7; 100_000];
    for _ in 0..200 {
        write(&mut stream, &piece).await;
    }
    let (came, has_ended) = everything(&mut stream, Duration::from_secs(20)).await;
    assert!(came == fault && has_ended, "{came:?}");
    // The same in chunks, of which the first is within what there may be.
    let in_chunks = Endpoint::new(Does::Stream(Duration::ZERO), LinkLimits::default());
    let host = Host::of(&in_chunks).await;
    let mut stream = streamed(&host).await;
    write(&mut stream, &[0x05]).await;
    for _ in 0..200 {
        write(&mut stream, &[&[0xa0, 0x8d, 0x06][..], &piece].concat()).await;
    }
    let (came, has_ended) = everything(&mut stream, Duration::from_secs(20)).await;
    assert!(came == fault && has_ended, "{came:?}");
}

/// WCF's service says why, reads no more than 64 KiB, and breaks the connection: the client is told what was said, though its half
/// that sends sees the end first.
#[tokio::test]
async fn what_a_service_says_before_it_breaks_the_connection_is_heard() {
    let fault =
        b"http://schemas.microsoft.com/ws/2006/05/framing/faults/MaxMessageSizeExceededFault";
    let fault = [&[0x08, u8::try_from(fault.len()).unwrap()][..], fault].concat();
    let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let via = format!("net.tcp://127.0.0.1:{}/calc", server.local_addr().unwrap().port());
    let serving = tokio::spawn(async move {
        loop {
            let (mut stream, _) = server.accept().await.unwrap();
            let mut octets = [0; 200];
            let _ = stream.read(&mut octets).await.unwrap();
            stream.write_all(&[0x0b]).await.unwrap();
            stream.read_exact(&mut octets).await.unwrap();
            stream.write_all(&fault).await.unwrap();
            stream.set_zero_linger().unwrap();
        }
    });
    for _ in 0..3 {
        let Link { mut output, mut input, .. } = dial(&dialer(), &via).await.unwrap();
        let sending = async {
            let message = Bytes::from(vec![7; 20 << 20]);
            output.send(message).await.unwrap_err()
        };
        // Nobody reads before the sender has seen the end. No time passes meanwhile: there is always something to do.
        let receiving = async {
            for _ in 0..20_000 {
                tokio::task::yield_now().await;
            }
            input.receive().await
        };
        tokio::time::pause();
        let (sent, received) = tokio::join!(sending, receiving);
        tokio::time::resume();
        for failed in [sent, received.unwrap_err()] {
            assert_eq!(failed.cause, TransportCause::RequestTooLarge, "{failed:?}");
        }
    }
    serving.abort();
}

#[tokio::test]
async fn many_who_say_nothing_keep_nobody_out() {
    let limits = LinkLimits { max_pending: 4, ..LinkLimits::default() };
    let endpoint = Endpoint::new(Does::Echo, limits);
    let host = Host::of(&endpoint).await;
    let mut silent = Vec::new();
    for _ in 0..12 {
        silent.push(host.raw().await);
    }
    let (dialer, via) = (dialer(), host.via("calc"));
    let called = tokio::time::timeout(Duration::from_secs(20), call(&dialer, &via));
    called.await.expect("somebody made way").unwrap();
}

/// A thousand connections on which nothing is said, or a little: no more than their share are held, and others are served all the
/// while.
#[tokio::test]
async fn a_crowd_that_says_nothing_is_held_to_its_places() {
    let limits = LinkLimits { max_pending: 16, backlog: 64, ..LinkLimits::default() };
    let endpoint = Endpoint::new(Does::Echo, limits);
    let of_host = TcpLimits { max_connections: 64, ..TcpLimits::default() };
    let host = Host::open(of_host, vec![("calc", Arc::clone(&endpoint), None)]).await;
    let (dialer, via) = (dialer(), host.via("calc"));
    let whole = preamble(&via);
    let mut crowd = Vec::new();
    for number in 0..1000 {
        let connect = tokio::time::timeout(Duration::from_secs(20), host.raw());
        let mut stream = connect.await.expect("it is accepted, or refused");
        let _ = stream.write_all(&whole[..number % 20]).await;
        crowd.push(stream);
        if number % 250 == 249 {
            let called = tokio::time::timeout(Duration::from_secs(20), call(&dialer, &via));
            called.await.expect("somebody made way").unwrap();
        }
    }
    // Those that were let go see the end.
    let mut held = 0;
    for stream in &mut crowd {
        let (_, has_ended) = everything(stream, Duration::from_millis(1)).await;
        held += usize::from(!has_ended);
    }
    assert!(held <= 64 + 128, "{held} of the crowd are held");
    assert_eq!(endpoint.callers().len(), 4);
}

#[tokio::test]
async fn octets_that_come_early_are_not_lost() {
    let endpoint = Endpoint::new(Does::Echo, LinkLimits::default());
    let host = Host::of(&endpoint).await;
    let mut stream = host.raw().await;
    let session = [preamble(&host.via("calc")), vec![0x06, 0x02, b'h', b'i', 0x07]].concat();
    // Two sessions, all of both in one write.
    write(&mut stream, &[session.clone(), session].concat()).await;
    let (came, _) = everything(&mut stream, SILENCE).await;
    assert_eq!(came, b"\x0b\x06\x02hi\x07\x0b\x06\x02hi\x07");
}

#[tokio::test]
async fn an_end_without_a_word() {
    let endpoint = Endpoint::new(Does::Echo, LinkLimits::default());
    let host = Host::of(&endpoint).await;
    for (sent, is_good) in [
        (&[0x06, 0x01, b'x'][..], true),
        (&[], false),
        (&[0x06, 0x02, b'x'], false),
        (&[0x0b], false),
    ] {
        let before = endpoint.ends(0).await.len();
        let mut stream = host.raw().await;
        write(&mut stream, &[&preamble(&host.via("calc")), sent].concat()).await;
        stream.shutdown().await.unwrap();
        let ended = endpoint.ends(before + 1).await.pop().unwrap();
        assert_eq!(ended.is_ok(), is_good, "{sent:?}: {ended:?}");
    }
}

/// What answers is no service of this kind.
#[tokio::test]
async fn strange_servers_are_named() {
    for (answer, cause, words) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], TransportCause::Framing, "an HTTP endpoint"),
        (b"220 mail ESMTP\r\n", TransportCause::Framing, "does not support .Net Framing"),
        (b"", TransportCause::Framing, "rejected the session-establishment request."),
        (
            b"\x0b\x0a",
            TransportCause::Framing,
            "Expected record type 'SizedEnvelope', found 'UpgradeResponse'.",
        ),
        (b"\x0b\x06\xff\xff\xff\xff\x07", TransportCause::AnswerTooLarge, "(1048576)"),
        (b"\x0b\x06\x05ab", TransportCause::Broken, "More data was expected, but EOF was reached."),
    ] {
        let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = server.local_addr().unwrap().port();
        let serving = tokio::spawn(async move {
            let (mut stream, _) = server.accept().await.unwrap();
            let mut octets = [0; 200];
            let _ = stream.read(&mut octets).await.unwrap();
            stream.write_all(answer).await.unwrap();
            stream.shutdown().await.unwrap();
            let _ = everything(&mut stream, Duration::from_secs(5)).await;
        });
        let dialer = dialer();
        let failed = match dial(&dialer, &format!("net.tcp://127.0.0.1:{port}/calc")).await {
            Ok(mut link) => link.input.receive().await.unwrap_err(),
            Err(failed) => failed,
        };
        assert_eq!(failed.cause, cause, "{failed:?}");
        assert!(failed.reason.contains(words), "{failed:?}");
        serving.await.unwrap();
    }
}
