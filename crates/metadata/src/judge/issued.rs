//! Issued tokens (WS-SecurityPolicy 1.2 §5.4.2): carried and described, although no client here can ask for one.

use std::fmt::Write as _;

use waxwing_binding::{
    ClaimTypeRequirement, ClaimTypeRequirements, IssuedKeyType, IssuedTokenParameters, Issuer,
    IssuerMetadata, RawXml,
};

use crate::name::namespaces::SP12;
use crate::policy::Assertion;

/// What WCF writes for an issuer that the client has to find.
const ANONYMOUS: &str = "http://schemas.microsoft.com/2005/12/ServiceModel/Addressing/Anonymous";
/// What the algorithm suite says anyway, and WCF leaves out in version 1.1.
const BY_SUITE: &[&str] = &[
    "CanonicalizationAlgorithm",
    "EncryptionAlgorithm",
    "EncryptWith",
    "SignWith",
    "SignatureAlgorithm",
    "KeyWrapAlgorithm",
];
/// Elements of an endpoint reference are nested no deeper than this before an address.
const DEEPEST: usize = 8;

/// The parameters of `sp:IssuedToken`.
pub(super) fn parameters(assertion: &Assertion) -> IssuedTokenParameters {
    let mut found = IssuedTokenParameters::default();
    if let Some(issuer) = child(assertion, "Issuer") {
        if let Some(address) = child(issuer, "Address") {
            let written = address.text.trim();
            let anonymous = written.ends_with("/anonymous");
            found.issuer =
                Some(Issuer::default().address(if anonymous { ANONYMOUS } else { written }));
        }
        let metadata = child(issuer, "Metadata").and_then(|m| metadata_address(m, DEEPEST));
        found.issuer_metadata = metadata.map(|address| IssuerMetadata::default().address(address));
    }
    if let Some(template) = child(assertion, "RequestSecurityTokenTemplate") {
        template_of(template, &*assertion.name.namespace == SP12, &mut found);
    }
    found
}

fn child<'a>(assertion: &'a Assertion, local: &str) -> Option<&'a Assertion> {
    assertion.children.iter().find(|child| &*child.name.local == local)
}

/// The address of a `wsx:MetadataReference` somewhere inside.
fn metadata_address(assertion: &Assertion, depth: usize) -> Option<&str> {
    if &*assertion.name.local == "MetadataReference" {
        return child(assertion, "Address").map(|address| address.text.trim());
    }
    let deeper = depth.checked_sub(1)?;
    assertion.children.iter().find_map(|child| metadata_address(child, deeper))
}

fn template_of(template: &Assertion, version_12: bool, found: &mut IssuedTokenParameters) {
    let mut more = String::new();
    for parameter in &template.children {
        let text = parameter.text.trim();
        match &*parameter.name.local {
            "TokenType" => text.clone_into(&mut found.token_type),
            "KeyType" => found.key_type = key_type(text),
            "KeySize" => {}
            "Claims" if !version_12 => found.claim_type_requirements = claims(parameter),
            name if BY_SUITE.contains(&name) => {}
            _ => write(parameter, &mut more, DEEPEST),
        }
    }
    if version_12 {
        // In version 1.2 all of it goes into the request once more, as what the service says.
        more.clear();
        let namespace = template.children.first().map(|p| p.name.namespace.to_string());
        let namespace = namespace.unwrap_or_default();
        if !template.children.is_empty() {
            let _ =
                write!(more, "<trust:SecondaryParameters xmlns:trust=\"{}\">", escape(&namespace));
            template.children.iter().for_each(|p| write(p, &mut more, DEEPEST));
            more.push_str("</trust:SecondaryParameters>");
        }
    }
    found.additional_request_parameters = RawXml { xml: more };
}

fn key_type(uri: &str) -> IssuedKeyType {
    match uri.rsplit('/').next().unwrap_or_default() {
        "PublicKey" | "AsymmetricKey" => IssuedKeyType::AsymmetricKey,
        "Bearer" | "NoProofKey" => IssuedKeyType::BearerKey,
        _ => IssuedKeyType::SymmetricKey,
    }
}

fn claims(parameter: &Assertion) -> ClaimTypeRequirements {
    let claim = |claim: &Assertion| {
        let optional = matches!(claim.attribute("", "Optional").map(str::trim), Some("true" | "1"));
        let uri = claim.attribute("", "Uri").unwrap_or_default();
        ClaimTypeRequirement::default().claim_type(uri).is_optional(optional)
    };
    let all: Vec<ClaimTypeRequirement> = parameter.children.iter().map(claim).collect();
    ClaimTypeRequirements::default().add(all)
}

/// An element as text, every namespace declared where it is used.
fn write(element: &Assertion, out: &mut String, depth: usize) {
    let Some(deeper) = depth.checked_sub(1) else { return };
    let prefix = element.prefix.as_str();
    let name = match prefix {
        "" => element.name.local.to_string(),
        prefix => format!("{prefix}:{}", element.name.local),
    };
    let declaration =
        if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
    let _ = write!(out, "<{name} {declaration}=\"{}\"", escape(&element.name.namespace));
    for (attribute, value) in &element.attributes {
        // Attributes of other namespaces have no prefix to go by here.
        if attribute.namespace.is_empty() {
            let _ = write!(out, " {}=\"{}\"", attribute.local, escape(value));
        }
    }
    out.push('>');
    out.push_str(&escape(&element.text));
    element.children.iter().for_each(|child| write(child, out, deeper));
    let _ = write!(out, "</{name}>");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
