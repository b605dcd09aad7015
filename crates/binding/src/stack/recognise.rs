//! Which binding builds a stack: the way back, as WCF's importer goes it (`TryCreate` of each standard binding).
//!
//! A candidate is guessed from the stack, then its own stack is built and compared: a binding is recognised when it
//! builds what was asked for, and never else. What only one side knows (pools, sizes, clocks) is left out of that.

use super::{BindingElement, SecurityBindingElement, Stack};
use crate::bindings::Binding;
use crate::bindings::custom::ReliableSessionElement;
use crate::bindings::{OtherBinding, custom_binding::CustomBinding};
use crate::{AuthenticationSchemes, MessageVersion, TransferMode, WebSocketTransportUsage};

/// What a policy says of a stack.
#[derive(Debug, PartialEq)]
struct InPolicy {
    reliable: Option<ReliableSessionElement>,
    security: Option<SecurityBindingElement>,
    /// The elements that have no settings which a policy could tell, by name.
    others: Vec<String>,
    encoding: &'static str,
    version: MessageVersion,
    transport: Option<Transport>,
}

#[derive(Debug, PartialEq)]
struct Transport {
    scheme: &'static str,
    schemes: AuthenticationSchemes,
    client_certificate: bool,
    cookies: bool,
    mode: TransferMode,
    web_sockets: bool,
}

impl Stack {
    /// Whether a policy would say the same of both stacks: everything that the other end sees.
    pub fn same_in_policy(&self, other: &Stack) -> bool {
        in_policy(self) == in_policy(other)
    }
}

impl Binding {
    /// The binding that builds `stack`: a standard one where any does, tried in the order of WCF's importer, else a
    /// `customBinding`. None where no configuration can say it: WCF then writes a binding that is not the service's,
    /// with the warning "The security policy contains requirements that cannot be represented in a Windows
    /// Communication Foundation configuration."
    pub fn of_stack(stack: &Stack) -> Option<Binding> {
        if let Some(described) = super::guess::described(stack) {
            return Some(described);
        }
        let asked = in_policy(stack);
        let builds = |binding: &Binding| in_policy(&Stack::of(binding)) == asked;
        super::guess::candidates(stack).into_iter().find(builds).or_else(|| {
            let custom = Binding::Custom(custom(stack)?);
            builds(&custom).then_some(custom)
        })
    }
}

fn in_policy(stack: &Stack) -> InPolicy {
    let mut seen = InPolicy {
        reliable: stack.reliable_session().cloned(),
        security: stack.security().map(SecurityBindingElement::in_policy),
        others: Vec::new(),
        encoding: match stack.encoding() {
            crate::MessageEncoding::Text(_) => "text",
            crate::MessageEncoding::Mtom(_) => "mtom",
            crate::MessageEncoding::Binary(_) => "binary",
        },
        version: stack.message_version(),
        transport: None,
    };
    for element in &stack.elements {
        match element {
            BindingElement::CompositeDuplex(_) => seen.others.push("compositeDuplex".to_owned()),
            BindingElement::OneWay(e) => seen.others.push(format!("oneWay {}", e.packet_routable)),
            BindingElement::SslStreamSecurity(e) => {
                seen.others.push(format!("ssl {}", e.require_client_certificate));
            }
            BindingElement::WindowsStreamSecurity(e) => {
                seen.others.push(format!("windows {}", e.protection_level));
            }
            BindingElement::Other(name) | BindingElement::Foreign(name) => {
                seen.others.push(name.clone());
            }
            BindingElement::HttpTransport(http) => {
                seen.transport = Some(http_transport("http", http, false));
            }
            BindingElement::HttpsTransport(https) => {
                let certificate = https.require_client_certificate;
                seen.transport = Some(http_transport("https", &https.http, certificate));
            }
            BindingElement::TcpTransport(tcp) => {
                seen.transport = Some(Transport {
                    scheme: "net.tcp",
                    schemes: AuthenticationSchemes::ANONYMOUS,
                    client_certificate: false,
                    cookies: false,
                    mode: tcp.transfer_mode,
                    web_sockets: false,
                });
            }
            // Whether transactions flow is no part of the model of elements.
            BindingElement::TransactionFlow(_)
            | BindingElement::ReliableSession(_)
            | BindingElement::Security(_)
            | BindingElement::TextMessageEncoding(_)
            | BindingElement::MtomMessageEncoding(_)
            | BindingElement::BinaryMessageEncoding(_) => {}
        }
    }
    seen
}

fn http_transport(
    scheme: &'static str,
    http: &crate::HttpTransport,
    client_certificate: bool,
) -> Transport {
    Transport {
        scheme,
        schemes: http.authentication_scheme,
        client_certificate,
        cookies: http.allow_cookies,
        mode: http.transfer_mode,
        web_sockets: http.web_socket_settings.transport_usage == WebSocketTransportUsage::Always,
    }
}

/// The elements as `customBinding` writes them. None where one of them has no element in a file.
fn custom(stack: &Stack) -> Option<CustomBinding> {
    use crate::CustomElement as C;
    let element = |element: &BindingElement| -> Option<C> {
        Some(match element {
            BindingElement::TransactionFlow(e) => C::TransactionFlow(e.clone()),
            BindingElement::ReliableSession(e) => C::ReliableSession(e.clone()),
            BindingElement::Security(e) => C::Security(e.to_element()?),
            BindingElement::CompositeDuplex(e) => C::CompositeDuplex(e.clone()),
            BindingElement::OneWay(e) => C::OneWay(e.clone()),
            BindingElement::SslStreamSecurity(e) => C::SslStreamSecurity(e.clone()),
            BindingElement::WindowsStreamSecurity(e) => C::WindowsStreamSecurity(e.clone()),
            BindingElement::TextMessageEncoding(e) => C::TextMessageEncoding(e.clone()),
            BindingElement::MtomMessageEncoding(e) => C::MtomMessageEncoding(e.clone()),
            BindingElement::BinaryMessageEncoding(e) => C::BinaryMessageEncoding(e.clone()),
            BindingElement::HttpTransport(e) => C::HttpTransport((**e).clone()),
            BindingElement::HttpsTransport(e) => C::HttpsTransport((**e).clone()),
            BindingElement::TcpTransport(e) => C::TcpTransport((**e).clone()),
            BindingElement::Other(name) => {
                C::Other(crate::OtherElement { name: name.clone(), ..Default::default() })
            }
            BindingElement::Foreign(_) => return None,
        })
    };
    let elements = stack.elements.iter().map(element).collect::<Option<Vec<C>>>()?;
    Some(CustomBinding::new(elements))
}

impl OtherBinding {
    /// A binding that is only described: its section, and the content of its element.
    pub(crate) fn described(section: &str, content: &str) -> Binding {
        let mut binding = OtherBinding { section: section.to_owned(), ..OtherBinding::default() };
        content.clone_into(&mut binding.rest.content.xml);
        Binding::Other(binding)
    }
}
