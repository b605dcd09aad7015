//! The body and headers of an outgoing message: which are signed and encrypted, and how.

use waxwing_soap::{Envelope, Markup};
use waxwing_xml::{Canonicalizer, Document, Exclusive, Name, NodeId};

use super::super::ids::Id;
use super::super::key::Digester;
use super::super::names::{WSSE11, WSU};
use super::super::text::{EncryptedType, Place};
use super::super::{ProtectionOrder, SecuritySettings, SecurityVersion};
use super::Numbers;
use super::encryptor::Encryptor;
use super::plain::PlainParts;
use super::signature::{SignedPart, SignedParts};
use crate::error::{Reason, Result};
use crate::protection::{MessageProtection, ProtectionLevel};

/// The parts of one message that are protected.
pub(super) struct Parts {
    body: Part,
    headers: Vec<Part>,
    /// Headers that are text: there are no others then.
    plain: Option<PlainParts>,
    /// The body's content, once it is encrypted.
    encrypted_body: Option<Markup>,
}

struct Part {
    node: NodeId,
    level: ProtectionLevel,
    /// The number of the `u:Id` of what is signed.
    id: usize,
    /// The number of the identifier of the EncryptedData in the body, or of the EncryptedHeader in the place of a header.
    encrypted_id: usize,
}

impl Part {
    fn new(node: NodeId, level: ProtectionLevel) -> Self {
        Self { node, level, id: 0, encrypted_id: 0 }
    }
}

impl Parts {
    pub(super) fn find(
        envelope: &mut Envelope,
        protection: &MessageProtection,
        order: ProtectionOrder,
    ) -> Result<Self> {
        let plain = PlainParts::take(envelope, protection, order)?;
        let body = Part::new(envelope.body().id(), protection.body);
        if plain.is_some() {
            return Ok(Self { body, headers: Vec::new(), plain, encrypted_body: None });
        }
        let found = envelope
            .headers()
            .map(|h| Part::new(h.id(), protection.header(h.namespace(), h.local_name())))
            .filter(|part| part.level.signs());
        // A filter does not tell how many will come: a reliable request has six.
        let mut headers = Vec::with_capacity(8);
        headers.extend(found);
        Ok(Self { body, headers, plain, encrypted_body: None })
    }

    /// WS-Security 1.0 has no encrypted headers.
    pub(super) fn check_version(
        &self,
        envelope: &Envelope,
        settings: &SecuritySettings,
    ) -> Result<()> {
        let encrypted = self.headers.iter().find(|part| part.level.encrypts());
        match encrypted {
            Some(part) if settings.version == SecurityVersion::V10 => {
                let header = envelope.document().element(part.node);
                let (local, namespace) = (header.local_name().into(), header.namespace().into());
                Err(Reason::EncryptedHeader { local, namespace }.into())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn any_encrypted(&self) -> bool {
        self.body.level.encrypts() || self.headers.iter().any(|part| part.level.encrypts())
    }

    /// Numbers the parts, and gives those that are signed as they are their `u:Id` attributes. Under
    /// `EncryptBeforeSign` the EncryptedHeader is what is signed, and bears the only identifier.
    pub(super) fn identify(
        &mut self,
        envelope: &mut Envelope,
        order: ProtectionOrder,
        numbers: &mut Numbers,
    ) {
        declare_utility(envelope);
        let document = envelope.document_mut();
        let body = &mut self.body;
        let encrypt_first = order == ProtectionOrder::EncryptBeforeSign;
        if encrypt_first && body.level.encrypts() {
            body.encrypted_id = numbers.number();
        }
        if body.level.signs() {
            body.id = numbers.number();
            document.set_attribute(body.node, Name::new("u", "Id", WSU), &Id::numbered(body.id));
        }
        if !encrypt_first && body.level.encrypts() {
            body.encrypted_id = numbers.number();
        }
        for part in &mut self.headers {
            if part.level.encrypts() && encrypt_first {
                part.encrypted_id = numbers.number();
                part.id = part.encrypted_id;
                continue;
            }
            part.id = numbers.number();
            document.set_attribute(part.node, Name::new("u", "Id", WSU), &Id::numbered(part.id));
            if part.level.encrypts() {
                part.encrypted_id = numbers.number();
            }
        }
        if let Some(plain) = &mut self.plain {
            plain.identify(numbers);
        }
    }

    /// The headers that are text, to be put beside those of the security.
    pub(super) fn take_plain(&mut self) -> Option<PlainParts> {
        self.plain.take()
    }

    /// The digests of the signed parts as they stand: body first, then the headers in their order.
    pub(super) fn digests(&self, envelope: &Envelope, settings: &SecuritySettings) -> SignedParts {
        let mut canonicalizer = Canonicalizer::new(envelope.document());
        std::iter::once(&self.body)
            .chain(&self.headers)
            .filter(|part| part.level.signs())
            .map(|part| {
                let mut digest = Digester::new(settings);
                let element = envelope.document().element(part.node);
                canonicalizer.write(element, &Exclusive::default(), &mut digest);
                SignedPart::new(Id::numbered(part.id), &digest.finish())
            })
            .chain(self.plain.iter().flat_map(|plain| plain.digests(settings)))
            .collect()
    }

    /// Encrypts what is to be: headers in their places, the body's content aside.
    pub(super) fn encrypt(
        &mut self,
        envelope: &mut Envelope,
        encryptor: &mut Encryptor<'_, '_>,
    ) -> Result<()> {
        if self.body.level.encrypts() {
            self.encrypt_body(envelope.document(), encryptor)?;
        }
        for part in self.headers.iter_mut().filter(|part| part.level.encrypts()) {
            encrypt_header(envelope, part, encryptor)?;
        }
        Ok(())
    }

    /// The body as it is signed after it was encrypted.
    pub(super) fn write_body_in_pairs(&self, envelope: &mut Envelope) {
        if self.body.level.encrypts() {
            write_pairs(envelope.document_mut(), self.body.node);
        }
    }

    fn encrypt_body(
        &mut self,
        document: &Document,
        encryptor: &mut Encryptor<'_, '_>,
    ) -> Result<()> {
        let body = self.body.node;
        let id = Id::numbered(self.body.encrypted_id);
        let kind = (EncryptedType::Content, Place::Elsewhere);
        let room = document.text_octets();
        let markup =
            encryptor.markup(id, kind, room, |octets| document.write_children_to(body, octets))?;
        self.encrypted_body = Some(markup);
        Ok(())
    }

    /// The encrypted content of the body, which is to go in its place.
    pub(super) fn take_encrypted_body(&mut self) -> Option<Markup> {
        self.encrypted_body.take()
    }

    /// Puts the encrypted content of the body in its place, where it is to be signed.
    pub(super) fn replace_body(&mut self, envelope: &mut Envelope) -> Result<()> {
        match self.encrypted_body.take() {
            None => Ok(()),
            Some(markup) => {
                let document = envelope.document_mut();
                document.clear(self.body.node);
                append(document, self.body.node, markup)
            }
        }
    }
}

/// Writes the empty elements below `parent` as pairs of tags, as WCF does in a body that it signs after it was encrypted.
fn write_pairs(document: &mut Document, parent: NodeId) {
    let below = document.element(parent).descendants_and_self();
    let empty: Vec<NodeId> = below.filter(|e| e.is_empty()).map(|e| e.id()).collect();
    for element in empty {
        document.set_end_tag(element, true);
    }
}

/// Replaces a header by an EncryptedHeader (WS-Security 1.1 §9.3). Its identifier is the one that the ReferenceList names,
/// and its attributes are those of the Security header whatever the header's own, as WCF's reader demands.
fn encrypt_header(
    envelope: &mut Envelope,
    part: &mut Part,
    encryptor: &mut Encryptor<'_, '_>,
) -> Result<()> {
    let soap = envelope.version().soap.namespace();
    let document = envelope.document_mut();
    let id = Id::numbered(part.encrypted_id);
    let kind = (EncryptedType::Header, Place::Elsewhere);
    let data = encryptor.markup(id.clone(), kind, 0, |octets| {
        document.write_element_to(part.node, octets);
    })?;
    let header =
        document.insert_element_before(part.node, Name::new("k", "EncryptedHeader", WSSE11));
    document.set_attribute(header, Name::new("s", "mustUnderstand", soap), "1");
    document.set_attribute(header, Name::new("u", "Id", WSU), &id);
    append(document, header, data)?;
    document.detach(part.node);
    part.node = header;
    Ok(())
}

fn append(document: &mut Document, parent: NodeId, markup: Markup) -> Result<()> {
    let put = markup.put(document, parent);
    Ok(put.map_err(|e| Reason::DecryptedContent(e.to_string().into()))?)
}

/// Declares the prefix of the `Id` attributes on the envelope.
pub(crate) fn declare_utility(envelope: &mut Envelope) {
    let document = envelope.document_mut();
    let root = document.root().id();
    if document.root().resolve_prefix("u") != Some(WSU) {
        document.declare_namespace(root, "u", WSU);
    }
}
