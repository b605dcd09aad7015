//! One character of a leg changed on its way, at many places of every leg: nobody gets a key that way.

#[path = "common/nego.rs"]
mod nego;

use nego::legs::*;
use nego::{Credential, Pair, Setup, moment};
use waxwing_security::conversation::Step;
use waxwing_soap::Envelope;
use waxwing_xml::Limits;

/// The message after the character at that place of its body was changed into another of its kind. None
/// when that leaves no XML, or nothing can be changed there.
fn changed(envelope: &Envelope, at: usize) -> Option<Envelope> {
    let text = String::from_utf8(envelope.to_bytes()).unwrap();
    let new = match text.as_bytes()[at] {
        b'z' => 'y',
        b'Z' => 'Y',
        b'9' => '8',
        other if other.is_ascii_alphanumeric() => char::from(other + 1),
        _ => return None,
    };
    let text = format!("{}{new}{}", &text[..at], &text[at + 1..]);
    Envelope::parse(text, &Limits::SOAP).ok()
}

/// Where a change must be noticed: the body without a declaration that nothing uses, and in the last leg
/// without token and wrapped key, which the hash does not cover.
fn places(envelope: &Envelope, leg: usize) -> Vec<usize> {
    let text = String::from_utf8(envelope.to_bytes()).unwrap();
    let (start, end) = (text.find("<s:Body>").unwrap() + 8, text.find("</s:Body>").unwrap());
    let mut left_out = Vec::new();
    let mut leave_out = |open: &str, close: &str| {
        let mut from = start;
        while let Some(at) = text[from..].find(open) {
            let at = from + at;
            let to = at + open.len() + text[at + open.len()..].find(close).unwrap();
            left_out.push(at..to);
            from = to;
        }
    };
    leave_out(" xmlns:u=\"", "\"");
    if leg == 4 {
        leave_out("<t:RequestSecurityTokenResponseCollection ", ">");
        leave_out("<t:RequestedSecurityToken>", "</t:RequestedSecurityToken>");
        leave_out("<t:RequestedProofToken>", "</t:RequestedProofToken>");
    }
    (start..end).filter(|at| !left_out.iter().any(|range| range.contains(at))).collect()
}

/// Negotiates; the message of that leg is given to `change`. Whether the client got a key.
fn negotiate(pair: &mut Pair, leg: usize, change: impl Fn(&Envelope) -> Option<Envelope>) -> bool {
    let mut number = 0;
    let mut deliver = |envelope: &Envelope| {
        number += 1;
        if number == leg { change(envelope) } else { Some(nego::wire(envelope)) }
    };
    let mut request = first(pair);
    for _ in 0..2 {
        let Some(arrived) = deliver(&request) else { return false };
        let reply = pair.service.answer(&arrived, pair.now);
        if reply.error.is_some() {
            return false;
        }
        let Some(arrived) = deliver(&reply.envelope) else { return false };
        match pair.client.handle_reply(arrived, &mut moment(pair.now, &mut pair.random)) {
            Ok(Step::Send(next)) => request = *next,
            Ok(other) => panic!("a session without a request for it: {other:?}"),
            Err(_) => return false,
        }
    }
    true
}

#[test]
fn every_character_counts() {
    let setup = Setup::negotiated(OLD, Credential::None);
    let mut tried = 0;
    for leg in 1..=4 {
        // The service's certificate makes the second leg long.
        let stride = if leg == 2 { 23 } else { 7 };
        let seen = std::cell::RefCell::new(Vec::new());
        let whole = negotiate(&mut setup.clone().build(), leg, |envelope| {
            *seen.borrow_mut() = places(envelope, leg);
            Some(nego::wire(envelope))
        });
        assert!(whole, "leg {leg}: works when nothing is changed");
        for at in seen.into_inner().into_iter().step_by(stride) {
            let text = std::cell::RefCell::new(String::new());
            let got_key = negotiate(&mut setup.clone().build(), leg, |envelope| {
                let arrived = changed(envelope, at);
                if let Some(arrived) = &arrived {
                    *text.borrow_mut() = String::from_utf8(arrived.to_bytes()).unwrap();
                }
                arrived
            });
            let text = text.into_inner();
            let around = text.get(at.saturating_sub(60)..(at + 20).min(text.len()));
            assert!(!got_key, "leg {leg}, place {at}: {around:?}");
            tried += usize::from(!text.is_empty());
        }
    }
    assert!(tried > 200, "{tried} changes left XML");
}
