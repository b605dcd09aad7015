//! `readerQuotas`: how long the names and start tags of a message may be, as far as an endpoint sets it. The lengths of
//! strings and arrays are the business of whoever reads values: [`ObjectQuotas`](crate::contract::ObjectQuotas).
//!
//! WCF's quotas are limits of its XML reader, and a message that exceeds one fails where its body is read: the service
//! answers with the fault `DeserializationFailed`, the client's call fails, and the session goes on. So they are applied
//! here to what was verified and decrypted, before the operation or the caller gets it. What protects the memory is
//! `maxReceivedMessageSize`, which bounds a message before it is looked at.

use std::collections::HashSet;

use waxwing_binding::EffectiveEndpoint;
use waxwing_soap::Envelope;
use waxwing_xml::Element;

/// The header whose values are of the security, not of the message: signatures, certificates.
const SECURITY: (&str, &str) = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
    "Security",
);

/// The quotas that an endpoint sets; a quota that was never set is as wide as a message can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MessageQuotas {
    start_tag: usize,
    name_table: usize,
}

/// A quota that a message exceeds, in WCF's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QuotaExceeded {
    #[error(
        "The maximum read length quota ({0}) has been exceeded while reading XML data. Long element start tags \
         (consisting of element name, attribute names and attribute values) may trigger this quota. This quota may be \
         increased by changing the MaxBytesPerRead property on the XmlDictionaryReaderQuotas object used when creating \
         the XML reader."
    )]
    StartTag(usize),
    #[error(
        "The maximum nametable character count quota ({0}) has been exceeded while reading XML data. The nametable is a \
         data structure used to store strings encountered during XML processing - long XML documents with non-repeating \
         element names, attribute names and attribute values may trigger this quota. This quota may be increased by \
         changing the MaxNameTableCharCount property on the XmlDictionaryReaderQuotas object used when creating the XML \
         reader."
    )]
    NameTable(usize),
}

impl MessageQuotas {
    /// Those of an endpoint; none when it sets none, so that its messages are not walked through.
    pub(crate) fn of(endpoint: &EffectiveEndpoint) -> Option<Self> {
        let quotas = endpoint.quotas;
        let set = Self {
            start_tag: quotas.max_bytes_per_read as usize,
            name_table: quotas.max_name_table_char_count as usize,
        };
        const WIDE: usize = i32::MAX as usize;
        let is_wide = |quota: usize| quota >= WIDE;
        let all = [set.start_tag, set.name_table];
        (!all.into_iter().all(is_wide)).then_some(set)
    }

    /// Looks at the headers and the body of a message.
    ///
    /// # Errors
    /// The first quota that it exceeds.
    pub(crate) fn check(&self, message: &Envelope) -> Result<(), QuotaExceeded> {
        let mut names = Names { known: HashSet::new(), characters: 0 };
        let headers = message.headers().filter(|header| !header.is(SECURITY.0, SECURITY.1));
        for part in headers.chain([message.body()]) {
            for element in part.descendants_and_self() {
                self.element(element, &mut names)?;
            }
        }
        Ok(())
    }

    fn element<'m>(
        &self,
        element: Element<'m>,
        names: &mut Names<'m>,
    ) -> Result<(), QuotaExceeded> {
        // `<name>`, and ` name="value"` for each attribute.
        let mut tag = element.qualified_name().len() + "<>".len();
        for (prefix, namespace) in element.namespace_declarations() {
            tag += " xmlns:=\"\"".len() + prefix.len() + namespace.len();
        }
        for attribute in element.attributes() {
            let name = attribute.name();
            tag += " :=\"\"".len() + name.prefix.len() + name.local.len() + attribute.value().len();
            names.add([name.prefix, name.local, name.namespace]);
        }
        names.add([element.prefix(), element.local_name(), element.namespace()]);
        if tag > self.start_tag {
            return Err(QuotaExceeded::StartTag(self.start_tag));
        }
        if names.characters > self.name_table {
            return Err(QuotaExceeded::NameTable(self.name_table));
        }
        Ok(())
    }
}

/// The length that .NET counts: UTF-16 units.
fn characters(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The different prefixes, names and namespaces of a message.
struct Names<'m> {
    known: HashSet<&'m str>,
    characters: usize,
}

impl<'m> Names<'m> {
    fn add(&mut self, names: [&'m str; 3]) {
        for name in names {
            if self.known.insert(name) {
                self.characters += characters(name);
            }
        }
    }
}
