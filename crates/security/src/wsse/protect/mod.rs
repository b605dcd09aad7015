//! Writing the Security header: sign, encrypt, and add the header to the envelope.
//!
//! [`message`] signs and encrypts in either order, [`transport`] binds tokens to a protected transport.
//! WS-Security 1.1 §8, §9; the order of elements, references and identifiers is WCF's strict layout.

mod certificates;
mod elements;
mod encryptor;
mod endorse;
mod keys;
mod message;
mod parts;
mod plain;
mod signature;
mod transport;
mod used_key;

use waxwing_soap::{Envelope, Markup};

use self::elements::Stamp;
use self::plain::PlainParts;
use super::ids::Id;
use super::names::WSSE;
use super::plan::{Endorsing, ProtectionPlan, ProtectionToken, Sources};
use super::sent::SentSignature;
use super::text::{push, push_reference_list};
use super::{HeaderLayout, ProtectionOrder};
use crate::error::Result;

pub(super) use self::keys::DEFAULT_LENGTH;
pub(crate) use self::parts::declare_utility;

/// Signs and encrypts the message in place and adds its Security header as the last header.
///
/// The envelope has its addressing and reliable-messaging headers already and no Security header.
/// Returns the signatures that were made, the primary one first, which the reply may have to confirm.
///
/// # Errors
/// [`Reason::Plan`](crate::Reason::Plan) when the plan and its tokens do not fit,
/// [`Reason::Crypto`](crate::Reason::Crypto) when a private key cannot sign.
pub fn protect(
    envelope: &mut Envelope,
    plan: &ProtectionPlan<'_>,
    sources: &mut Sources<'_>,
) -> Result<Vec<SentSignature>> {
    let sent = match plan.protection {
        ProtectionToken::Transport => transport::protect(envelope, plan, sources),
        _ => message::protect(envelope, plan, sources),
    }?;
    let protecting = match plan.protection {
        ProtectionToken::Session(keys) => Some(keys.token()),
        ProtectionToken::Context(token, _) => Some(token),
        _ => None,
    };
    let endorsing = plan.endorsing.iter().filter_map(|endorsing| match endorsing {
        Endorsing::Context(token) => Some(*token),
        Endorsing::Session(keys) => Some(keys.token()),
        Endorsing::Certificate { .. } => None,
    });
    for token in protecting.into_iter().chain(endorsing) {
        token.restore_value(envelope);
    }
    Ok(sent)
}

/// Numbers the identifiers that are unique within one message: `_0`, `_1`, …
#[derive(Debug, Default)]
struct Numbers(usize);

impl Numbers {
    fn next(&mut self) -> Id {
        Id::numbered(self.number())
    }

    /// The number of the next.
    fn number(&mut self) -> usize {
        self.0 += 1;
        self.0 - 1
    }
}

/// The children of the Security header as text, in their order in the strict layout.
struct Header<'a> {
    /// The headers of the message that stand in front of it.
    plain: Option<PlainParts>,
    stamp: Option<&'a Stamp>,
    tokens: &'a [u8],
    references: &'a [Id],
    supporting: &'a [u8],
    /// Confirmations and user name.
    elements: &'a [u8],
    signatures: &'a [u8],
}

impl Header<'_> {
    /// Puts the header into the envelope, and `body` in the place of what its body holds.
    ///
    /// Under `EncryptBeforeSign` the list of what is encrypted comes last: the receiver goes the same way back, verifies and
    /// then decrypts.
    fn add_to(
        self,
        envelope: &mut Envelope,
        layout: HeaderLayout,
        order: ProtectionOrder,
        body: Option<Markup>,
    ) {
        let list_last = order == ProtectionOrder::EncryptBeforeSign;
        let pieces = [self.tokens, self.supporting, self.elements, self.signatures];
        let room: usize = pieces.iter().map(|piece| piece.len()).sum();
        let mut text = Vec::with_capacity(if self.plain.is_some() { 4096 } else { 1024 } + room);
        self.plain.iter().for_each(|plain| plain.write(&mut text));
        push(&mut text, &["<o:Security s:mustUnderstand=\"1\" xmlns:o=\"", WSSE, "\">"]);
        let (first, last) = match layout {
            HeaderLayout::LaxTimestampLast => (None, self.stamp),
            _ => (self.stamp, None),
        };
        first.into_iter().for_each(|stamp| stamp.write(&mut text));
        text.extend_from_slice(self.tokens);
        if !list_last {
            push_reference_list(&mut text, self.references, true);
        }
        text.extend_from_slice(self.supporting);
        text.extend_from_slice(self.elements);
        text.extend_from_slice(self.signatures);
        if list_last {
            push_reference_list(&mut text, self.references, true);
        }
        last.into_iter().for_each(|stamp| stamp.write(&mut text));
        push(&mut text, &["</o:Security>"]);
        envelope.seal_signed(text, self.plain.map(PlainParts::into_headers), body);
    }
}
