//! Headers that belong to an address: the reference parameters of an endpoint reference, which every message to that
//! endpoint carries (WS-Addressing 1.0 SOAP Binding §3.2; `<headers>` of a configuration file).

use std::sync::Arc;

use waxwing_xml::{Document, Element, Limits, Name, Node, ParseError};

use crate::envelope::Envelope;
use crate::version::AddressingVersion;

/// Attributes that say how a header travels and not what it is: those of SOAP and WS-Addressing, and the `Id` by which a
/// signature refers to it.
const OF_THE_WAY: &[&str] = &[
    "http://schemas.xmlsoap.org/soap/envelope/",
    "http://www.w3.org/2003/05/soap-envelope",
    "http://www.w3.org/2005/08/addressing",
    "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd",
];

/// The headers of an address, in the order in which they are written. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressHeaders(Arc<[AddressHeader]>);

/// One header of an address.
#[derive(Debug, PartialEq, Eq)]
pub struct AddressHeader {
    namespace: Box<str>,
    local: Box<str>,
    /// The element as text that stands alone.
    xml: Box<str>,
    /// The element in a form that can be compared.
    comparable: Box<str>,
}

impl AddressHeader {
    /// Namespace; empty when it has none.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Local name.
    pub fn local_name(&self) -> &str {
        &self.local
    }

    /// The whole element as text that stands alone.
    pub fn xml(&self) -> &str {
        &self.xml
    }
}

impl AddressHeaders {
    /// Reads elements that stand one after the other, each with the namespace declarations that it needs.
    ///
    /// # Errors
    /// It is no well-formed XML, or a prefix is declared outside of it.
    pub fn parse(xml: &str) -> Result<Self, ParseError> {
        // Most endpoints have none, and clients ask for each channel.
        if xml.is_empty() {
            return Ok(Self::default());
        }
        let document = Document::parse(format!("<headers>{xml}</headers>"), &Limits::SOAP)?;
        let header = |element: Element<'_>| {
            let mut text = Vec::new();
            document.write_element_to(element.id(), &mut text);
            AddressHeader {
                namespace: element.namespace().into(),
                local: element.local_name().into(),
                xml: String::from_utf8(text).unwrap_or_default().into(),
                comparable: comparable(element).into(),
            }
        };
        Ok(Self(document.root().elements().map(header).collect()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &AddressHeader> {
        self.0.iter()
    }

    /// Namespace and local name of each.
    pub fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|header| (&*header.namespace, &*header.local))
    }

    /// Whether both are the same, in any order and however they are spelled.
    pub fn are_alike(&self, other: &Self) -> bool {
        let sorted = |headers: &Self| {
            let mut all: Vec<_> =
                headers.0.iter().map(|header| header.comparable.clone()).collect();
            all.sort();
            all
        };
        sorted(self) == sorted(other)
    }

    /// Adds them to a message to the address, after its other headers; in WS-Addressing 1.0 each says that it is one
    /// (`IsReferenceParameter`).
    pub fn write(&self, envelope: &mut Envelope) {
        if self.is_empty() {
            return;
        }
        let version = envelope.version().addressing;
        let holder = envelope.header_or_insert();
        for header in self.0.iter() {
            let document = envelope.document_mut();
            // The text was read once and written by us.
            let _ = document.append_fragment(holder, header.xml.as_bytes(), &Limits::SOAP);
            let added = document.element(holder).elements().last().map(|added| added.id());
            if let (AddressingVersion::Addressing10, Some(added)) = (version, added) {
                let name = Name::new("a", "IsReferenceParameter", version.namespace());
                document.set_attribute(added, name, "true");
            }
        }
    }

    /// Whether a message carries each of them, with the same content. More headers do no harm, and neither do attributes
    /// that say how they travel.
    pub fn are_in(&self, envelope: &Envelope) -> bool {
        self.missing_in(envelope).next().is_none()
    }

    /// Those that a message does not carry with the same content.
    pub fn missing_in(&self, envelope: &Envelope) -> impl Iterator<Item = &AddressHeader> {
        self.0.iter().filter(move |header| {
            let named = envelope.headers().filter(|h| h.is(&header.namespace, &header.local));
            let mut for_us = named.filter(|h| envelope.is_for_ultimate_receiver(*h));
            !for_us.any(|found| *comparable(found) == *header.comparable)
        })
    }
}

/// An element as text in which prefixes, the order of attributes and what says how it travels make no difference.
fn comparable(element: Element<'_>) -> String {
    let mut text = String::new();
    compare(element, 0, &mut text);
    text
}

/// `level`: how deep in the header the element stands, 0 the header itself. Below the deepest level that a header of an
/// address has nothing can be the same: what a stranger nests there is not followed.
fn compare(element: Element<'_>, level: usize, out: &mut String) {
    if level > Limits::SOAP.max_depth {
        out.push_str("<deeper");
        return;
    }
    let is_header = level == 0;
    // Quotation marks keep apart what stands in one piece: they are doubled inside.
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    out.push_str(&format!("<{}{}", quoted(element.namespace()), quoted(element.local_name())));
    let mut attributes: Vec<String> = element
        .attributes()
        .filter(|a| !(is_header && OF_THE_WAY.contains(&a.name().namespace)))
        .map(|a| [a.name().namespace, a.name().local, a.value()].map(quoted).concat())
        .collect();
    attributes.sort();
    out.push_str(&attributes.concat());
    out.push('>');
    for child in element.children() {
        match child {
            Node::Element(child) => compare(child, level + 1, out),
            Node::Text(text) => out.push_str(&text.replace('<', "<<")),
            _ => {}
        }
    }
    out.push_str("</>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::MessageVersion;

    const TENANT: &str =
        "<t:Tenant xmlns:t=\"urn:tenants\" kind=\"a\" t:of=\"b\">north <t:Part/></t:Tenant>";
    const PLAIN: &str = "<Queue>7</Queue>";

    fn sent(headers: &AddressHeaders, version: MessageVersion) -> String {
        let mut envelope = Envelope::new(version);
        headers.write(&mut envelope);
        String::from_utf8(envelope.to_bytes()).unwrap()
    }

    fn are_in(headers: &AddressHeaders, text: &str) -> bool {
        let envelope = Envelope::parse(text.as_bytes().to_vec(), &Limits::SOAP).unwrap();
        headers.are_in(&envelope)
    }

    #[test]
    fn messages_carry_them_as_reference_parameters() {
        let headers = AddressHeaders::parse(&format!("{TENANT}\n{PLAIN}")).unwrap();
        let names: Vec<_> = headers.names().collect();
        assert_eq!(names, [("urn:tenants", "Tenant"), ("", "Queue")]);
        let text = sent(&headers, MessageVersion::SOAP12_ADDRESSING10);
        assert_eq!(text.matches("a:IsReferenceParameter=\"true\"").count(), 2, "{text}");
        assert!(are_in(&headers, &text), "{text}");
        let none = sent(&AddressHeaders::default(), MessageVersion::SOAP12_ADDRESSING10);
        assert!(!none.contains("IsReferenceParameter"), "{none}");
        let august = MessageVersion {
            addressing: AddressingVersion::August2004,
            ..MessageVersion::SOAP12_ADDRESSING10
        };
        let text = sent(&headers, august);
        assert!(!text.contains("IsReferenceParameter") && are_in(&headers, &text), "{text}");
    }

    #[test]
    fn content_counts_and_spelling_does_not() {
        let headers = AddressHeaders::parse(TENANT).unwrap();
        let message = |header: &str| {
            format!(
                "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
                 xmlns:a=\"http://www.w3.org/2005/08/addressing\"><s:Header><a:Action>x</a:Action>{header}</s:Header>\
                 <s:Body/></s:Envelope>"
            )
        };
        let other = "<Tenant xmlns=\"urn:tenants\" xmlns:q=\"urn:tenants\" q:of=\"b\" kind=\"a\" \
                     s:mustUnderstand=\"0\" a:IsReferenceParameter=\"true\">north <q:Part></q:Part></Tenant>";
        assert!(are_in(&headers, &message(other)));
        let without = Envelope::parse(message("").into_bytes(), &Limits::SOAP).unwrap();
        let missing: Vec<_> = headers.missing_in(&without).map(AddressHeader::local_name).collect();
        assert_eq!(missing, ["Tenant"]);
        assert!(are_in(&headers, &message(&format!("{}{other}", other.replace("north", "south")))));
        for wrong in [
            "",
            &other.replace("north", "south"),
            &other.replace("urn:tenants", "urn:other"),
            &other.replace("kind=\"a\"", "kind=\"c\""),
            &other.replace("<q:Part></q:Part>", ""),
            &other.replace("s:mustUnderstand=\"0\"", "s:role=\"urn:somebody\""),
        ] {
            assert!(!are_in(&headers, &message(wrong)), "{wrong}");
        }
    }

    #[test]
    fn alike_are_those_with_the_same_content() {
        let read = |xml: &str| AddressHeaders::parse(xml).unwrap();
        let spelled = "<Tenant xmlns=\"urn:tenants\" xmlns:q=\"urn:tenants\" q:of=\"b\" kind=\"a\">north <q:Part/></Tenant>";
        let both = read(&format!("{TENANT}{PLAIN}"));
        assert!(both.are_alike(&read(&format!("{PLAIN}{spelled}"))));
        assert!(AddressHeaders::default().are_alike(&AddressHeaders::default()));
        for other in [
            "",
            PLAIN,
            &format!("{PLAIN}{PLAIN}"),
            &format!("{PLAIN}{}", TENANT.replace("north", "south")),
        ] {
            assert!(!both.are_alike(&read(other)), "{other}");
        }
    }

    /// An endpoint may take messages of any depth (`maxDepth`); nobody has proven anything when their headers are compared.
    #[test]
    fn a_header_of_any_depth_is_compared() {
        let headers = AddressHeaders::parse(TENANT).unwrap();
        let levels = 200_000;
        let (down, up) = ("<a>".repeat(levels), "</a>".repeat(levels));
        let text = format!(
            "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Header>\
             <t:Tenant xmlns:t=\"urn:tenants\" kind=\"a\" t:of=\"b\">{down}{up}</t:Tenant></s:Header><s:Body/></s:Envelope>"
        );
        let limits = Limits { max_depth: usize::MAX, ..Limits::SOAP };
        let envelope = Envelope::parse(text.into_bytes(), &limits).unwrap();
        assert!(!headers.are_in(&envelope));
    }

    #[test]
    fn what_does_not_stand_alone_is_refused() {
        assert!(AddressHeaders::parse("<x:Tenant/>").is_err());
        assert!(AddressHeaders::parse("</headers><headers>").is_err());
        assert!(AddressHeaders::parse(" ").unwrap().is_empty());
    }
}
