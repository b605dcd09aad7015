//! The pass over the children of a Security header, in their order.

use std::sync::Arc;

use smallvec::SmallVec;
use waxwing_crypto::Decrypted;
use waxwing_soap::Envelope;
use waxwing_xml::{Canonicalizer, Document, Element, Name, Node, NodeId, Sink as _};

use super::super::expect::{Expectations, ExpectedToken};
use super::super::key::{MacSink, MessageKey};
use super::super::limits;
use super::super::names::{DSIG, WSSE, WSSE11, WSU, XENC};
use super::super::read::{at, is_white_space, label, unexpected};
use super::super::reference::TokenRef;
use super::super::resolver::TokenResolver;
use super::super::sent::SentSignature;
use super::super::text::Place;
use super::super::token::{ReceivedUsername, TokenKind, username};
use super::super::unread::UnreadSignature;
use super::super::verified::EndorsingProof;
use super::super::{HeaderLayout, ProtectionOrder};
use super::confirmation;
use super::confirmation::Confirmation;
use super::decrypt::{self, DataReferences, Octets, Stands};
use super::signature::{Primary, Signature, Signed, verify_mac};
use super::timestamp::{self, Stamp};
use super::tokens::{Resolved, Root, Tokens};
use super::usual::{self, Usual};
use crate::error::{Reason, Result, SecurityError};
use crate::protection::MessageProtection;

/// What an encrypted child has become.
struct Opened {
    /// The element in its place.
    node: NodeId,
    /// The length of the signature for which that only stands: its text was read.
    unread: Option<usize>,
}

/// What the Security header of a message says, as far as it stands by itself: tokens resolved,
/// signature values verified, encrypted children decrypted. What the primary signature covers is
/// compared afterwards, when the body is decrypted.
pub(super) struct Pass<'a> {
    pub(super) expect: &'a Expectations<'a>,
    pub(super) tokens: Tokens<'a>,
    pub(super) references: Option<DataReferences>,
    pub(super) stamp: Option<Stamp>,
    pub(super) primary: Option<Primary>,
    pub(super) endorsing: Vec<EndorsingProof>,
    /// Over a protected transport: the signatures of the endorsing tokens, in the same order.
    pub(super) by_tokens: SmallVec<[Primary; 2]>,
    pub(super) signatures: Vec<SentSignature>,
    pub(super) confirmations: Vec<Confirmation>,
    pub(super) username: Option<(NodeId, ReceivedUsername)>,
    /// The signing key of the primary signature.
    pub(super) signing: Option<Arc<MessageKey>>,
    /// The primary signature, where it was read from its text.
    pub(super) unread: Option<UnreadSignature>,
    /// Why the message is refused, although it is read to its end.
    spoiled: Option<SecurityError>,
    /// Whether the action demands an encrypted body, hence encrypted signatures.
    body_encrypted: bool,
    /// Whether the digests are those of what was encrypted (never over a protected transport, which encrypts itself).
    pub(super) encrypt_before_sign: bool,
    /// Encrypted children that wait until their digests were compared.
    deferred: SmallVec<[NodeId; 2]>,
    /// How many values of signatures were compared.
    compared: usize,
    /// Where everything is decrypted.
    pub(super) octets: Octets,
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        expect: &'a Expectations<'a>,
        resolver: &'a dyn TokenResolver,
        protection: &MessageProtection,
    ) -> Self {
        let transport = matches!(expect.protection, ExpectedToken::Transport);
        let order = expect.settings.order;
        Self {
            expect,
            tokens: Tokens::new(expect, resolver),
            references: None,
            stamp: None,
            primary: None,
            endorsing: Vec::new(),
            by_tokens: SmallVec::new(),
            signatures: Vec::new(),
            confirmations: Vec::new(),
            username: None,
            signing: None,
            unread: None,
            spoiled: None,
            body_encrypted: protection.body.encrypts(),
            encrypt_before_sign: order == ProtectionOrder::EncryptBeforeSign && !transport,
            deferred: SmallVec::new(),
            compared: 0,
            octets: Octets::default(),
        }
    }

    /// Reads every child.
    pub(super) fn run(&mut self, envelope: &mut Envelope, security: NodeId) -> Result<()> {
        let children = children(envelope.document().element(security))?;
        for node in self.ordered(envelope.document(), children) {
            let element = envelope.document().element(node);
            if !element.is(XENC, "EncryptedData") {
                self.child(envelope.document(), node, false)?;
            } else if self.encrypt_before_sign {
                self.deferred.push(node);
            } else {
                self.encrypted(envelope.document_mut(), node)?;
            }
        }
        Ok(())
    }

    /// Notes that something could not be decrypted, or is no XML. The message is refused for it, but at its end and after
    /// the same work as one whose digests are wrong: at once would tell whoever has a clock whether it was the padding, the
    /// XML or what it says (Vaudenay 2002; Jager and Somorovsky 2011).
    ///
    /// What has a wrong padding is read as if it had one of one octet, so that whoever changes padding sees the time of what
    /// he made of the rest. A signature that is none has a MAC [computed in vain](Self::compare_in_vain). What remains: XML
    /// that ends early is read to there and no further, a signature that is well-formed and not written as usual takes the
    /// time of its tree, and under certificates no RSA signature is verified in vain.
    pub(super) fn spoil(&mut self, error: SecurityError) {
        self.spoiled.get_or_insert(error);
    }

    /// Fails when anything was spoiled.
    pub(super) fn unspoiled(&mut self) -> Result<()> {
        self.spoiled.take().map_or(Ok(()), Err)
    }

    /// Decrypts the children that were encrypted before the message was signed: each was signed as it was, and so is what
    /// comes out of it.
    pub(super) fn decrypt_children(
        &mut self,
        document: &mut Document,
        signed: &mut Signed,
    ) -> Result<()> {
        for node in std::mem::take(&mut self.deferred) {
            if !signed.contains(&node) {
                let what = Reason::NotSigned("an EncryptedData of the Security header".into());
                return Err(at(what, document.element(node)));
            }
            signed.extend(self.encrypted(document, node)?);
        }
        Ok(())
    }

    /// The strict layout is read as it stands; in the lax ones tokens come first wherever they are.
    fn ordered(
        &self,
        document: &Document,
        mut nodes: SmallVec<[NodeId; 16]>,
    ) -> SmallVec<[NodeId; 16]> {
        if self.expect.layout() != HeaderLayout::Strict {
            let rank = |node: &NodeId| match document.element(*node).local_name() {
                "Timestamp" | "BinarySecurityToken" => 0,
                "EncryptedKey" | "SecurityContextToken" => 1,
                "DerivedKeyToken" => 2,
                "ReferenceList" if !self.encrypt_before_sign => 3,
                "ReferenceList" => 5,
                _ => 4,
            };
            nodes.sort_by_key(rank);
        }
        nodes
    }

    /// A child in clear, or one that was decrypted.
    fn child(&mut self, document: &Document, node: NodeId, encrypted: bool) -> Result<()> {
        let element = document.element(node);
        let conversation = self.expect.settings.dialect.conversation();
        match (element.namespace(), element.local_name()) {
            (DSIG, "Signature") if encrypted && self.encrypt_before_sign => {
                Err(at(Reason::WrongOrder("an encrypted signature"), element))
            }
            (DSIG, "Signature") => self.signature(document, element, encrypted),
            (WSSE11, "SignatureConfirmation") => {
                if self.confirmations.len() >= limits::CONFIRMATIONS {
                    let limit = limits::CONFIRMATIONS;
                    return Err(at(Reason::TooMany { what: "confirmations", limit }, element));
                }
                self.confirmations.push(confirmation::read(element, encrypted)?);
                Ok(())
            }
            (WSSE, "UsernameToken") => self.username(element, encrypted),
            _ if encrypted => Err(unexpected(element)),
            (WSU, "Timestamp") => self.timestamp(element),
            (XENC, "ReferenceList") => self.reference_list(element),
            (XENC, "EncryptedKey") => match self.tokens.encrypted_key(element)? {
                Some(list) => self.reference_list(list),
                None => Ok(()),
            },
            (WSSE, "BinarySecurityToken") => self.tokens.certificate(element),
            (namespace, "SecurityContextToken") if namespace == conversation => {
                self.tokens.context(element)
            }
            (namespace, "DerivedKeyToken") if namespace == conversation => {
                self.tokens.derived_key(element)
            }
            _ => Err(unexpected(element)),
        }
    }

    /// An encrypted child: announced, decrypted in its place, and then read like any other. Gives what stands there now;
    /// nothing when it spoils the message.
    fn encrypted(&mut self, document: &mut Document, node: NodeId) -> Result<Option<NodeId>> {
        let element = document.element(node);
        let references = self.references.as_mut().ok_or_else(|| {
            at(Reason::WrongOrder("EncryptedData before the ReferenceList"), element)
        })?;
        references.meet(element.attribute("Id").unwrap_or(""), element)?;
        let settings = self.expect.settings;
        let mut octets = std::mem::take(&mut self.octets);
        let opened =
            decrypt::open(element, Stands::Element, &mut self.tokens, settings, &mut octets);
        let read = match opened {
            Ok(Decrypted { octets: plain, is_padded }) => {
                if !is_padded {
                    self.spoil(decrypt::badly_padded());
                }
                let compared = self.compared;
                let read = self.decrypted(document, node, plain);
                if self.compared == compared && !matches!(read, Ok(Some(_))) {
                    self.compare_in_vain(plain);
                }
                read
            }
            Err(error) => {
                self.spoil(error);
                Ok(None)
            }
        };
        let read = read?;
        match read {
            Some(Opened { node, unread: Some(length) }) => {
                let begin = settings.suite.cipher.block_length();
                self.unread = Some(UnreadSignature::new(node, octets, begin..begin + length));
            }
            _ => self.octets = octets,
        }
        Ok(read.map(|opened| opened.node))
    }

    /// Computes the MAC of octets that were to be a signature and are none, or none whose value could be compared: it takes
    /// the time that a changed one takes.
    fn compare_in_vain(&mut self, octets: &[u8]) {
        let settings = self.expect.settings;
        let key = self.tokens.signing_keys().find(|key| key.check_signing(settings.suite).is_ok());
        let Some(key) = key else { return };
        let write = |mac: &mut MacSink| mac.write(octets);
        let same = verify_mac(&key, settings, &[0; 20], write);
        std::hint::black_box(same.is_ok());
    }

    /// What an encrypted child was decrypted to. A primary signature that is written as usual is read from its text, and an
    /// element of its name and identifier alone stands for it: nothing in it can be referred to.
    fn decrypted(
        &mut self,
        document: &mut Document,
        node: NodeId,
        plain: &[u8],
    ) -> Result<Option<Opened>> {
        let under_key = !matches!(self.expect.protection, ExpectedToken::Asymmetric(_));
        if self.primary.is_none()
            && !self.encrypt_before_sign
            && under_key
            && let Some(usual) = usual::read(plain, self.expect.settings, Place::Elsewhere)
        {
            let stands = UnreadSignature::stand_in(document, node);
            if let Some(id) = usual.id {
                document.set_attribute(stands, Name::new("", "Id", ""), id);
            }
            let key = self.primary_key(&TokenRef::Local(usual.key));
            let key = key.map_err(|error| error.at(label(document.element(stands))))?;
            self.usual_signature(stands, &key, usual, true)?;
            return Ok(Some(Opened { node: stands, unread: Some(plain.len()) }));
        }
        match decrypt::replace(document, node, plain, self.expect.limits) {
            Ok(node) => {
                self.child(document, node, true)?;
                Ok(Some(Opened { node, unread: None }))
            }
            Err(error) => {
                self.spoil(error);
                Ok(None)
            }
        }
    }

    fn timestamp(&mut self, element: Element<'_>) -> Result<()> {
        if self.stamp.is_some() {
            return Err(at(Reason::TooMany { what: "Timestamp", limit: 1 }, element));
        }
        let strict = self.expect.layout() == HeaderLayout::Strict;
        if strict && !self.signatures.is_empty() {
            return Err(at(Reason::WrongOrder("the Timestamp after a signature"), element));
        }
        self.stamp = Some(timestamp::read(element, self.expect.settings, self.expect.now)?);
        Ok(())
    }

    fn reference_list(&mut self, element: Element<'_>) -> Result<()> {
        if self.references.is_some() {
            return Err(at(Reason::TooMany { what: "ReferenceList", limit: 1 }, element));
        }
        // Where it stands says in which order the sender went.
        let signed = self.primary.is_some();
        if signed && !self.encrypt_before_sign {
            return Err(at(Reason::WrongOrder("the ReferenceList after a signature"), element));
        }
        if !signed && self.encrypt_before_sign {
            return Err(at(Reason::WrongOrder("the ReferenceList before the signature"), element));
        }
        if matches!(self.expect.protection, ExpectedToken::Transport) {
            return Err(unexpected(element));
        }
        self.references = Some(DataReferences::read(element)?);
        Ok(())
    }

    fn username(&mut self, element: Element<'_>, encrypted: bool) -> Result<()> {
        if !self.expect.is_supported_by(TokenKind::UserName) {
            return Err(unexpected(element));
        }
        if self.username.is_some() {
            return Err(at(Reason::TooMany { what: "UsernameToken", limit: 1 }, element));
        }
        let transport = matches!(self.expect.protection, ExpectedToken::Transport);
        if !encrypted && !transport {
            return Err(at(Reason::NotEncrypted("the UsernameToken".into()), element));
        }
        self.username =
            Some((element.id(), username::read(element, self.expect.settings.password_type)?));
        Ok(())
    }

    fn signature(
        &mut self,
        document: &Document,
        element: Element<'_>,
        encrypted: bool,
    ) -> Result<()> {
        let mut signature = Signature::read(element, self.expect.settings)?;
        if matches!(self.expect.protection, ExpectedToken::Transport) {
            self.supporting_signature(element, &mut signature)?;
        } else if self.primary.is_none() {
            self.primary_signature(element, &mut signature, encrypted)?;
        } else {
            self.check_endorsing_encrypted(element, encrypted)?;
            let proof = self.endorsing_key(&signature, element)?;
            self.endorse(document, element, &signature)?;
            self.endorsing.push(proof);
        }
        self.signatures.push(SentSignature { value: signature.value, encrypted });
        Ok(())
    }

    /// A message whose body is encrypted has its signatures encrypted. Of the primary one that is judged at the end, when
    /// it is known who sent the message.
    fn check_endorsing_encrypted(&self, element: Element<'_>, encrypted: bool) -> Result<()> {
        let settings = self.expect.settings;
        let demanded = self.body_encrypted
            && settings.order == ProtectionOrder::SignBeforeEncryptAndEncryptSignature;
        if encrypted || !demanded || settings.accept_plain_endorsing {
            return Ok(());
        }
        Err(at(Reason::NotEncrypted("an endorsing signature".into()), element))
    }

    fn primary_signature(
        &mut self,
        element: Element<'_>,
        signature: &mut Signature<'_>,
        encrypted: bool,
    ) -> Result<()> {
        let settings = self.expect.settings;
        if matches!(self.expect.protection, ExpectedToken::Asymmetric(_)) {
            let signer =
                self.tokens.signer(&signature.key).map_err(|e| e.at("Signature/KeyInfo"))?;
            self.compared += 1;
            signature.verify_rsa(&signer, settings)?;
            self.tokens.signed_by(signer);
            let references = std::mem::take(&mut signature.references);
            self.primary =
                Some(Primary { node: element.id(), references, encrypted, digest: None });
            return Ok(());
        }
        let key = self.primary_key(&signature.key).map_err(|error| error.at(label(element)))?;
        self.compared += 1;
        signature.verify_mac(&key, settings)?;
        self.signing = Some(key);
        let references = std::mem::take(&mut signature.references);
        self.primary = Some(Primary { node: element.id(), references, encrypted, digest: None });
        Ok(())
    }

    /// The same of one that was read from its text; `node` stands for it.
    pub(super) fn usual_signature(
        &mut self,
        node: NodeId,
        key: &Arc<MessageKey>,
        usual: Usual<'_>,
        encrypted: bool,
    ) -> Result<()> {
        let settings = self.expect.settings;
        self.compared += 1;
        if !verify_mac(key, settings, &usual.value, |mac| mac.write(&usual.canonical))? {
            return Err(SecurityError::new(Reason::SignatureMismatch).at("Signature/SignedInfo"));
        }
        let digest = usual.digest(settings);
        let Usual { references, value, .. } = usual;
        self.signing = Some(Arc::clone(key));
        self.primary = Some(Primary { node, references, encrypted, digest });
        self.signatures.push(SentSignature { value, encrypted });
        Ok(())
    }

    /// The key of a primary signature under a symmetric key.
    pub(super) fn primary_key(&mut self, reference: &TokenRef<'_>) -> Result<Arc<MessageKey>> {
        let settings = self.expect.settings;
        let what = "the primary signature";
        match self.tokens.resolve(reference).map_err(|e| e.at("Signature/KeyInfo"))? {
            Resolved::Key { key, root: Root::Protection, derived } => {
                if settings.derived_keys && !derived {
                    return Err(Reason::DerivedKeyRequired(what).into());
                }
                key.check_signing(settings.suite).map_err(|e| e.at("Signature/KeyInfo"))?;
                Ok(key)
            }
            _ => {
                let expected = "a key of the protection token";
                Err(Reason::WrongToken { what, expected }.into())
            }
        }
    }

    /// Verifies the value of an endorsing signature under its own token, and names the token.
    pub(super) fn endorsing_key(
        &mut self,
        signature: &Signature<'_>,
        element: Element<'_>,
    ) -> Result<EndorsingProof> {
        let what = "an endorsing signature";
        let settings = self.expect.settings;
        let transport = matches!(self.expect.protection, ExpectedToken::Transport);
        let proof =
            match self.tokens.resolve(&signature.key).map_err(|e| e.at("Signature/KeyInfo"))? {
                Resolved::Certificate(certificate) => {
                    self.compared += 1;
                    signature.verify_rsa(&certificate, settings)?;
                    EndorsingProof::Certificate(certificate)
                }
                Resolved::Key { key, root: Root::Endorsing, derived } => {
                    if !derived && !transport {
                        return Err(at(Reason::DerivedKeyRequired(what), element));
                    }
                    key.check_signing(settings.suite).map_err(|e| e.at("Signature/KeyInfo"))?;
                    self.compared += 1;
                    signature.verify_mac(&key, settings)?;
                    let context = self.tokens.endorsing_context();
                    let context = context.ok_or(Reason::Missing("the endorsing security context"));
                    EndorsingProof::Context(context?)
                }
                Resolved::Key { .. } => {
                    let expected = "an endorsing token";
                    return Err(at(Reason::WrongToken { what, expected }, element));
                }
            };
        let same_kind = |known: &EndorsingProof| {
            std::mem::discriminant(known) == std::mem::discriminant(&proof)
        };
        if self.endorsing.iter().any(same_kind) {
            if transport {
                let token = proof.kind().name();
                return Err(at(Reason::SecondSupportingSignature(token.into()), element));
            }
            return Err(at(Reason::TooMany { what: "endorsing signatures", limit: 1 }, element));
        }
        Ok(proof)
    }

    /// An endorsing signature covers the primary signature and nothing else.
    fn endorse(
        &self,
        document: &Document,
        element: Element<'_>,
        signature: &Signature<'_>,
    ) -> Result<()> {
        let primary = self.primary.as_ref().ok_or(Reason::Missing("the primary signature"))?;
        let (primary, digest) = (document.element(primary.node), &primary.digest);
        let [reference] = &signature.references[..] else {
            return Err(at(Reason::TooMany { what: "References", limit: 1 }, element));
        };
        if primary.attribute("Id") != Some(&*reference.id) {
            return Err(at(Reason::UnresolvedReference((&*reference.id).into()), element));
        }
        let Some(digest) = digest else {
            return reference.verify(
                &mut Canonicalizer::new(document),
                primary,
                self.expect.settings,
            );
        };
        if let Some(verified) = reference.verify_digest(digest, primary.local_name()) {
            return verified;
        }
        // Another canonical form is of all that stands there.
        let mut whole = document.clone();
        let put = self.unread.as_ref().and_then(|unread| unread.put_beside(&mut whole).ok());
        let signature = put.flatten().ok_or(Reason::Missing("the primary signature"))?;
        let element = whole.element(signature);
        reference.verify(&mut Canonicalizer::new(&whole), element, self.expect.settings)
    }
}

/// The child elements; text and too many of them are refused.
fn children(security: Element<'_>) -> Result<SmallVec<[NodeId; 16]>> {
    let mut children = SmallVec::new();
    for node in security.children() {
        match node {
            Node::Element(element) => children.push(element.id()),
            Node::Text(text) if is_white_space(text) => {}
            Node::Comment(_) => {}
            _ => return Err(at(Reason::UnexpectedText, security)),
        }
    }
    if children.len() > limits::SECURITY_CHILDREN {
        let limit = limits::SECURITY_CHILDREN;
        return Err(at(Reason::TooMany { what: "children", limit }, security));
    }
    Ok(children)
}
