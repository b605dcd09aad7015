//! The legs of a negotiation one by one, and the faults that answer them.

use waxwing_security::conversation::{ClientError, ReplyKind, ServiceError, ServiceReply, Step};
use waxwing_security::negotiation::NegotiationError;
use waxwing_security::wsse::Dialect;
use waxwing_soap::Envelope;

use super::{Credential, Pair, fault, moment, wire};
use jiff::SignedDuration;

/// What happens to a message on its way.
pub type Change<'a> = &'a dyn Fn(String) -> String;

pub const OLD: Dialect = Dialect::February2005;
pub const ALICE: Credential = Credential::Certificate("alice");

pub const INVALID_REQUEST: (&str, &str) =
    ("Sender/InvalidRequest", "The request for security token has invalid or malformed elements.");
pub const NOT_AUTHENTICATED: (&str, &str) = (
    "Sender/FailedAuthentication",
    "The request for security token could not be satisfied because authentication failed.",
);
pub const TOO_BUSY: (&str, &str) = (
    "Receiver/ServerTooBusy",
    "There are too many active security negotiations or secure conversations at the service. \
     Please retry later.",
);

pub fn mins(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

pub fn secs(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

pub fn sent(step: Step) -> Envelope {
    match step {
        Step::Send(envelope) => *envelope,
        other => panic!("nothing to send: {other:?}"),
    }
}

pub fn first(pair: &mut Pair) -> Envelope {
    let step = pair.client.open(&mut moment(pair.now, &mut pair.random)).unwrap();
    sent(step)
}

pub fn next(pair: &mut Pair, reply: &Envelope) -> Result<Step, ClientError> {
    pair.client.handle_reply(wire(reply), &mut moment(pair.now, &mut pair.random))
}

/// The first three legs; gives legs 1, 2 and 3.
pub fn three_legs(pair: &mut Pair) -> (Envelope, Envelope, Envelope) {
    let one = first(pair);
    let two = pair.service.answer(&one, pair.now);
    assert!(two.error.is_none(), "{:?}", two.error);
    let three = sent(next(pair, &two.envelope).unwrap());
    (one, two.envelope, three)
}

#[track_caller]
pub fn refused(reply: &ServiceReply, expected: (&str, &str)) {
    assert_eq!(reply.kind, ReplyKind::Fault);
    let (code, text) = fault(&reply.envelope);
    assert_eq!((code.as_str(), text.as_str()), expected, "{:?}", reply.error);
}

#[track_caller]
pub fn negotiation_error(reply: &ServiceReply) -> &NegotiationError {
    match &reply.error {
        Some(ServiceError::Negotiation(error)) => error,
        other => panic!("{other:?}"),
    }
}
