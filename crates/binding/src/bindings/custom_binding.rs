//! `customBinding`: a stack of elements, top first.

use crate::bindings::common::Timeouts;
use crate::bindings::custom::*;
use crate::bindings::security::SecurityElement;
use crate::built::{Part, unless_any_built, unless_built};
use crate::extensions::{self, MAX_ELEMENTS, OTHER_ELEMENTS};
use crate::file::node::{Attribute, Node};
use crate::file::problem::Problem;
use crate::file::raw::OtherElement;
use crate::file::reader::Reader;
use crate::file::writer::OutNode;
use crate::settings::{
    ChildDescription, ChildField, ChildRead, Description, Settings, child_word, inside, read_into,
};
use crate::word::Feature::{BinaryMessages, Callbacks, Tcp, WindowsAccounts};
use crate::word::Support::Refused;
use crate::word::{NO_TRANSACTIONS, warn};

macro_rules! custom_elements {
    ( $( $(#[$meta:meta])* $V:ident($T:ty) = $name:literal $( , inside $inside:expr )? $( => $word:expr )?; )+ ) => {
        /// One element of a `customBinding`.
        #[derive(Debug, Clone, PartialEq)]
        #[allow(clippy::large_enum_variant, reason = "a binding has a handful of elements")]
        pub enum CustomElement {
            $( $(#[$meta])* $V($T), )+
            /// Recognised by name only; no endpoint with it can be opened.
            Other(OtherElement),
            /// A .NET class that the file registers under `<extensions>`, of which nothing is
            /// known: it may be a transport. No endpoint with it can be opened.
            Foreign(OtherElement),
        }

        /// Names of the modelled elements.
        pub(crate) const MODELLED_ELEMENTS: &[&str] = &[ $( $name, )+ ];

        impl CustomElement {
            /// Name of the element in a file.
            pub fn name(&self) -> &str {
                match self {
                    $( CustomElement::$V(_) => $name, )+
                    CustomElement::Other(other) | CustomElement::Foreign(other) => &other.name,
                }
            }

            fn read(node: &Node, cx: &mut Reader) -> Option<CustomElement> {
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
                    CustomElement::Other(other) | CustomElement::Foreign(other) => {
                        other.write(out);
                    }
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
        pub(crate) fn describe_elements() -> Vec<ChildDescription> {
            vec![ $( ChildDescription {
                name: $name,
                many: false,
                doc: "",
                word: child_word!($( $word )?),
                inner: ChildField::describe_field(&<$T>::default()).all_inside(inside!($( $inside )?)),
            }, )+ ]
        }
    };
}

custom_elements! {
    /// Transactions.
    TransactionFlow(TransactionFlow) = "transactionFlow" => warn(NO_TRANSACTIONS);
    /// The reliable session.
    ReliableSession(ReliableSessionElement) = "reliableSession";
    /// Message security.
    Security(SecurityElement) = "security";
    /// A second connection for callbacks.
    CompositeDuplex(CompositeDuplex) = "compositeDuplex",
        inside unless_built(Part::CompositeDuplex, Callbacks);
    /// One-way messages.
    OneWay(OneWay) = "oneWay", inside unless_built(Part::CompositeDuplex, Callbacks);
    /// TLS over TCP.
    SslStreamSecurity(SslStreamSecurity) = "sslStreamSecurity",
        inside unless_built(Part::TlsOverTcp, Tcp);
    /// Windows authentication over TCP.
    WindowsStreamSecurity(WindowsStreamSecurity) = "windowsStreamSecurity",
        inside Refused(WindowsAccounts);
    /// Text messages.
    TextMessageEncoding(TextMessageEncoding) = "textMessageEncoding";
    /// MTOM messages.
    MtomMessageEncoding(MtomMessageEncoding) = "mtomMessageEncoding";
    /// Binary messages.
    BinaryMessageEncoding(BinaryMessageEncoding) = "binaryMessageEncoding",
        inside unless_any_built(&[Part::BinaryOverHttp, Part::TcpLink], BinaryMessages);
    /// HTTP.
    HttpTransport(HttpTransport) = "httpTransport";
    /// HTTPS.
    HttpsTransport(HttpsTransport) = "httpsTransport";
    /// TCP.
    TcpTransport(TcpTransport) = "tcpTransport", inside unless_built(Part::TcpLink, Tcp);
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
    fn read_element(&mut self, child: &Node, cx: &mut Reader) {
        let name = child.name.as_str();
        if self.elements.len() >= MAX_ELEMENTS {
            return cx.report(extensions::too_many(child));
        }
        if cx.extensions.binding_elements.contains(&child.name) {
            return self.elements.push(CustomElement::Foreign(OtherElement::read(child, cx)));
        }
        if !is_registered(name) {
            let names = MODELLED_ELEMENTS.iter().chain(OTHER_ELEMENTS).copied();
            return extensions::unknown(child, "bindingElementExtensions", names, cx);
        }
        if self.elements.iter().any(|e| e.name() == name) {
            cx.report(extensions::duplicate(child, "CustomBindingElement"));
            return;
        }
        let class = element_class(name);
        let earlier = self.elements.iter().find(|e| e.class() == class);
        if let (Some(earlier), true) = (earlier, class != ElementClass::Protocol) {
            let problem = second_of_class(child, earlier.name(), class);
            cx.report(problem);
        }
        self.elements.extend(CustomElement::read(child, cx));
    }
}

impl CustomElement {
    /// Whether it is a .NET class of the program's own.
    pub(crate) fn is_foreign(&self) -> bool {
        matches!(self, CustomElement::Foreign(_))
    }

    /// What it is for; of a class of the program's own nobody knows.
    pub(crate) fn class(&self) -> ElementClass {
        if self.is_foreign() { ElementClass::Protocol } else { element_class(self.name()) }
    }
}

fn is_registered(name: &str) -> bool {
    !registered_name(name).is_empty()
}

/// The registered name equal to `name`, empty when there is none.
pub(crate) fn registered_name(name: &str) -> &'static str {
    let mut all = MODELLED_ELEMENTS.iter().chain(OTHER_ELEMENTS).copied();
    all.find(|registered| *registered == name).unwrap_or_default()
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
    const LENIENT: bool = true;
    const HOLDS_SETTINGS: bool = true;

    fn read_attribute(&mut self, attribute: &Attribute, cx: &mut Reader) -> bool {
        self.timeouts.read_attribute(attribute, cx)
    }

    fn multiplicity(&self, _: &str) -> ChildRead {
        ChildRead::Many
    }

    fn read_child(&mut self, child: &Node, cx: &mut Reader) {
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
