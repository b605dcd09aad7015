//! Small things inside sections: attributes that must be there, certificates that cannot be found.

use waxwing_soap::Address;

use crate::X509FindType;
use crate::file::node::Node;
use crate::file::problem::Problem;
use crate::file::quote::quote;
use crate::file::reader::Reader;
use crate::values::{Rule, Value};

/// Attributes that WCF requires, by element and the element around it.
const REQUIRED: &[(&str, &str, &str)] = &[
    ("scopedCertificates", "add", "targetUri"),
    ("protocolMapping", "add", "scheme"),
    ("protocolMapping", "add", "binding"),
    ("claimTypeRequirements", "add", "claimType"),
    ("authorizationPolicies", "add", "policyType"),
    ("allowedAudienceUris", "add", "allowedAudienceUri"),
    ("message", "issuer", "address"),
    ("message", "issuerMetadata", "address"),
    ("customServiceNames", "add", "name"),
];

/// The folders in which Waxwing finds certificates can be searched by these.
const FIND_TYPES: &[&str] = &[
    "FindByThumbprint",
    "FindBySubjectName",
    "FindBySubjectDistinguishedName",
    "FindByIssuerName",
    "FindByIssuerDistinguishedName",
    "FindBySerialNumber",
    "FindBySubjectKeyIdentifier",
];

/// Looks at every element below `node`.
pub(super) fn details(node: &Node, cx: &mut Reader) {
    for child in &node.children {
        cx.within(child, |cx| {
            required(node, child, cx);
            certificate(child, cx);
            unsecured_replies(child, cx);
            metadata_pages(child, cx);
            details(child, cx);
        });
    }
}

/// Replies that anybody on the way can make.
fn unsecured_replies(node: &Node, cx: &mut Reader) {
    let Some(attribute) = node.attribute("enableUnsecuredResponse") else { return };
    let is_true = matches!(attribute.value.trim(), "true" | "True" | "TRUE");
    let mode = |node: &Node| node.value("authenticationMode").ends_with("OverTransport");
    let by_transport = mode(node) || node.child("secureConversationBootstrap").is_some_and(mode);
    if node.name == "security" && is_true && !by_transport {
        let message = "enableUnsecuredResponse=\"true\" lets a client take a reply without a Security header: over HTTP whoever stands \
                       between it and the service can answer in the service's name";
        cx.report(
            Problem::warning("unsecured-replies", attribute.value_span, message)
                .behavior("takes such a reply")
                .fix("remove it, or use HTTPS, where TLS protects the reply"),
        );
    }
}

fn required(parent: &Node, node: &Node, cx: &mut Reader) {
    for (around, name, attribute) in REQUIRED {
        if parent.name == *around && node.name == *name && node.attribute(attribute).is_none() {
            let message = format!("<{name}> in <{around}> needs the attribute {attribute}");
            cx.report(
                Problem::error("attribute-missing", node.name_span, message)
                    .wcf(format!("Required attribute '{attribute}' not found."))
                    .fix(format!("write {attribute}=\"…\"")),
            );
        }
    }
}

/// The addresses of the metadata pages are of their own schemes, or relative.
fn metadata_pages(node: &Node, cx: &mut Reader) {
    if node.name != "serviceMetadata" {
        return;
    }
    for (name, property, expected) in
        [("httpGetUrl", "HttpGetUrl", "http"), ("httpsGetUrl", "HttpsGetUrl", "https")]
    {
        let Some(url) = node.attribute(name) else { continue };
        let Some(found) = Address::of(&url.value).scheme() else { continue };
        // What is no URI at all is refused where it is read.
        if found.eq_ignore_ascii_case(expected) || Address::of(&url.value).check().is_err() {
            continue;
        }
        let value = quote(&url.value);
        cx.report(
            Problem::error(
                "metadata-page-scheme",
                url.value_span,
                format!("{name} begins with {found}:, but that page goes over {expected}:"),
            )
            .wcf(format!(
                "{property} must be a relative URI or an absolute URI with scheme '{expected}'.  \
                 '{value}' is an absolute URI with scheme '{found}'. "
            ))
            .at_open()
            .fix(format!("write {expected}://…, or a relative address")),
        );
    }
}

fn certificate(node: &Node, cx: &mut Reader) {
    let Some(find_type) = node.attribute("x509FindType") else { return };
    let Some(value) = node.attribute("findValue").filter(|v| !v.value.is_empty()) else {
        return;
    };
    if find_type.value == "FindByThumbprint" {
        thumbprint(&value.value, value.value_span, cx);
    }
    // A name that is no find type at all is reported where it is read.
    let known = <X509FindType as Value>::read(&find_type.value, Rule::Any).is_ok();
    if known && !FIND_TYPES.contains(&find_type.value.as_str()) {
        cx.report(
            Problem::warning(
                "not-supported",
                find_type.value_span,
                format!("this version of Waxwing cannot search by {}", find_type.value),
            )
            .behavior("accepts and runs it; Waxwing refuses when the endpoint is opened")
            .fix(format!("use one of: {}", FIND_TYPES.join(", "))),
        );
    }
}

/// Hexadecimal digits of a SHA-1 thumbprint.
const THUMBPRINT_DIGITS: usize = 40;

/// A thumbprint pasted from a certificate dialog begins with an invisible mark, and is not found.
fn thumbprint(value: &str, span: crate::Span, cx: &mut Reader) {
    let digits: String = value.chars().filter(char::is_ascii_hexdigit).collect();
    let odd = value.chars().find(|c| !c.is_ascii_hexdigit() && *c != ' ');
    let (message, suggestion) = match odd {
        Some(c) if !c.is_ascii() => (
            format!("the thumbprint holds an invisible or foreign character, U+{:04X}", c as u32),
            Some(digits.clone()),
        ),
        Some(c) => (format!("'{}' is no hexadecimal digit", c.escape_default()), None),
        None if digits.len() != THUMBPRINT_DIGITS => (
            format!("a thumbprint has {THUMBPRINT_DIGITS} digits; this one has {}", digits.len()),
            None,
        ),
        None => return,
    };
    let fix = match &suggestion {
        Some(digits) if digits.len() == THUMBPRINT_DIGITS => {
            format!("write findValue=\"{digits}\"")
        }
        _ => "copy the SHA-1 thumbprint again, as 40 hexadecimal digits".to_owned(),
    };
    let suggestion = suggestion.filter(|s| s.len() == THUMBPRINT_DIGITS);
    cx.report(
        Problem::warning("thumbprint", span, message)
            .wcf("Cannot find the X.509 certificate using the following search criteria:")
            .behavior("accepts it, and does not find the certificate when the endpoint is opened")
            .suggest(suggestion)
            .fix(fix),
    );
}
