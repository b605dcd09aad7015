//! `<identity>`: the one that counts must be readable.

use waxwing_xml::{Document, Limits};

use crate::base64::decode_base64;
use crate::config::identity::{EndpointIdentity, Identity};
use crate::file::node::Node;
use crate::file::problem::Problem;
use crate::file::reader::Reader;

/// Looks at the identity of an endpoint, whose element `node` is.
pub(super) fn identity(identity: Option<&EndpointIdentity>, node: &Node, cx: &mut Reader) {
    let problem = match identity.and_then(EndpointIdentity::effective) {
        Some(Identity::Certificate(encoded)) => certificate(&encoded, node),
        Some(Identity::Rsa(value)) => rsa(&value, node),
        _ => None,
    };
    problem.into_iter().for_each(|problem| cx.report(problem));
}

fn certificate(encoded: &str, node: &Node) -> Option<Problem> {
    let why = match decode_base64(encoded) {
        Ok(octets) if octets.is_empty() => "it is empty".to_owned(),
        Ok(_) => return None,
        Err(error) => error.to_string(),
    };
    let span = node.locate("identity/certificate/@encodedValue");
    Some(
        Problem::error("identity-certificate", span, format!("encodedValue is no base64: {why}"))
            .wcf(why)
            .at_open()
            .fix("write the certificate in base64, without BEGIN and END, as svcutil writes it"),
    )
}

/// An RSAKeyValue of XML Signature, as text of the attribute.
fn rsa(value: &str, node: &Node) -> Option<Problem> {
    let missing = |parameter: &str, document: &Document| {
        let element = document.root().elements().find(|e| e.local_name() == parameter);
        let octets = element.and_then(|e| decode_base64(&e.text()).ok());
        octets.is_none_or(|octets| octets.is_empty())
    };
    let (message, wcf) = match Document::parse(value.trim(), &Limits::SOAP) {
        Err(error) => (format!("the value is no XML: {}", error.kind), None),
        Ok(document) => {
            let parameter = ["Modulus", "Exponent"].into_iter().find(|p| missing(p, &document))?;
            let wcf = format!(
                "Input string does not contain a valid encoding of the 'RSA' '{parameter}' parameter."
            );
            (format!("the value has no {parameter} in base64"), Some(wcf))
        }
    };
    let problem =
        Problem::error("identity-rsa", node.locate("identity/rsa/@value"), message).at_open().fix(
            "write <RSAKeyValue><Modulus>…</Modulus><Exponent>…</Exponent></RSAKeyValue>, escaped",
        );
    Some(match wcf {
        Some(text) => problem.wcf(text),
        None => problem,
    })
}
