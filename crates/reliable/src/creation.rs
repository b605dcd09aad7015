//! CreateSequence and its response, as far as they say the same in every shape (WS-RM 2005 §3.4, 1.1 §3.4).

use waxwing_soap::{EndpointReference, Mint, Moment};

use crate::address::{ANONYMOUS, as_uri, same_uri};
use crate::fault::{FaultKind, SequenceFault};
use crate::headers::Headers;
use crate::message::{CreateSequence, CreateSequenceResponse, IncompleteSequenceBehavior};
use crate::mutation::{Mutation, broken};
use crate::names::{ContextTag, Identifier};
use crate::version::ReliableMessagingVersion;

/// A new identifier, which says where the session is kept if identifiers are to.
pub(crate) fn fresh(mint: Mint, tag: Option<&ContextTag>, at: &mut Moment<'_>) -> Identifier {
    Identifier::new(match tag {
        Some(tag) => mint.urn_beside(tag.as_str(), at.random),
        None => mint.urn(at.random),
    })
}

/// What a session promises of incomplete sequences (1.1).
pub(crate) fn behavior(
    version: ReliableMessagingVersion,
    ordered: bool,
) -> Option<IncompleteSequenceBehavior> {
    (version == ReliableMessagingVersion::V11).then_some(match ordered {
        true => IncompleteSequenceBehavior::DiscardFollowingFirstGap,
        false => IncompleteSequenceBehavior::NoDiscard,
    })
}

/// What CreateSequence is answered with: the sequence is named by the responder, and the offer is accepted for the
/// address that was asked.
pub(crate) fn response(
    version: ReliableMessagingVersion,
    ordered: bool,
    create: &CreateSequence,
    identifier: Identifier,
    is_accepted: bool,
) -> CreateSequenceResponse {
    let to = create.to.as_deref().map_or_else(|| ANONYMOUS.to_owned(), as_uri);
    CreateSequenceResponse {
        identifier,
        expires: create.expires.clone(),
        incomplete_sequence_behavior: behavior(version, ordered),
        accept: is_accepted.then(|| EndpointReference::new(to)),
    }
}

/// An offer must be accepted, for the address `to` that was asked; without one nothing may be accepted.
///
/// # Errors
/// What is wrong, for the peer.
pub(crate) fn check_accept(
    response: &CreateSequenceResponse,
    is_offered: bool,
    to: &str,
) -> Result<(), String> {
    match (is_offered, &response.accept) {
        (false, None) => Ok(()),
        (false, Some(_)) => Err("an offer was accepted that was not made".to_owned()),
        (true, None) => Err("the offer was not accepted".to_owned()),
        (true, Some(accept)) if same_uri(&accept.address, to) => Ok(()),
        (true, Some(accept)) => Err(format!(
            "the offer was accepted for {}, but the request went to {to}",
            accept.address
        )),
    }
}

/// What a message hears that names a sequence which is not here.
pub(crate) fn unknown_sequence(identifier: Identifier) -> SequenceFault {
    let reason = "the value of Identifier is not a known Sequence identifier";
    SequenceFault::sender(FaultKind::UnknownSequence(identifier), reason)
}

/// The rules of WCF, each of which is answered with CreateSequenceRefused.
pub(crate) fn check(
    version: ReliableMessagingVersion,
    needs_offer: bool,
    create: &CreateSequence,
    headers: &Headers,
    tag: Option<&ContextTag>,
) -> Result<(), &'static str> {
    let is_11 = version == ReliableMessagingVersion::V11;
    if headers.uses_sequence_ssl {
        return Err("UsesSequenceSSL is not supported");
    }
    if headers.uses_sequence_str && tag.is_none() {
        return Err("UsesSequenceSTR needs secure conversation, which this endpoint does not use");
    }
    // WCF demands a reference to the context in every secured CreateSequence. The sequence is bound to the context
    // that signed the message, whether or not it is named; one that names another is refused.
    let names = |tag: &ContextTag| create.tokens.iter().any(|t| t.identifier == *tag);
    let must_name = headers.uses_sequence_str || !create.tokens.is_empty();
    if let Some(tag) = tag.filter(|_| must_name && !broken(Mutation::IgnoreContext))
        && !names(tag)
    {
        return Err("no SecurityTokenReference names the security context of the message");
    }
    let reply_to = create.reply_to.as_ref().map_or(ANONYMOUS, |e| &e.address);
    if !same_uri(&create.acks_to.address, reply_to) {
        return Err("AcksTo and ReplyTo must be the same endpoint");
    }
    match &create.offer {
        None if needs_offer => Err("this endpoint needs an Offer"),
        Some(_) if !needs_offer && !is_11 => Err("this endpoint takes no Offer"),
        Some(offer) if needs_offer && is_11 => {
            let endpoint = offer.endpoint.as_ref().map(|e| &e.address);
            if endpoint.is_some_and(|e| same_uri(e, &create.acks_to.address)) {
                Ok(())
            } else {
                Err("Offer/Endpoint and AcksTo must be the same endpoint")
            }
        }
        _ => Ok(()),
    }
}
