//! The stack of binding elements that a binding builds: what WCF's `CreateBindingElements` gives.

mod build;
mod guess;
mod modes;
mod recognise;
mod security;
mod transport;

pub use security::{
    InclusionMode, SecurityBindingElement, SecurityKind, SupportingTokens, TokenKind,
    TokenParameters, X509ReferenceStyle,
};

use crate::MessageVersion;
use crate::bindings::Binding;
use crate::bindings::custom::{
    BinaryMessageEncoding, CompositeDuplex, HttpTransport, HttpsTransport, MtomMessageEncoding,
    OneWay, ReliableSessionElement, SslStreamSecurity, TcpTransport, TextMessageEncoding,
    TransactionFlow, WindowsStreamSecurity,
};

/// One element of the stack, settings resolved.
#[derive(Debug, Clone, PartialEq)]
pub enum BindingElement {
    /// Transactions.
    TransactionFlow(TransactionFlow),
    /// The reliable session.
    ReliableSession(ReliableSessionElement),
    /// Message security.
    Security(Box<SecurityBindingElement>),
    /// A second connection for callbacks.
    CompositeDuplex(CompositeDuplex),
    /// One-way messages.
    OneWay(OneWay),
    /// TLS over TCP.
    SslStreamSecurity(SslStreamSecurity),
    /// Windows authentication over TCP.
    WindowsStreamSecurity(WindowsStreamSecurity),
    /// Text messages.
    TextMessageEncoding(TextMessageEncoding),
    /// MTOM messages.
    MtomMessageEncoding(MtomMessageEncoding),
    /// Binary messages.
    BinaryMessageEncoding(BinaryMessageEncoding),
    /// HTTP.
    HttpTransport(Box<HttpTransport>),
    /// HTTPS.
    HttpsTransport(Box<HttpsTransport>),
    /// TCP.
    TcpTransport(Box<TcpTransport>),
    /// Recognised by name only.
    Other(String),
    /// A .NET class of the program's own, by the name that the file gives it.
    Foreign(String),
}

/// The elements of a binding, top first.
#[derive(Debug, Clone, PartialEq)]
pub struct Stack {
    /// The elements, top first.
    pub elements: Vec<BindingElement>,
}

impl Stack {
    /// The stack that `binding` builds. Combinations that WCF refuses build, too;
    /// [`Binding::refusals`] names them.
    pub fn of(binding: &Binding) -> Stack {
        Stack { elements: build::elements(binding) }
    }

    /// The reliable session element.
    pub fn reliable_session(&self) -> Option<&ReliableSessionElement> {
        self.elements.iter().find_map(|e| match e {
            BindingElement::ReliableSession(element) => Some(element),
            _ => None,
        })
    }

    /// The message security element.
    pub fn security(&self) -> Option<&SecurityBindingElement> {
        self.elements.iter().find_map(|e| match e {
            BindingElement::Security(element) => Some(element.as_ref()),
            _ => None,
        })
    }

    /// The HTTP settings of an HTTP or HTTPS transport.
    pub fn http(&self) -> Option<&HttpTransport> {
        self.elements.iter().find_map(|e| match e {
            BindingElement::HttpTransport(element) => Some(element.as_ref()),
            BindingElement::HttpsTransport(element) => Some(&element.http),
            _ => None,
        })
    }

    /// The element that makes two one-way directions of HTTP one channel.
    pub fn composite_duplex(&self) -> Option<&CompositeDuplex> {
        self.elements.iter().find_map(|e| match e {
            BindingElement::CompositeDuplex(element) => Some(element),
            _ => None,
        })
    }

    /// The settings of a TCP transport.
    pub fn tcp(&self) -> Option<&TcpTransport> {
        self.elements.iter().find_map(|e| match e {
            BindingElement::TcpTransport(element) => Some(element.as_ref()),
            _ => None,
        })
    }

    /// The scheme of addresses, empty when there is no known transport.
    pub fn scheme(&self) -> &'static str {
        let scheme = self.elements.iter().find_map(|e| match e {
            BindingElement::HttpTransport(_) => Some("http"),
            BindingElement::HttpsTransport(_) => Some("https"),
            BindingElement::TcpTransport(_) => Some("net.tcp"),
            BindingElement::Other(name) => other_scheme(name),
            _ => None,
        });
        scheme.unwrap_or_default()
    }

    /// SOAP and addressing version: the encoder's, or the transport's default without one.
    pub fn message_version(&self) -> MessageVersion {
        let version = self.elements.iter().find_map(|e| match e {
            BindingElement::TextMessageEncoding(e) => Some(e.message_version),
            BindingElement::MtomMessageEncoding(e) => Some(e.message_version),
            _ => None,
        });
        version.unwrap_or(MessageVersion::Soap12WsAddressing10)
    }

    /// Whether the elements that decide what goes over the wire are the same: everything but
    /// pool sizes, proxies and the like.
    pub fn same_on_the_wire(&self, other: &Stack) -> bool {
        let wire = |stack: &Stack| {
            let security = stack.security().cloned();
            (
                stack.reliable_session().cloned(),
                security,
                stack.message_version(),
                stack.encoding(),
                stack.scheme(),
            )
        };
        wire(self) == wire(other)
    }

    /// How messages are written.
    pub fn encoding(&self) -> crate::MessageEncoding {
        use crate::{BinaryEncoding, MessageEncoding};
        let encoding = self.elements.iter().find_map(|e| match e {
            BindingElement::TextMessageEncoding(e) => Some(MessageEncoding::Text(e.write_encoding)),
            BindingElement::MtomMessageEncoding(e) => Some(MessageEncoding::Mtom(e.write_encoding)),
            BindingElement::BinaryMessageEncoding(e) => {
                Some(MessageEncoding::Binary(BinaryEncoding::of(e)))
            }
            _ => None,
        });
        encoding.unwrap_or_else(|| match self.tcp() {
            Some(_) => {
                MessageEncoding::Binary(BinaryEncoding::of(&BinaryMessageEncoding::default()))
            }
            None => MessageEncoding::Text(crate::TextEncoding::Utf8),
        })
    }
}

fn other_scheme(name: &str) -> Option<&'static str> {
    Some(match name {
        "namedPipeTransport" => "net.pipe",
        "msmqTransport" => "net.msmq",
        "msmqIntegration" => "msmq.formatname",
        "peerTransport" => "net.p2p",
        "udpTransport" => "soap.udp",
        section => {
            let mut others = crate::bindings::OTHER_BINDINGS.iter();
            return others.find(|(s, ..)| *s == section).map(|(.., scheme)| *scheme);
        }
    })
}
