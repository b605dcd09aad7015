//! Headers that are text when they come to be signed: their canonical form is made of the same text as what goes out.

use waxwing_soap::{Envelope, PlainHeader, PlainHeaders, SoapVersion};

use super::super::ids::Id;
use super::super::key::Digester;
use super::super::names::WSU;
use super::super::text::push;
use super::super::{ProtectionOrder, SecuritySettings};
use super::Numbers;
use super::parts::declare_utility;
use super::signature::SignedPart;
use crate::error::{Reason, Result};
use crate::protection::{MessageProtection, ProtectionLevel};

/// The headers of a message as text, each of which is signed and none of which is encrypted.
pub(super) struct PlainParts {
    headers: PlainHeaders,
    soap: SoapVersion,
    /// The number of the identifier of the first. The others follow.
    first: usize,
}

impl PlainParts {
    /// Takes them out of the message. None where they are to be treated as the elements that the message shows then.
    ///
    /// # Errors
    /// [`Reason::Plan`]: one has the prefix of the identifiers for something else.
    pub(super) fn take(
        envelope: &mut Envelope,
        protection: &MessageProtection,
        order: ProtectionOrder,
    ) -> Result<Option<Self>> {
        let Some(headers) = envelope.take_plain_headers() else { return Ok(None) };
        declare_utility(envelope);
        let declared = envelope.header().and_then(|header| header.resolve_prefix("u"));
        let is_signed = |header: PlainHeader<'_>| {
            let name = header.name;
            // Declarations are sorted by their prefixes: its own is the first.
            let is_first = !name.prefix.is_empty() && name.prefix < "s";
            is_first && protection.header(name.namespace, name.local) == ProtectionLevel::Sign
        };
        let fits = declared == Some(WSU)
            && order != ProtectionOrder::EncryptBeforeSign
            && headers.iter().all(is_signed);
        if !fits {
            // They stood there; none must be left out.
            let put = envelope.put_plain_headers(headers);
            put.map_err(|_| Reason::Plan("a header uses the prefix u for another namespace"))?;
            return Ok(None);
        }
        Ok(Some(Self { headers, soap: envelope.version().soap, first: 0 }))
    }

    /// The same as they were taken.
    pub(super) fn into_headers(self) -> PlainHeaders {
        self.headers
    }

    /// Numbers them.
    pub(super) fn identify(&mut self, numbers: &mut Numbers) {
        self.first = numbers.0;
        numbers.0 += self.headers.iter().count();
    }

    fn each(&self) -> impl Iterator<Item = (Id, PlainHeader<'_>)> {
        (self.first..).map(Id::numbered).zip(self.headers.iter())
    }

    /// Their digests.
    pub(super) fn digests(&self, settings: &SecuritySettings) -> impl Iterator<Item = SignedPart> {
        let mut canonical = Vec::with_capacity(1024);
        self.each().map(move |(id, header)| {
            canonical.clear();
            push_canonical(&mut canonical, header, &id, self.soap);
            SignedPart::new(id, &Digester::digest(settings, &canonical))
        })
    }

    /// Appends them as they go out.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for (id, header) in self.each() {
            header.write(out, &[" u:Id=\"", &id, "\""]);
        }
    }
}

/// The canonical form (Exclusive XML Canonicalization 1.0): the start tag declares what it uses, in the order of the prefixes,
/// and the attributes stand in the order of their namespaces.
fn push_canonical(out: &mut Vec<u8>, header: PlainHeader<'_>, id: &str, soap: SoapVersion) {
    let name = header.name;
    push(out, &["<", name.prefix, ":", name.local]);
    push(out, &[" xmlns:", name.prefix, "=\"", name.namespace, "\""]);
    if header.must_understand {
        push(out, &[" xmlns:s=\"", soap.namespace(), "\""]);
    }
    // That of the identifier is less than either of SOAP.
    push(out, &[" xmlns:u=\"", WSU, "\" u:Id=\"", id, "\""]);
    if header.must_understand {
        push(out, &[" s:mustUnderstand=\"1\""]);
    }
    push(out, &[">"]);
    out.extend_from_slice(header.canonical);
    push(out, &["</", name.prefix, ":", name.local, ">"]);
}
