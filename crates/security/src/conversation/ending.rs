//! The end of a session in the duplex flows (WS-SecureConversation February 2005 §6, 1.3 §7, as WCF's duplex sessions have
//! it): each end says by itself that it sends nothing more. Whoever is first asks the other to cancel the session; whoever
//! has been asked answers when it has said its last, too. When both ask at once, nobody answers.

use waxwing_soap::{Addressing, Envelope, MessageVersion};

use crate::error::{Reason, SecurityError};
use crate::trust::{
    ContextReference, RequestSecurityToken, RequestSecurityTokenResponse, RequestType,
    ResponseBody, TrustAction, read_responses, write_response,
};
use crate::wsse::{self, Dialect};

/// How far a session is on the way to its end, as one end of it knows.
#[derive(Debug, Default)]
pub(super) struct Ending {
    /// The `MessageID` of our cancellation.
    asked: Option<String>,
    /// The other end's cancellation came: its `MessageID`.
    heard: Option<Option<String>>,
}

/// What an end says last.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LastWord {
    /// It has said it.
    Said,
    /// That the session be cancelled.
    Ask,
    /// That the session is cancelled, as the other end asked in this message.
    Answer(Option<String>),
}

impl Ending {
    /// What is to be said last.
    pub(super) fn last_word(&self) -> LastWord {
        match (&self.asked, &self.heard) {
            (Some(_), _) => LastWord::Said,
            (None, Some(message_id)) => LastWord::Answer(message_id.clone()),
            (None, None) => LastWord::Ask,
        }
    }

    /// Our cancellation goes out.
    pub(super) fn asks(&mut self, message_id: String) {
        self.asked = Some(message_id);
    }

    /// The other end's cancellation came. Gives whether the session is over.
    pub(super) fn hears(&mut self, message_id: Option<String>) -> bool {
        self.heard.get_or_insert(message_id);
        self.asked.is_some()
    }

    /// Whether the other end has said its last.
    pub(super) fn has_heard(&self) -> bool {
        self.heard.is_some()
    }

    /// Checks what came as the answer to our cancellation.
    ///
    /// # Errors
    /// It answers nothing that was asked, or does not say that the session is cancelled.
    pub(super) fn check_answer(
        &self,
        envelope: &Envelope,
        dialect: Dialect,
    ) -> Result<(), SecurityError> {
        let asked = self.asked.as_deref().ok_or(Reason::UnexpectedCancelResponse)?;
        let relates_to = Addressing::read(envelope).ok().and_then(|found| found.relates_to);
        if relates_to.as_deref() != Some(asked) {
            let expected = "the identifier of the request";
            return Err(Reason::Malformed { what: "the header RelatesTo", expected }.into());
        }
        let missing = Reason::Missing("the RequestSecurityTokenResponse");
        let payload = envelope.payload().ok_or(missing)?;
        let (_, responses) = read_responses(payload, dialect)?;
        match &responses[..] {
            [(_, response)] if response.token_cancelled => Ok(()),
            _ => Err(Reason::Missing("RequestedTokenCancelled").into()),
        }
    }
}

/// Checks a cancellation: its target must be the session that it came in.
///
/// # Errors
/// It is of another session, or no cancellation.
pub(super) fn check_cancellation(
    envelope: &Envelope,
    session: &str,
    dialect: Dialect,
) -> Result<(), SecurityError> {
    let payload = envelope.payload().ok_or(Reason::Missing("the RequestSecurityToken"))?;
    let request = RequestSecurityToken::read(payload, dialect)?;
    if request.request_type != RequestType::Cancel {
        let expected = "a cancellation";
        return Err(Reason::Malformed { what: "the RequestType", expected }.into());
    }
    match request.cancel_target {
        Some(ContextReference { identifier, .. }) if &*identifier == session => Ok(()),
        Some(_) => Err(Reason::ForeignContext.into()),
        None => Err(Reason::Missing("the CancelTarget").into()),
    }
}

/// A message of the security protocol without its body.
pub(super) fn headers(
    version: MessageVersion,
    addressing: &Addressing,
    by_transport: bool,
) -> Envelope {
    let mut envelope = Envelope::new(version);
    addressing.write(&mut envelope);
    if by_transport {
        wsse::declare_utility(&mut envelope);
    }
    envelope
}

/// Writes the request to cancel a session into a message with headers.
pub(super) fn write_cancellation(
    envelope: &mut Envelope,
    target: ContextReference,
    dialect: Dialect,
) {
    let body = envelope.body().id();
    RequestSecurityToken::cancel_context(dialect, target).write(envelope.document_mut(), body);
}

/// Writes that a session is cancelled into a message with headers.
pub(super) fn write_cancelled(envelope: &mut Envelope, dialect: Dialect) {
    write_answer(envelope, &RequestSecurityTokenResponse::cancelled(dialect));
}

/// Writes a response of the security protocol into a message with headers.
pub(super) fn write_answer(envelope: &mut Envelope, response: &RequestSecurityTokenResponse) {
    let form = match response.dialect {
        Dialect::February2005 => ResponseBody::Bare,
        Dialect::Version13 => ResponseBody::Collection,
    };
    let body = envelope.body().id();
    write_response(envelope.document_mut(), body, response, form);
}

/// The addressing headers of the last word: those of a request, or of the answer to it.
pub(super) fn addressing(word: &LastWord, dialect: Dialect, request: Addressing) -> Addressing {
    match word {
        LastWord::Answer(relates_to) => Addressing {
            action: Some(TrustAction::CancelResponse.uri(dialect)),
            relates_to: relates_to.clone(),
            to: request.to,
            ..Addressing::default()
        },
        LastWord::Ask | LastWord::Said => request,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_and_who_answers() {
        let mut first = Ending::default();
        assert_eq!(first.last_word(), LastWord::Ask);
        first.asks("urn:1".into());
        assert_eq!((first.last_word(), first.has_heard()), (LastWord::Said, false));
        // The other end asks, too: nobody answers.
        assert!(first.hears(Some("urn:2".into())));

        let mut second = Ending::default();
        assert!(!second.hears(Some("urn:1".into())) && second.has_heard());
        assert_eq!(second.last_word(), LastWord::Answer(Some("urn:1".into())));
    }
}
