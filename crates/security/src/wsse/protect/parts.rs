//! The body and headers of an outgoing message: which are signed and encrypted, and how.

use waxwing_soap::Envelope;
use waxwing_xml::{Document, Exclusive, Limits, Name, NodeId, canonicalize};

use super::super::SecuritySettings;
use super::super::key::Digester;
use super::super::names::{WSSE11, WSU};
use super::Numbers;
use super::encryptor::Encryptor;
use super::signature::SignedPart;
use super::text::{EncryptedType, Place, push, push_escaped};
use crate::error::{Reason, Result};
use crate::protection::{MessageProtection, ProtectionLevel};

/// The parts of one message that are protected.
pub(super) struct Parts {
    body: Part,
    headers: Vec<Part>,
}

struct Part {
    node: NodeId,
    level: ProtectionLevel,
    /// The `u:Id`, and that of the EncryptedData.
    id: String,
    encrypted_id: String,
    /// The `u:Id` of the EncryptedHeader.
    wrapper_id: String,
}

impl Part {
    fn new(node: NodeId, level: ProtectionLevel) -> Self {
        let (id, encrypted_id, wrapper_id) = Default::default();
        Self { node, level, id, encrypted_id, wrapper_id }
    }
}

impl Parts {
    pub(super) fn find(envelope: &Envelope, protection: &MessageProtection) -> Self {
        let body = Part::new(envelope.body().id(), protection.body);
        let headers = envelope
            .headers()
            .map(|h| Part::new(h.id(), protection.header(h.namespace(), h.local_name())))
            .filter(|part| part.level.signs())
            .collect();
        Self { body, headers }
    }

    pub(super) fn any_encrypted(&self) -> bool {
        self.body.level.encrypts() || self.headers.iter().any(|part| part.level.encrypts())
    }

    /// Numbers the parts and gives them their `u:Id` attributes.
    pub(super) fn identify(&mut self, envelope: &mut Envelope, numbers: &mut Numbers) {
        declare_utility(envelope);
        let document = envelope.document_mut();
        for part in std::iter::once(&mut self.body).chain(&mut self.headers) {
            if part.level.signs() {
                part.id = numbers.next();
                document.set_attribute(part.node, Name::new("u", "Id", WSU), &part.id);
            }
            if part.level.encrypts() {
                part.encrypted_id = numbers.next();
            }
        }
        for part in self.headers.iter_mut().filter(|part| part.level.encrypts()) {
            part.wrapper_id = numbers.next();
        }
    }

    /// The digests of the signed parts: body first, then the headers in their order.
    pub(super) fn digests(
        &self,
        envelope: &Envelope,
        settings: &SecuritySettings,
    ) -> Vec<SignedPart> {
        std::iter::once(&self.body)
            .chain(&self.headers)
            .filter(|part| part.level.signs())
            .map(|part| {
                let mut digest = Digester::new(settings);
                let element = envelope.document().element(part.node);
                canonicalize(element, &Exclusive::default(), &mut digest);
                SignedPart { id: part.id.clone(), digest: digest.finish() }
            })
            .collect()
    }

    /// Replaces the parts that are encrypted.
    pub(super) fn encrypt(
        &self,
        envelope: &mut Envelope,
        encryptor: &mut Encryptor<'_, '_>,
    ) -> Result<()> {
        if self.body.level.encrypts() {
            self.encrypt_body(envelope.document_mut(), encryptor)?;
        }
        for part in self.headers.iter().filter(|part| part.level.encrypts()) {
            encrypt_header(envelope, part, encryptor)?;
        }
        Ok(())
    }

    fn encrypt_body(
        &self,
        document: &mut Document,
        encryptor: &mut Encryptor<'_, '_>,
    ) -> Result<()> {
        let body = self.body.node;
        let mut plaintext = Vec::with_capacity(1024);
        document.write_children_to(body, &mut plaintext);
        let id = self.body.encrypted_id.clone();
        let text = encryptor.encrypt(id, EncryptedType::Content, &plaintext, Place::Elsewhere)?;
        document.clear(body);
        append(document, body, &text)
    }
}

/// Replaces a header by an EncryptedHeader (WS-Security 1.1 §9.3).
fn encrypt_header(
    envelope: &mut Envelope,
    part: &Part,
    encryptor: &mut Encryptor<'_, '_>,
) -> Result<()> {
    let soap = envelope.version().soap.namespace();
    let document = envelope.document_mut();
    let mut plaintext = Vec::with_capacity(512);
    document.write_element_to(part.node, &mut plaintext);
    let id = part.encrypted_id.clone();
    let data = encryptor.encrypt(id, EncryptedType::Element, &plaintext, Place::Elsewhere)?;
    let mut text = Vec::with_capacity(data.len() + 256);
    push(&mut text, &["<k:EncryptedHeader u:Id=\"", &part.wrapper_id, "\""]);
    for attribute in ["mustUnderstand", "role", "actor", "relay"] {
        if let Some(value) = document.element(part.node).attribute_ns(soap, attribute) {
            push(&mut text, &[" s:", attribute, "=\""]);
            push_escaped(&mut text, value);
            push(&mut text, &["\""]);
        }
    }
    push(&mut text, &[" xmlns:k=\"", WSSE11, "\" xmlns:s=\"", soap, "\">"]);
    text.extend_from_slice(&data);
    push(&mut text, &["</k:EncryptedHeader>"]);
    document
        .replace_with_fragment(part.node, &text, &Limits::default())
        .map_err(|e| Reason::DecryptedContent(e.to_string().into()))?;
    Ok(())
}

fn append(document: &mut Document, parent: NodeId, text: &[u8]) -> Result<()> {
    document
        .append_fragment(parent, text, &Limits::default())
        .map_err(|e| Reason::DecryptedContent(e.to_string().into()))?;
    Ok(())
}

/// Declares the prefix of the `Id` attributes on the envelope.
pub(super) fn declare_utility(envelope: &mut Envelope) {
    let document = envelope.document_mut();
    let root = document.root().id();
    if document.root().resolve_prefix("u") != Some(WSU) {
        document.declare_namespace(root, "u", WSU);
    }
}

/// Appends the Security header.
pub(super) fn append_header(envelope: &mut Envelope, text: &[u8]) -> Result<()> {
    let header = envelope.header_or_insert();
    append(envelope.document_mut(), header, text)
}
