//! Reading answers, of either version.

use waxwing_xml::Element;

use crate::name::namespaces::MEX;

/// WS-MetadataExchange 1.1 of the W3C.
pub(crate) const MEX11: &str = "http://www.w3.org/2009/09/ws-mex";

fn is_mex(element: Element<'_>, local: &str) -> bool {
    element.local_name() == local && matches!(element.namespace(), MEX | MEX11)
}

/// Why an answer has no metadata.
#[derive(Clone, Debug)]
pub(crate) enum NoMetadata<'d> {
    /// A fault came.
    Fault(Fault<'d>),
    /// Something else stands in the body.
    Other(Element<'d>),
    /// The body is empty, or missing.
    Nothing,
}

/// A SOAP fault of either version, as far as a person needs it.
#[derive(Clone, Debug)]
pub(crate) struct Fault<'d> {
    /// The fault.
    pub(crate) element: Element<'d>,
    /// What it says.
    pub(crate) reason: String,
}

/// The `wsx:Metadata` of a document: its root, or in the body of an envelope.
pub(crate) fn metadata(root: Element<'_>) -> Result<Element<'_>, NoMetadata<'_>> {
    if is_mex(root, "Metadata") {
        return Ok(root);
    }
    let body = root.elements().find(|e| e.local_name() == "Body");
    let content = body.and_then(|body| body.first_element()).ok_or(NoMetadata::Nothing)?;
    if is_mex(content, "Metadata") {
        return Ok(content);
    }
    // GetMetadataResponse of the W3C's version wraps it.
    if let Some(inside) = content.elements().find(|e| is_mex(*e, "Metadata")) {
        return Ok(inside);
    }
    if content.local_name() == "Fault" && content.namespace() == root.namespace() {
        return Err(NoMetadata::Fault(Fault { element: content, reason: reason(content) }));
    }
    Err(NoMetadata::Other(content))
}

/// `faultstring` of SOAP 1.1, the first `Text` of `Reason` of SOAP 1.2.
fn reason(fault: Element<'_>) -> String {
    let told = fault.descendants_and_self().find(|e| {
        e.local_name() == "faultstring"
            || e.local_name() == "Text" && e.parent().is_some_and(|p| p.local_name() == "Reason")
    });
    let text = told.map(|e| e.text().trim().to_owned()).unwrap_or_default();
    if text.is_empty() { "it gives no reason".to_owned() } else { text }
}

/// A `wsx:MetadataSection`.
#[derive(Clone, Debug)]
pub(crate) struct Section<'d> {
    /// `Identifier`: a target namespace.
    pub(crate) identifier: Option<&'d str>,
    /// What is inside.
    pub(crate) content: Content<'d>,
}

/// What a section holds.
#[derive(Clone, Debug)]
pub(crate) enum Content<'d> {
    /// The metadata: definitions, a schema, a policy, or something of another dialect.
    Element(Element<'d>),
    /// `wsx:Location`: the document is at a URL.
    Location(Element<'d>),
    /// `wsx:MetadataReference`: an endpoint has it.
    Reference(Element<'d>),
    /// It is empty.
    Nothing,
}

/// The sections in order.
pub(crate) fn sections(metadata: Element<'_>) -> impl Iterator<Item = Section<'_>> {
    let sections = metadata.elements().filter(|e| is_mex(*e, "MetadataSection"));
    sections.map(|element| {
        let content = match element.first_element() {
            Some(inside) if is_mex(inside, "Location") => Content::Location(inside),
            Some(inside) if is_mex(inside, "MetadataReference") => Content::Reference(inside),
            Some(inside) => Content::Element(inside),
            None => Content::Nothing,
        };
        Section { identifier: element.attribute("Identifier"), content }
    })
}
