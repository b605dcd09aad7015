//! Body and headers of a received message: decrypted in place, and compared with the signature.

use smallvec::SmallVec;
use waxwing_soap::Envelope;
use waxwing_xml::{Canonicalizer, Document, Element, Node, NodeId};

use super::super::ProtectionOrder;
use super::super::expect::Expectations;
use super::super::known_header::KnownIds;
use super::super::limits;
use super::super::names::{WSSE11, WSU, XENC};
use super::super::read::{at, elements, is_white_space, malformed};
use super::super::verified::{Headers, PartProtection};
use super::decrypt::{self, DataReferences, Octets, Stands};
use super::ids::Ids;
use super::pass::Pass;
use super::remembered::Remembered;
use super::signature::{Primary, Signed};
use super::tokens::Tokens;
use crate::error::{Reason, Result};
use crate::protection::{MessageProtection, ProtectionLevel, is_infrastructure_header};

/// The body and headers with what is known of their protection.
pub(super) struct Parts {
    security: NodeId,
    soap: &'static str,
    pub(super) body: (NodeId, PartProtection),
    pub(super) headers: Headers,
    /// The length of the text in front of the first header, in a message that came [as it is](Document::is_as_read).
    around: Option<usize>,
}

impl Parts {
    /// Finds the parts, the Security header left out. `is_as_read` tells whether the message was [as it was
    /// read](Document::is_as_read) before anything in it was decrypted.
    pub(super) fn find(envelope: &Envelope, security: NodeId, is_as_read: bool) -> Result<Self> {
        let headers: Headers = envelope
            .headers()
            .map(|h| h.id())
            .filter(|id| *id != security)
            .map(|id| (id, PartProtection::default()))
            .collect();
        if headers.len() > limits::HEADERS {
            let limit = limits::HEADERS;
            return Err(Reason::TooMany { what: "headers", limit }.into());
        }
        let soap = envelope.version().soap.namespace();
        let body = (envelope.body().id(), PartProtection::default());
        let first = envelope.headers().next().filter(|_| is_as_read);
        let around = first.map(|header| header.span().start as usize);
        Ok(Self { security, soap, body, headers, around })
    }

    /// Decrypts the body and every header that the reference list announces. What cannot be decrypted stays as it is and
    /// spoils the message, which is read on: see [`Pass::spoil`].
    pub(super) fn decrypt(&mut self, document: &mut Document, pass: &mut Pass<'_>) -> Result<()> {
        if let Some(references) = &mut pass.references
            && let Err(error) = self.decrypt_body(
                document,
                references,
                &mut pass.tokens,
                (pass.expect, &mut pass.octets),
            )
        {
            pass.spoil(error);
        }
        if let Err(error) = self.decrypt_headers(document, pass) {
            pass.spoil(error);
        }
        match &pass.references {
            Some(references) => references.all_met(),
            None => Ok(()),
        }
    }

    fn decrypt_headers(&mut self, document: &mut Document, pass: &mut Pass<'_>) -> Result<()> {
        let Pass { references, tokens, expect, octets, .. } = pass;
        let mut result = Ok(());
        let (security, soap) = (self.security, self.soap);
        for (node, protection) in &mut self.headers {
            let header = document.element(*node);
            let security = document.element(security);
            if let Some(HiddenHeader { data, stands, ids }) =
                HiddenHeader::read(header, security, soap)?
            {
                let announced = references.as_mut().and_then(|references| {
                    let id = ids.into_iter().flatten().find(|id| references.announces(id))?;
                    Some((references, id))
                });
                let (references, id) = announced.ok_or_else(|| {
                    at(Reason::UnresolvedReference("an encrypted header".into()), data)
                })?;
                references.meet(id, data)?;
                let plain = decrypt::open(data, stands, tokens, expect.settings, octets)?;
                let replaced = decrypt::replace(document, *node, plain.octets, expect.limits);
                if !plain.is_padded {
                    result = Err(decrypt::badly_padded());
                }
                match replaced {
                    Ok(replaced) => *node = replaced,
                    Err(error) => return result.and(Err(error)),
                }
                protection.encrypted = true;
            }
        }
        result
    }

    /// The body is encrypted when its first element is an EncryptedData that is announced. White space
    /// before it does not count, anything after it is refused.
    fn decrypt_body(
        &mut self,
        document: &mut Document,
        references: &mut DataReferences,
        tokens: &mut Tokens<'_>,
        (expect, octets): (&Expectations<'_>, &mut Octets),
    ) -> Result<()> {
        let body = document.element(self.body.0);
        let announced = |e: &Element<'_>| {
            e.is(XENC, "EncryptedData")
                && e.attribute("Id").is_some_and(|id| references.announces(id))
        };
        let Some(data) = body.first_element().filter(announced) else {
            return Ok(());
        };
        let mut after = false;
        for node in body.children() {
            let fits = match node {
                Node::Element(element) if element == data => {
                    after = true;
                    true
                }
                Node::Text(text) => !after && is_white_space(text),
                Node::Comment(_) => !after,
                _ => false,
            };
            if !fits {
                return Err(at(Reason::UnexpectedText, body));
            }
        }
        references.meet(data.attribute("Id").unwrap_or(""), data)?;
        let parts = (self.body.0, data.id());
        decrypt::open_body(document, parts, tokens, (expect, octets))?;
        self.body.1.encrypted = true;
        Ok(())
    }

    /// Every reference of a signature must lead to the body, a header or a child of the
    /// Security header, and its digest must be right.
    pub(super) fn check_digests(
        &mut self,
        document: &Document,
        security: NodeId,
        primary: &Primary,
        (expect, known): (&Expectations<'_>, Option<&KnownIds<'_>>),
        ids: &Ids<'_>,
    ) -> Result<Signed> {
        let mut signed_children = SmallVec::new();
        // Of a header that is read from its text only the timestamp can be signed.
        let stamp = known.and_then(|header| header.stamp.as_ref());
        let mut canonicalizer = Canonicalizer::new(document);
        let around = self.around.filter(|_| !document.holds_secret());
        let around = around.and_then(|around| document.source().get(..around));
        let algorithm = expect.settings.suite.digest;
        let mut remembered = around.map(|around| Remembered::within(around, algorithm));
        let body = self.body.0;
        for reference in &primary.references {
            if let Some(stamp) = stamp.filter(|stamp| reference.id.is(stamp.id)) {
                reference.verify_known(&stamp.canonical(), "Timestamp", expect.settings)?;
                signed_children.push(security);
                continue;
            }
            let unresolved = || Reason::UnresolvedReference((&*reference.id).into());
            let node = ids.find(reference).ok_or_else(unresolved)?;
            let element = document.element(node);
            let part = self.part_mut(node);
            if part.is_none() && !is_child(element, security) {
                return Err(unresolved().into());
            }
            let is_encrypted = part.as_ref().is_some_and(|part| part.encrypted);
            match &mut remembered {
                // What was encrypted is not kept beyond its message, and is not where its text is.
                Some(remembered) if node != body && part.is_some() && !is_encrypted => {
                    let header = (element, document.source_of(element.span()));
                    reference.verify_remembered(
                        &mut canonicalizer,
                        header,
                        expect.settings,
                        remembered,
                    )?;
                }
                _ => reference.verify(&mut canonicalizer, element, expect.settings)?,
            }
            match part {
                Some(protection) => protection.signed = true,
                None => signed_children.push(node),
            }
        }
        Ok(signed_children)
    }

    fn part_mut(&mut self, node: NodeId) -> Option<&mut PartProtection> {
        if self.body.0 == node {
            return Some(&mut self.body.1);
        }
        self.headers.iter_mut().find(|(id, _)| *id == node).map(|(_, protection)| protection)
    }

    /// Compares what is protected with what must be.
    pub(super) fn check_requirements(
        &self,
        document: &Document,
        required: &MessageProtection,
        pass: &Pass<'_>,
    ) -> Result<()> {
        let body = self.body.1;
        let is_doubtful = self.is_doubtful(document, pass);
        // Whoever cannot sign cannot take a signed body out of the signature.
        check_level(required.body, body, "the Body")
            .map_err(|error| error.doubtful(is_doubtful && body.signed))?;
        for (node, protection) in &self.headers {
            let header = document.element(*node);
            let (namespace, local) = (header.namespace(), header.local_name());
            let level = required.header(namespace, local);
            if is_infrastructure_header(namespace, local) {
                check(level.signs(), *protection, local)?;
            } else {
                // A header that is not signed can be anybody's.
                check_level(level, *protection, &format!("the header '{local}'"))
                    .map_err(|error| error.doubtful(is_doubtful || !protection.signed))?;
            }
        }
        Ok(())
    }

    /// Whether a part that is signed and not encrypted can have been encrypted by its sender. Who knows the text can put it
    /// in the place of the ciphertext, where the signature is over the text, or strike a body that was signed encrypted
    /// off the list of what is to be decrypted. A signature in clear shows that nothing was encrypted, where it would
    /// be encrypted as well: nobody else knows it.
    fn is_doubtful(&self, document: &Document, pass: &Pass<'_>) -> bool {
        match pass.expect.settings.order {
            ProtectionOrder::SignBeforeEncryptAndEncryptSignature => {
                pass.primary.as_ref().is_none_or(|primary| primary.encrypted)
            }
            ProtectionOrder::SignBeforeEncrypt => true,
            ProtectionOrder::EncryptBeforeSign => {
                let first = document.element(self.body.0).first_element();
                first.is_some_and(|element| element.is(XENC, "EncryptedData"))
            }
        }
    }

    /// Whether anything is encrypted.
    pub(super) fn any_encrypted(&self) -> bool {
        self.body.1.encrypted || self.any_header_encrypted()
    }

    /// Whether any header is encrypted.
    pub(super) fn any_header_encrypted(&self) -> bool {
        self.headers.iter().any(|(_, protection)| protection.encrypted)
    }
}

/// What a contract demands of a part.
fn check_level(level: ProtectionLevel, found: PartProtection, what: &str) -> Result<()> {
    if found.encrypted && !found.signed {
        return Err(Reason::EncryptedNotSigned(what.into()).into());
    }
    let found = match (found.signed, found.encrypted) {
        (true, true) => ProtectionLevel::EncryptAndSign,
        (true, false) => ProtectionLevel::Sign,
        (false, _) => ProtectionLevel::None,
    };
    if found < level {
        return Err(Reason::Level { what: what.into(), found, required: level }.into());
    }
    Ok(())
}

/// What the protocols demand of a header of theirs.
fn check(signed: bool, found: PartProtection, what: &str) -> Result<()> {
    if found.encrypted && !found.signed {
        return Err(Reason::EncryptedNotSigned(what.into()).into());
    }
    if signed && !found.signed {
        return Err(Reason::NotSigned(what.into()).into());
    }
    Ok(())
}

/// A header that is encrypted: inside an EncryptedHeader (WS-Security 1.1 §9.3), or as it is (1.0).
struct HiddenHeader<'e> {
    data: Element<'e>,
    stands: Stands,
    /// The identifiers by which the ReferenceList may announce it: WCF names the EncryptedHeader, others the
    /// EncryptedData; WCF reads both.
    ids: [Option<&'e str>; 2],
}

impl<'e> HiddenHeader<'e> {
    /// An EncryptedHeader goes the way of the Security header that decrypts it: both have the same SOAP attributes, whatever
    /// those of the header inside. WCF refuses others, too.
    fn read(header: Element<'e>, security: Element<'_>, soap: &str) -> Result<Option<Self>> {
        if header.is(XENC, "EncryptedData") {
            let ids = [header.attribute("Id"), None];
            return Ok(Some(Self { data: header, stands: Stands::Element, ids }));
        }
        if !header.is(WSSE11, "EncryptedHeader") {
            return Ok(None);
        }
        if routing(header, soap) != routing(security, soap) {
            return Err(malformed(header, "an EncryptedHeader", "the attributes of its Security"));
        }
        let children = elements(header)?;
        match &children[..] {
            [data] if data.is(XENC, "EncryptedData") => {
                let ids = [header.attribute_ns(WSU, "Id"), data.attribute("Id")];
                Ok(Some(Self { data: *data, stands: Stands::Header, ids }))
            }
            _ => Err(malformed(header, "an EncryptedHeader", "one EncryptedData")),
        }
    }
}

fn is_child(element: Element<'_>, parent: NodeId) -> bool {
    element.parent().is_some_and(|found| found.id() == parent)
}

/// For whom a header is and whether it must be understood (SOAP 1.2 Part 1 §5.2, SOAP 1.1 §4.2).
fn routing<'e>(header: Element<'e>, soap: &str) -> [Option<&'e str>; 4] {
    ["mustUnderstand", "relay", "role", "actor"].map(|attribute| {
        match header.attribute_ns(soap, attribute)?.trim() {
            "" | "0" | "false" => None,
            "true" => Some("1"),
            value => Some(value),
        }
    })
}
