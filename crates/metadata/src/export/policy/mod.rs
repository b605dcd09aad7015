//! Policies of a binding, in the order and with the names that WCF's exporter writes.
//!
//! The elements of a stack say their assertions from the top down: the reliable session, message security, duplex, the encoding, the
//! transport; addressing comes last (`ExportPolicy` of WCF's binding elements). What protects single messages is attached to them.

mod names;
mod parts;
mod reliable;
mod security;
mod tokens;
mod transport;

pub use parts::MessageParts;

use waxwing_binding::{BindingElement, SecurityKind, Stack};

use crate::location::At;
use crate::policy::{Assertion, Policy, PolicyItem, PolicyVersion};
use names::Dialect;

/// The policy of a whole binding; none when there is nothing to say. `encrypts`: whether any message of the contract is to be
/// encrypted in part, without which WCF does not say that signatures are encrypted.
pub fn binding_policy(
    stack: &Stack,
    version: PolicyVersion,
    id: &str,
    encrypts: bool,
) -> Option<Policy> {
    let dialect = Dialect::of(stack, version, security::bootstrap);
    let mut all = Vec::new();
    let mut said_transport = false;
    for element in &stack.elements {
        match element {
            BindingElement::ReliableSession(session) => {
                all.push(reliable::assertion(session, stack, version));
            }
            BindingElement::Security(element) => {
                all.extend(security::assertions(&dialect, stack, element, encrypts));
                said_transport = true;
            }
            BindingElement::CompositeDuplex(_) => {
                all.push(Assertion::new("cdp", names::DUPLEX, "CompositeDuplex"));
            }
            BindingElement::OneWay(one_way) => {
                all.push(transport::one_way(one_way));
            }
            BindingElement::MtomMessageEncoding(_) => {
                all.push(Assertion::new("wsoma", names::MTOM, "OptimizedMimeSerialization"));
            }
            BindingElement::BinaryMessageEncoding(_) => {
                all.push(Assertion::new("msb", names::BINARY, "BinaryEncoding"));
            }
            BindingElement::SslStreamSecurity(_)
            | BindingElement::WindowsStreamSecurity(_)
            | BindingElement::HttpsTransport(_)
            | BindingElement::HttpTransport(_) => {
                all.extend(transport::authentication(element));
                if !said_transport && names::has_transport_token(element) {
                    all.push(security::transport_binding(&dialect, stack, None));
                }
            }
            BindingElement::TcpTransport(tcp) => all.extend(transport::streamed(tcp)),
            _ => {}
        }
    }
    all.extend(transport::addressing(stack, version));
    policy(version, id, all)
}

/// The policy of one message; none when its binding leaves protection to the transport, or nothing is protected.
pub fn message_policy(
    stack: &Stack,
    version: PolicyVersion,
    id: &str,
    message: &MessageParts,
) -> Option<Policy> {
    let security = stack.security()?;
    if matches!(security.kind, SecurityKind::Transport) {
        return None;
    }
    let dialect = Dialect::of(stack, version, security::bootstrap);
    policy(version, id, parts::assertions(&dialect, stack, message))
}

/// In WCF's normal form: one alternative of all assertions.
fn policy(version: PolicyVersion, id: &str, all: Vec<Assertion>) -> Option<Policy> {
    if all.is_empty() {
        return None;
    }
    let all = PolicyItem::All(all.into_iter().map(PolicyItem::Assertion).collect());
    Some(Policy {
        version,
        id: Some(id.to_owned()),
        name: None,
        items: vec![PolicyItem::ExactlyOne(vec![all])],
        at: At::nowhere(),
    })
}
