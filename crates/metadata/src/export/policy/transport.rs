//! What the transport and addressing say.

use waxwing_binding::{AuthenticationSchemes, TransferMode};
use waxwing_binding::{BindingElement, Stack};
use waxwing_binding::{OneWay, TcpTransport};
use waxwing_soap::AddressingVersion;

use super::names::{FRAMING, HTTP, ROUTING, WSAP, nested_policy};
use crate::name::namespaces::{WSAM, WSAW};
use crate::policy::{Assertion, PolicyVersion};

/// How HTTP asks who calls; WCF says it where there is one way only.
pub(super) fn authentication(element: &BindingElement) -> Option<Assertion> {
    let scheme = match element {
        BindingElement::HttpTransport(http) => http.authentication_scheme,
        BindingElement::HttpsTransport(https) => https.http.authentication_scheme,
        _ => return None,
    };
    let names = [
        (AuthenticationSchemes::BASIC, "BasicAuthentication"),
        (AuthenticationSchemes::DIGEST, "DigestAuthentication"),
        (AuthenticationSchemes::NEGOTIATE, "NegotiateAuthentication"),
        (AuthenticationSchemes::NTLM, "NtlmAuthentication"),
    ];
    let (_, name) = names.into_iter().find(|(known, _)| *known == scheme)?;
    Some(Assertion::new("http", HTTP, name))
}

pub(super) fn streamed(tcp: &TcpTransport) -> Option<Assertion> {
    let streamed = tcp.transfer_mode != TransferMode::Buffered;
    streamed.then(|| Assertion::new("msf", FRAMING, "Streamed"))
}

pub(super) fn one_way(one_way: &OneWay) -> Assertion {
    let routable = Assertion::new("ow", ROUTING, "PacketRoutable");
    let children = one_way.packet_routable.then_some(routable).into_iter().collect();
    Assertion { children, ..Assertion::new("ow", ROUTING, "OneWay") }
}

/// That messages carry addressing headers, and of which version (WS-Addressing 1.0 Metadata §3.1).
pub(super) fn addressing(stack: &Stack, version: PolicyVersion) -> Option<Assertion> {
    let addressing = stack.message_version().versions()?.addressing;
    Some(match (addressing, version) {
        (AddressingVersion::None, _) => return None,
        (AddressingVersion::August2004, _) => Assertion::new("wsap", WSAP, "UsingAddressing"),
        (AddressingVersion::Addressing10, PolicyVersion::Policy12) => {
            Assertion::new("wsaw", WSAW, "UsingAddressing")
        }
        (AddressingVersion::Addressing10, _) => {
            let duplex = |e: &BindingElement| matches!(e, BindingElement::CompositeDuplex(_));
            let responses = match stack.elements.iter().any(duplex) {
                true => "NonAnonymousResponses",
                false => "AnonymousResponses",
            };
            let responses = vec![Assertion::new("wsam", WSAM, responses)];
            Assertion {
                policy: Some(nested_policy(version, responses)),
                ..Assertion::new("wsam", WSAM, "Addressing")
            }
        }
    })
}
