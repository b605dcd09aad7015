//! `customBinding`: a stack of elements, top first.

use crate::bindings::common::Timeouts;
use crate::bindings::custom::*;
use crate::bindings::security::SecurityElement;
use crate::file::node::{Attribute, Node};
use crate::file::raw::OtherElement;
use crate::file::reader::{Problem, Reader};
use crate::file::writer::OutNode;
use crate::settings::{ChildField, ChildRead, Description, Settings, read_into};
use crate::suggest;

/// Elements that are recognised, but only their names: other transports, encoders and markers.
pub(crate) const OTHER_ELEMENTS: &[&str] = &[
    "namedPipeTransport",
    "msmqTransport",
    "msmqIntegration",
    "peerTransport",
    "pnrpPeerResolver",
    "udpTransport",
    "privacyNoticeAt",
    "unrecognizedPolicyAssertions",
    "useManagedPresentation",
    "context",
    "byteStreamMessageEncoding",
    "webMessageEncoding",
];

macro_rules! custom_elements {
    ( $( $(#[$meta:meta])* $V:ident($T:ty) = $name:literal; )+ ) => {
        /// One element of a `customBinding`.
        #[derive(Debug, Clone, PartialEq)]
        #[allow(clippy::large_enum_variant, reason = "a binding has a handful of elements")]
        pub enum CustomElement {
            $( $(#[$meta])* $V($T), )+
            /// Recognised by name only; no endpoint with it can be opened.
            Other(OtherElement),
        }

        /// Names of the modelled elements.
        pub(crate) const MODELLED_ELEMENTS: &[&str] = &[ $( $name, )+ ];

        impl CustomElement {
            /// Name of the element in a file.
            pub fn name(&self) -> &str {
                match self {
                    $( CustomElement::$V(_) => $name, )+
                    CustomElement::Other(other) => &other.name,
                }
            }

            fn read(node: &Node, cx: &mut Reader<'_>) -> Option<CustomElement> {
                Some(match node.name.as_str() {
                    $( $name => {
                        let mut element = <$T>::default();
                        read_into(&mut element, node, cx);
                        CustomElement::$V(element)
                    } )+
                    name if OTHER_ELEMENTS.contains(&name) => {
                        CustomElement::Other(OtherElement::read(node, cx))
                    }
                    _ => return None,
                })
            }

            fn write(&self, out: &mut OutNode) {
                match self {
                    $( CustomElement::$V(element) => {
                        Settings::write(element, &<$T>::default(), out.child($name));
                    } )+
                    CustomElement::Other(other) => other.write(out),
                }
            }
        }

        $(
            impl From<$T> for CustomElement {
                fn from(element: $T) -> CustomElement {
                    CustomElement::$V(element)
                }
            }
        )+

        /// Descriptions of the modelled elements, for the tables.
        pub(crate) fn describe_elements() -> Vec<(&'static str, Description)> {
            vec![ $( ($name, ChildField::describe_field(&<$T>::default())), )+ ]
        }
    };
}

custom_elements! {
    /// Transactions.
    TransactionFlow(TransactionFlow) = "transactionFlow";
    /// The reliable session.
    ReliableSession(ReliableSessionElement) = "reliableSession";
    /// Message security.
    Security(SecurityElement) = "security";
    /// A second connection for callbacks.
    CompositeDuplex(CompositeDuplex) = "compositeDuplex";
    /// One-way messages.
    OneWay(OneWay) = "oneWay";
    /// TLS over TCP.
    SslStreamSecurity(SslStreamSecurity) = "sslStreamSecurity";
    /// Windows authentication over TCP.
    WindowsStreamSecurity(WindowsStreamSecurity) = "windowsStreamSecurity";
    /// Text messages.
    TextMessageEncoding(TextMessageEncoding) = "textMessageEncoding";
    /// MTOM messages.
    MtomMessageEncoding(MtomMessageEncoding) = "mtomMessageEncoding";
    /// Binary messages.
    BinaryMessageEncoding(BinaryMessageEncoding) = "binaryMessageEncoding";
    /// HTTP.
    HttpTransport(HttpTransport) = "httpTransport";
    /// HTTPS.
    HttpsTransport(HttpsTransport) = "httpsTransport";
    /// TCP.
    TcpTransport(TcpTransport) = "tcpTransport";
}

/// What an element is for; a binding takes one of each of the first three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ElementClass {
    Transport,
    Encoding,
    StreamUpgrade,
    Protocol,
}

/// The class of an element by its name.
pub(crate) fn element_class(name: &str) -> ElementClass {
    match name {
        "httpTransport" | "httpsTransport" | "tcpTransport" | "namedPipeTransport"
        | "msmqTransport" | "msmqIntegration" | "peerTransport" | "udpTransport" => {
            ElementClass::Transport
        }
        "textMessageEncoding"
        | "mtomMessageEncoding"
        | "binaryMessageEncoding"
        | "byteStreamMessageEncoding"
        | "webMessageEncoding" => ElementClass::Encoding,
        "sslStreamSecurity" | "windowsStreamSecurity" => ElementClass::StreamUpgrade,
        _ => ElementClass::Protocol,
    }
}

/// `<customBinding><binding>`: elements from top to bottom, the transport last.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CustomBinding {
    /// Name and timeouts.
    pub timeouts: Timeouts,
    /// The elements, top first.
    pub elements: Vec<CustomElement>,
}

impl CustomBinding {
    /// A binding of these elements, top first.
    pub fn new(elements: impl IntoIterator<Item = CustomElement>) -> CustomBinding {
        CustomBinding { timeouts: Timeouts::default(), elements: elements.into_iter().collect() }
    }

    /// Sets name and timeouts.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> CustomBinding {
        self.timeouts = timeouts;
        self
    }

    /// Adds an element below the others.
    #[must_use]
    pub fn element(mut self, element: impl Into<CustomElement>) -> CustomBinding {
        self.elements.push(element.into());
        self
    }

    /// Reads the element `child`, unless a check of the collection refuses it.
    fn read_element(&mut self, child: &Node, cx: &mut Reader<'_>) {
        let name = child.name.as_str();
        if self.elements.len() >= MAX_ELEMENTS {
            return cx.report(too_many(child));
        }
        if cx.extensions.binding_elements.contains(&child.name) {
            return self.elements.push(CustomElement::Other(OtherElement::read(child, cx)));
        }
        if !is_registered(name) {
            return unknown_extension(child, "bindingElementExtensions", cx);
        }
        if self.elements.iter().any(|e| e.name() == name) {
            cx.report(duplicate_extension(child, "CustomBindingElement"));
            return;
        }
        let class = element_class(name);
        let earlier = self.elements.iter().find(|e| element_class(e.name()) == class);
        if let (Some(earlier), true) = (earlier, class != ElementClass::Protocol) {
            let problem = second_of_class(child, earlier.name(), class);
            cx.report(problem);
        }
        self.elements.extend(CustomElement::read(child, cx));
    }
}

/// More extensions than this in one collection are refused.
pub(crate) const MAX_ELEMENTS: usize = 64;

/// An extension too many.
pub(crate) fn too_many(child: &Node) -> Problem {
    let message = format!("more than {MAX_ELEMENTS} elements stand here");
    Problem::error("limit-exceeded", child.name_span, message)
        .behavior("has no such limit")
        .fix("remove what is not needed")
}

fn is_registered(name: &str) -> bool {
    !registered_name(name).is_empty()
}

/// The registered name equal to `name`, empty when there is none.
pub(crate) fn registered_name(name: &str) -> &'static str {
    let mut all = MODELLED_ELEMENTS.iter().chain(OTHER_ELEMENTS).copied();
    all.find(|registered| *registered == name).unwrap_or_default()
}

/// A child of a behavior or custom binding whose name is not registered.
pub(crate) fn unknown_extension(child: &Node, collection: &str, cx: &mut Reader<'_>) {
    let behaviors = crate::config::behaviors::BEHAVIOR_NAMES;
    let suggestion = if collection == "behaviorExtensions" {
        suggest::nearest(&child.name, behaviors.iter().copied())
    } else {
        let names = MODELLED_ELEMENTS.iter().chain(OTHER_ELEMENTS).copied();
        let guess = suggest::nearest(&child.name, names);
        guess.or_else(|| (child.name == "reliableMessaging").then(|| "reliableSession".to_owned()))
    };
    let fix = match &suggestion {
        Some(name) => format!("write <{name}>"),
        None => {
            "remove it, or write one of the elements listed in docs/configuration.md".to_owned()
        }
    };
    let message = format!("there is no extension called {}", child.name);
    cx.report(
        Problem::error("unknown-extension", child.name_span, message)
            .wcf(format!(
                "Invalid element in configuration. The extension name '{}' is not registered in \
                 the collection at system.serviceModel/extensions/{collection}.",
                child.name
            ))
            .suggest(suggestion)
            .fix(fix),
    );
}

/// An extension that stands in its collection a second time.
pub(crate) fn duplicate_extension(child: &Node, owner: &str) -> Problem {
    let name = &child.name;
    Problem::error(
        "repeated-element",
        child.name_span,
        format!("<{name}> stands here a second time"),
    )
    .wcf(format!(
        "An extension named {name} already appears in the {owner}. Extension names must be unique."
    ))
    .fix("put everything into one element")
}

fn second_of_class(child: &Node, earlier: &str, class: ElementClass) -> Problem {
    let type_name = format!("System.ServiceModel.Configuration.{}", element_type(earlier));
    let (what, wcf) = match class {
        ElementClass::Encoding => (
            "message encoding",
            format!(
                "Cannot add the message encoding element '{earlier}'. Another message encoding \
                 element already exists in the binding '{type_name}'. There can only be one \
                 message encoding element for each binding."
            ),
        ),
        ElementClass::StreamUpgrade => (
            "stream upgrade",
            format!(
                "Cannot add stream upgrade element '{earlier}'. Another stream upgrade element \
                 already exists in the binding '{type_name}'. There can only be one stream update \
                 element per binding."
            ),
        ),
        ElementClass::Transport | ElementClass::Protocol => (
            "transport",
            format!(
                "Cannot add the transport element '{earlier}'. Another transport element already \
                 exists in the binding '{type_name}'. There can only be one transport element for \
                 each binding."
            ),
        ),
    };
    let message = format!("<{}> is a second {what} next to <{earlier}>", child.name);
    Problem::error("second-of-its-kind", child.name_span, message)
        .wcf(wcf)
        .fix(format!("keep one of <{earlier}> and <{}>", child.name))
}

/// Name of the configuration class of an element.
fn element_type(name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).chain("Element".chars()).collect()
}

impl Settings for CustomBinding {
    fn read_attribute(&mut self, attribute: &Attribute, cx: &mut Reader<'_>) -> bool {
        self.timeouts.read_attribute(attribute, cx)
    }

    fn multiplicity(&self, _: &str) -> ChildRead {
        ChildRead::Many
    }

    fn read_child(&mut self, child: &Node, cx: &mut Reader<'_>) {
        self.read_element(child, cx);
    }

    fn write(&self, base: &Self, out: &mut OutNode) {
        self.timeouts.write(&base.timeouts, out);
        self.elements.iter().for_each(|element| element.write(out));
    }

    fn describe(&self, out: &mut Description) {
        self.timeouts.describe(out);
    }
}
