//! Both roles against captured connections: what a server answers to each preamble, and what a client makes of each answer.

use waxwing_soap::framing::{
    ClientFraming, ClientStep, FramingLimits, Mode, Record, RecordDecoder, Refusal, ServerFraming,
    ServerStep, UPGRADE_TLS, content_type_of_encoding,
};

use crate::captured::generous;
use crate::flows::Flow;

const BINARY: &str = "application/soap+msbinsession1";

/// The service of the captures that were made by hand: one endpoint, `/calc`, without an upgrade or with TLS. Gives what it
/// answers, without envelopes.
fn answers(octets: &[u8], upgrade: Option<&str>) -> (Vec<u8>, Option<Refusal>) {
    // The service of that capture takes 16 MiB; ours refuses a via of 3,000 octets as WCF's does.
    let limits = FramingLimits::default().with_envelope(16 << 20);
    let (mut server, mut left, mut out) = (ServerFraming::new(limits), octets, Vec::new());
    let mut upgraded = false;
    loop {
        let refusal = match server.read(&mut left) {
            Err(error) => Refusal::of(&error),
            Ok(None) => return (out, None),
            Ok(Some(step)) => match step {
                ServerStep::Via { mode, .. } if mode != Mode::Duplex => Refusal::mode(mode),
                ServerStep::Via { via, .. } => {
                    let path = via.split('/').nth(3).unwrap_or_default();
                    if path.eq_ignore_ascii_case("calc") {
                        continue;
                    }
                    Refusal::not_found(&via)
                }
                ServerStep::ContentType(found) if found != BINARY => {
                    Refusal::content_type(&found, BINARY)
                }
                ServerStep::Upgrade(asked) => {
                    if Some(asked.as_str()) == upgrade {
                        Record::UpgradeResponse.write(&mut out);
                        upgraded = true;
                        continue;
                    }
                    Refusal::upgrade(&asked, upgrade)
                }
                ServerStep::PreambleEnd if upgrade.is_some() && !upgraded => {
                    Refusal::upgrade_missing("net.tcp://h/calc")
                }
                ServerStep::PreambleEnd => {
                    Record::PreambleAck.write(&mut out);
                    continue;
                }
                ServerStep::End => {
                    Record::End.write(&mut out);
                    return (out, None);
                }
                _ => continue,
            },
        };
        out.extend(refusal.to_octets());
        return (out, Some(refusal));
    }
}

#[test]
fn hand_made_preambles_are_answered_as_wcf_does() {
    for (flow, upgrade) in [("tcp-raw-preamble-faults", None), ("tcp-tls-raw", Some(UPGRADE_TLS))] {
        let flow = Flow::of(flow);
        let clients = flow.streams().into_iter().filter(|name| name.ends_with("client"));
        let mut compared = 0;
        for name in clients {
            let sent = flow.stream(&name).unwrap();
            let answered = flow.stream(&name.replace("client", "server")).unwrap_or_default();
            // Behind the answer to an upgrade there is no framing.
            let (own, _) = answers(&sent, upgrade);
            assert_eq!(own, answered, "{} {name}", flow.name);
            compared += 1;
        }
        assert!(compared >= 3, "{compared}");
    }
}

#[test]
fn reasons_are_those_of_wcf_s_service() {
    let flow = Flow::of("tcp-raw-preamble-faults");
    let mut told = 0;
    for name in flow.streams().into_iter().filter(|name| name.ends_with("client")) {
        let (_, refusal) = answers(&flow.stream(&name).unwrap(), None);
        let Some(reason) = refusal.map(|refusal| refusal.reason) else { continue };
        // WCF writes an exception and its cause; what it refuses before there is a channel it does not tell the program.
        let pieces: Vec<_> = reason.splitn(2, "): ").collect();
        let all = pieces.iter().all(|piece| flow.readme().contains(piece.trim_end_matches(')')));
        told += usize::from(all);
    }
    assert!(told >= 5, "{told} reasons are in what WCF's service said");
}

/// The parts of a connection: each begins with a preamble. Of TLS sessions what is inside.
fn sessions(flow: &Flow) -> Vec<(Vec<Record>, Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    for name in flow.streams().into_iter().filter(|name| name.ends_with(".client")) {
        let Some(server) = flow.stream(&name.replace("client", "server")) else { continue };
        let client = flow.stream(&name).unwrap();
        let mut decoder = RecordDecoder::new(generous());
        let (mut left, mut records) = (&client[..], Vec::new());
        while let Ok(Some(record)) = decoder.read(&mut left) {
            records.push(record);
        }
        found.push((records, client, server));
    }
    found
}

#[test]
fn a_client_understands_what_captured_services_answer() {
    let (mut opened, mut envelopes, mut ends, mut pieces) = (0, 0, 0, 0);
    for flow in Flow::all() {
        if flow.name.contains("raw") {
            continue;
        }
        for (records, client, server) in sessions(&flow) {
            // One framing session after the other, as the client asked for them.
            let mut answer = &server[..];
            let mut asked = records.iter();
            while let Some(Record::Version { major: 1, minor: 0 }) = asked.next() {
                let Some(Record::Mode(mode)) = asked.next() else { panic!("a mode") };
                let Some(Record::Via(via)) = asked.next() else { panic!("a via") };
                let content_type = match asked.next() {
                    Some(Record::KnownEncoding(number)) => {
                        content_type_of_encoding(*number).into_owned()
                    }
                    Some(Record::ExtensibleEncoding(name)) => name.clone(),
                    other => panic!("{other:?}"),
                };
                let upgrade =
                    client.windows(UPGRADE_TLS.len()).any(|w| w == UPGRADE_TLS.as_bytes());
                let upgrade = upgrade.then_some(UPGRADE_TLS);
                let mode = Mode::of(*mode).unwrap();
                let mut role =
                    ClientFraming::new(mode, via, &content_type, upgrade, generous()).unwrap();
                let opening = role.opening();
                let position = client.windows(opening.len()).position(|w| w == opening);
                assert!(position.is_some(), "{} wrote another preamble", flow.name);
                if let Some(request) = role.upgrade_request() {
                    assert!(client.windows(request.len()).any(|w| w == request));
                }
                loop {
                    match role.read(&mut answer) {
                        Ok(Some(ClientStep::Opened)) => opened += 1,
                        Ok(Some(ClientStep::Envelope(_))) => envelopes += 1,
                        Ok(Some(ClientStep::Piece(_))) => pieces += 1,
                        Ok(Some(ClientStep::End)) => {
                            ends += 1;
                            break;
                        }
                        Ok(Some(ClientStep::Upgrade)) | Ok(None) | Err(_) => break,
                        Ok(Some(_)) => {}
                    }
                }
                while asked.as_slice().first().is_some_and(|r| !matches!(r, Record::Version { .. }))
                {
                    asked.next();
                }
            }
        }
    }
    assert!(
        opened >= 60 && envelopes > 180 && ends > 50 && pieces > 3,
        "{opened} {envelopes} {ends} {pieces}"
    );
}

#[test]
fn a_server_understands_what_captured_clients_send() {
    let (mut envelopes, mut ends, mut pieces) = (0, 0, 0);
    for flow in Flow::all().into_iter().filter(|flow| !flow.name.contains("raw")) {
        for name in flow.streams().into_iter().filter(|name| name.ends_with(".client")) {
            let stream = flow.stream(&name).unwrap();
            let is_inside = name.starts_with('t');
            let mut role = ServerFraming::new(generous());
            if is_inside {
                // The preamble went before it in the clear.
                let preamble = [
                    Record::Version { major: 1, minor: 0 },
                    Record::Mode(2),
                    Record::Via("net.tcp://h/calc".into()),
                    Record::KnownEncoding(8),
                    Record::UpgradeRequest(UPGRADE_TLS.into()),
                ];
                let octets: Vec<_> = preamble.iter().flat_map(Record::to_octets).collect();
                let mut octets = &octets[..];
                while role.read(&mut octets).unwrap().is_some() {}
                assert!(octets.is_empty());
            }
            let mut left = &stream[..];
            loop {
                match role.read(&mut left) {
                    Ok(Some(ServerStep::Envelope(_))) => envelopes += 1,
                    Ok(Some(ServerStep::Piece(_))) => pieces += 1,
                    Ok(Some(ServerStep::End)) => {
                        ends += 1;
                        role.restart();
                    }
                    Ok(Some(ServerStep::Upgrade(_))) => break,
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(error) => panic!("{} {name}: {error}", flow.name),
                }
            }
        }
    }
    assert!(envelopes > 230 && ends > 50 && pieces > 3, "{envelopes} {ends} {pieces}");
}

#[test]
fn where_a_stream_may_end() {
    let whole = b"\x00\x01\x00\x01\x02\x02\x02a:\x03\x08\x0c\x06\x02ab\x06\x01c\x07";
    // Nothing, two envelopes, the end.
    let good = [0, 16, 19, 20];
    for length in 0..=whole.len() {
        let mut server = ServerFraming::new(FramingLimits::default());
        let mut octets = &whole[..length];
        while server.read(&mut octets).unwrap().is_some() {}
        assert_eq!(server.end_of_stream().is_ok(), good.contains(&length), "{length}");
    }
    let answer = b"\x0b\x06\x02ab\x07";
    for length in 0..=answer.len() {
        let mut client = crate::faults::client();
        let mut octets = &answer[..length];
        while client.read(&mut octets).unwrap().is_some() {}
        assert_eq!(client.end_of_stream().is_ok(), length == 5 || length == 6, "{length}");
    }
}

#[test]
fn nothing_is_taken_beyond_a_step() {
    let octets = b"\x00\x01\x00\x01\x02\x02\x02a:\x03\x08\x09\x13application/ssl-tls\x16\x03\x01";
    let (mut server, mut left) = (ServerFraming::new(FramingLimits::default()), &octets[..]);
    while !matches!(server.read(&mut left).unwrap(), Some(ServerStep::Upgrade(_))) {}
    assert_eq!(left, b"\x16\x03\x01");
}
