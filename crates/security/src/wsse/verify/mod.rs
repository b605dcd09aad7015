//! Reading the Security header: one strict pass, decryption in place, and then the comparison of what
//! is protected with what must be (WS-Security 1.1 §8, §9, §13).
//!
//! The order is chosen so that nothing that an attacker controls is parsed before it must be: tokens,
//! the signature (decrypted and its value verified), then the body, then the digests. Under
//! `EncryptBeforeSign` the digests are of what was encrypted, and come before anything is decrypted. Over a protected
//! transport nothing is encrypted and there is no primary signature: [`transport`].

mod confirmation;
mod decrypt;
mod derived;
mod ids;
mod known;
mod parts;
mod pass;
mod remembered;
mod signature;
#[cfg(test)]
mod tests;
mod timestamp;
mod tokens;
mod transport;
mod usual;

use std::borrow::Cow;

use waxwing_soap::Envelope;
use waxwing_xml::{NodeId, UnreadContent};

use self::ids::Ids;
use self::parts::Parts;
use self::pass::Pass;
use self::signature::Signed;
pub(crate) use self::timestamp::check_age;
use super::ProtectionOrder;
use super::expect::{Expectations, ExpectedToken};
use super::known_header::{KnownHeader, KnownIds};
use super::names::WSSE;
use super::resolver::TokenResolver;
use super::token::{SupportingToken, SupportingUse, TokenKind};
use super::verified::{PrimaryToken, Verified};
use crate::error::{Reason, Result};
use crate::protection::{MessageProtection, ProtectionLevel, is_addressing};

/// Verifies a message and decrypts it in place. The action of a message without addressing headers is the one that the
/// transport tells ([`Envelope::told_action`]). **Nobody signed that**: whoever sends such messages is trusted to choose among
/// the contract's actions.
///
/// # Errors
/// What is wrong, for the local log. The peer learns [`SecurityError::fault`](crate::SecurityError::fault)
/// only.
pub fn verify(
    mut envelope: Envelope,
    expect: &Expectations<'_>,
    resolver: &dyn TokenResolver,
) -> Result<Verified> {
    let transport = matches!(expect.protection, ExpectedToken::Transport);
    let is_as_read = envelope.document().is_as_read();
    let security = security_header(&envelope)?;
    let action: Box<str> = action(&envelope, transport)?.into();
    let required = if transport {
        const { &MessageProtection::body(ProtectionLevel::None) }
    } else {
        let found = expect.requirements.find(expect.direction, &action);
        found.ok_or_else(|| Reason::UnknownAction(action.clone()))?
    };
    let mut pass = Pass::new(expect, resolver, required);
    let is_known = match unread(&envelope, security).and_then(|content| KnownHeader::of(&content)) {
        Some(header) if known::is_expected(expect) => pass.is_good(&header, security)?,
        _ => false,
    };
    if !is_known {
        pass = Pass::new(expect, resolver, required);
        envelope.document_mut().read_unread();
        if let Err(error) = pass.run(&mut envelope, security) {
            pass.unspoiled()?;
            return Err(error);
        }
    }
    if pass.primary.is_none() && !transport {
        // Without a good MAC nothing more is decrypted.
        pass.unspoiled()?;
        return Err(Reason::Missing("the primary signature").into());
    }
    let mut parts = Parts::find(&envelope, security, is_as_read)?;
    let covered = cover(&mut envelope, security, &mut pass, &mut parts);
    pass.unspoiled()?;
    let signed = covered?;
    if parts.any_header_encrypted() {
        // It may be a further Action: the one that the requirements were chosen by is the only one.
        self::action(&envelope, transport)?;
    }
    let document = envelope.document();
    check_stamp_and_tokens(&pass)?;
    check_children_signed(&pass, &signed)?;
    check_password_digest(&pass)?;
    if !transport {
        parts.check_requirements(document, required, &pass)?;
        check_primary_encrypted(&pass, &parts)?;
    }
    confirmation::check(&pass.confirmations, expect.confirmations)?;
    let token = if transport { PrimaryToken::Transport } else { pass.tokens.primary()? };
    remember(&pass)?;
    let created = pass.stamp.as_ref().map(|stamp| stamp.created);
    let username = pass.username.map(|(_, username)| username);
    let Pass { endorsing, signatures, signing, unread, .. } = pass;
    let header = envelope.document_mut().leave_unread().map(|(_, content)| content);
    let unread = unread.map(|signature| signature.within(header));
    let (body, headers) = (parts.body.1, parts.headers);
    Ok(Verified {
        envelope,
        action,
        body,
        headers,
        token,
        endorsing,
        username,
        signatures,
        signing,
        created,
        unread,
    })
}

/// Decrypts what is encrypted and compares the digests, in the order of the settings; gives the children of the Security
/// header that are signed.
fn cover(
    envelope: &mut Envelope,
    security: NodeId,
    pass: &mut Pass<'_>,
    parts: &mut Parts,
) -> Result<Signed> {
    if pass.encrypt_before_sign {
        let mut signed = {
            let ids = Ids::find_all(envelope.document(), None, None)?;
            check_digests(envelope, (security, None), pass, (parts, &ids))?
        };
        pass.decrypt_children(envelope.document_mut(), &mut signed)?;
        parts.decrypt(envelope.document_mut(), pass)?;
        Ids::find_all(envelope.document(), None, pass.references.as_ref())?;
        return Ok(signed);
    }
    parts.decrypt(envelope.document_mut(), pass)?;
    let known = unread(envelope, security).and_then(|content| KnownIds::of(&content));
    let ids = Ids::find_all(envelope.document(), known.as_ref(), pass.references.as_ref())?;
    check_digests(envelope, (security, known.as_ref()), pass, (parts, &ids))
}

/// The content of the header, while it was only passed over.
fn unread(envelope: &Envelope, security: NodeId) -> Option<UnreadContent<'_>> {
    envelope.document().unread().filter(|unread| unread.element() == security)
}

/// The one Security header that is for this receiver.
fn security_header(envelope: &Envelope) -> Result<NodeId> {
    let mut found = None;
    for header in envelope.headers().filter(|h| h.is(WSSE, "Security")) {
        if !envelope.is_for_ultimate_receiver(header) {
            continue;
        }
        if found.is_some() {
            return Err(Reason::SecondSecurityHeader.into());
        }
        found = Some(header.id());
    }
    found.ok_or_else(|| Reason::NoSecurityHeader.into())
}

/// The action, by which the requirements are chosen: exactly one header, in the addressing version that the message is
/// taken to have. That version is the one of the first addressing header, whatever it is called, so that a header that
/// nobody signed could otherwise make the layers above read none of those that were. A message without addressing has the
/// action that the transport tells; of a reply it tells none, which must not matter where something is chosen by it.
fn action(envelope: &Envelope, transport: bool) -> Result<Cow<'_, str>> {
    let version = envelope.version().addressing.namespace();
    let (mut action, mut is_one) = (None, true);
    for header in envelope.headers().filter(|header| is_addressing(header.namespace())) {
        if header.namespace() != version {
            return Err(Reason::MixedAddressing.into());
        }
        if header.local_name() == "Action" {
            is_one = action.replace(header).is_none();
        }
    }
    match action {
        Some(_) if !is_one => Err(Reason::TooMany { what: "Action headers", limit: 1 }.into()),
        Some(action) => Ok(action.trimmed_text()),
        None if version.is_empty() && (transport || envelope.told_action().is_some()) => {
            Ok(envelope.told_action().unwrap_or_default().into())
        }
        None => Err(Reason::Missing("the header Action").into()),
    }
}

/// The digests of everything that the primary signature covers; gives the children of the Security header among it.
fn check_digests(
    envelope: &Envelope,
    (security, known): (NodeId, Option<&KnownIds<'_>>),
    pass: &Pass<'_>,
    (parts, ids): (&mut Parts, &Ids<'_>),
) -> Result<Signed> {
    let document = envelope.document();
    if matches!(pass.expect.protection, ExpectedToken::Transport) {
        return transport::check(envelope, security, pass, (parts, ids));
    }
    match &pass.primary {
        Some(primary) => {
            parts.check_digests(document, security, primary, (pass.expect, known), ids)
        }
        None => Ok(Signed::new()),
    }
}

/// Everything that must be in the header is there.
fn check_stamp_and_tokens(pass: &Pass<'_>) -> Result<()> {
    let expect = pass.expect;
    if pass.stamp.is_none() && expect.replay.is_some() && !expect.settings.include_timestamp {
        return Err(Reason::NoTimestampForReplays.into());
    }
    if pass.stamp.is_none() && expect.settings.include_timestamp {
        return Err(match expect.protection {
            ExpectedToken::Transport => Reason::TimestampRequired.into(),
            _ => Reason::Missing("the Timestamp").into(),
        });
    }
    match expect.supporting.iter().find(|token| !is_shown(**token, pass)) {
        Some(missing) => Err(Reason::Missing(missing.describe()).into()),
        None => Ok(()),
    }
}

fn is_shown(token: SupportingToken, pass: &Pass<'_>) -> bool {
    let endorses = |kind| pass.endorsing.iter().any(|proof| proof.kind() == kind);
    match token.usage {
        SupportingUse::Endorsing => endorses(token.kind),
        SupportingUse::SignedEncrypted => {
            token.kind == TokenKind::UserName && pass.username.is_some()
        }
    }
}

/// Timestamp, confirmations and user name must be covered by the primary signature.
fn check_children_signed(pass: &Pass<'_>, signed: &[NodeId]) -> Result<()> {
    if pass.primary.is_none() {
        return Ok(());
    }
    let check = |node: NodeId, what: &str| {
        if signed.contains(&node) { Ok(()) } else { Err(Reason::NotSigned(what.into())) }
    };
    if let Some(stamp) = &pass.stamp {
        check(stamp.node, "the Timestamp")?;
    }
    for confirmation in &pass.confirmations {
        check(confirmation.node, "a SignatureConfirmation")?;
    }
    if let Some((node, _)) = &pass.username {
        check(*node, "the UsernameToken")?;
    }
    Ok(())
}

/// The digest of a password is as old as a message may be at most.
fn check_password_digest(pass: &Pass<'_>) -> Result<()> {
    let digest = pass.username.as_ref().and_then(|(_, username)| username.digest.as_ref());
    digest.map_or(Ok(()), |digest| {
        timestamp::check_created(digest.created(), pass.expect.settings, pass.expect.now)
    })
}

/// While anything is encrypted the primary signature is, too, where the order says so.
fn check_primary_encrypted(pass: &Pass<'_>, parts: &Parts) -> Result<()> {
    let settings = pass.expect.settings;
    let encrypted = parts.any_encrypted()
        || pass.username.is_some()
        || pass.confirmations.iter().any(|confirmation| confirmation.encrypted);
    let demanded =
        encrypted && settings.order == ProtectionOrder::SignBeforeEncryptAndEncryptSignature;
    if demanded && pass.primary.as_ref().is_some_and(|primary| !primary.encrypted) {
        return Err(Reason::PlainSignature.into());
    }
    Ok(())
}

/// Enters the message into the replay cache; the very last step, so that nothing unverified fills it.
fn remember(pass: &Pass<'_>) -> Result<()> {
    match (pass.expect.replay, pass.signatures.first(), &pass.stamp) {
        (Some(replay), Some(first), Some(stamp)) => {
            replay.insert(&first.value, stamp.created, pass.expect.now)
        }
        _ => Ok(()),
    }
}
