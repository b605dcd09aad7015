//! The typed bindings: one struct per binding, with WCF's names and defaults.

pub(crate) mod common;
pub(crate) mod custom;
pub(crate) mod custom_binding;
pub(crate) mod dual;
pub(crate) mod federation;
pub(crate) mod http;
pub(crate) mod security;
pub(crate) mod tcp;
pub(crate) mod ws;

use crate::built::{Part, unless_built};
use crate::file::problem::Problem;
use crate::file::raw::OtherElement;
use crate::suggest;
use crate::word::Feature::{Callbacks, Tcp};
use common::Timeouts;
use custom_binding::CustomBinding;
use dual::WsDualHttpBinding;
use federation::{Ws2007FederationHttpBinding, WsFederationHttpBinding};
use http::{BasicHttpBinding, BasicHttpsBinding, NetHttpBinding, NetHttpsBinding};
use tcp::NetTcpBinding;
use ws::{Ws2007HttpBinding, WsHttpBinding};

/// Binding sections that are recognised, but no endpoint with them can be opened.
pub(crate) const OTHER_BINDINGS: &[(&str, &str, &str)] = &[
    ("netNamedPipeBinding", "NetNamedPipeBinding", "net.pipe"),
    ("netMsmqBinding", "NetMsmqBinding", "net.msmq"),
    ("msmqIntegrationBinding", "MsmqIntegrationBinding", "msmq.formatname"),
    ("netPeerTcpBinding", "NetPeerTcpBinding", "net.p2p"),
    ("webHttpBinding", "WebHttpBinding", "http"),
    ("udpBinding", "UdpBinding", "soap.udp"),
    ("wsHttpContextBinding", "WSHttpContextBinding", "http"),
    ("netTcpContextBinding", "NetTcpContextBinding", "net.tcp"),
    ("basicHttpContextBinding", "BasicHttpContextBinding", "http"),
    ("mexNamedPipeBinding", "CustomBinding", "net.pipe"),
];

/// A name that is no type of binding.
pub(crate) fn unknown_type(name: &str, span: crate::Span) -> Problem {
    let names = BINDING_SECTIONS.iter().copied().chain(OTHER_BINDINGS.iter().map(|(n, ..)| *n));
    let suggestion = suggest::nearest(name, names.clone())
        .or_else(|| suggest::nearest(&format!("{name}Binding"), names));
    let fix = match &suggestion {
        Some(s) => format!("write {s}"),
        None => format!("the types of bindings are: {}", BINDING_SECTIONS.join(", ")),
    };
    Problem::error("unknown-binding-type", span, format!("there is no binding type {name}"))
        .wcf(format!(
            "Configuration binding extension 'system.serviceModel/bindings/{name}' could not be \
             found. Verify that this binding extension is properly registered in \
             system.serviceModel/extensions/bindingExtensions and that it is spelled correctly."
        ))
        .suggest(suggestion)
        .fix(fix)
}

macro_rules! bindings {
    ( $( $(#[$meta:meta])* $V:ident($T:ty) = $section:literal, $wcf:literal $( , inside $inside:expr )?; )+ ) => {
        /// A binding of any type.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Binding {
            $( $(#[$meta])* $V($T), )+
            /// Recognised by name only; no endpoint with it can be opened.
            Other(OtherBinding),
        }

        /// Names of the modelled binding sections.
        pub(crate) const BINDING_SECTIONS: &[&str] = &[ $( $section, )+ ];

        impl Binding {
            /// The name of the section of such bindings: `wsHttpBinding`.
            pub fn section(&self) -> &str {
                match self {
                    $( Binding::$V(_) => $section, )+
                    Binding::Other(other) => &other.section,
                }
            }

            /// The name of the .NET class: `WSHttpBinding`.
            pub fn type_name(&self) -> &'static str {
                match self {
                    $( Binding::$V(_) => $wcf, )+
                    Binding::Other(other) => other.type_name(),
                }
            }

            /// Name and timeouts.
            pub fn timeouts(&self) -> &Timeouts {
                match self {
                    $( Binding::$V(binding) => &binding.timeouts, )+
                    Binding::Other(other) => &other.timeouts,
                }
            }

            /// A factory-fresh binding of a section.
            pub(crate) fn default_of(section: &str) -> Option<Binding> {
                Some(match section {
                    $( $section => Binding::$V(<$T>::default()), )+
                    _ if OTHER_BINDINGS.iter().any(|(name, ..)| *name == section) => {
                        Binding::Other(OtherBinding {
                            section: section.to_owned(),
                            ..OtherBinding::default()
                        })
                    }
                    _ => return None,
                })
            }

            /// Reads a `<binding>` of a section.
            pub(crate) fn read(
                section: &str,
                node: &crate::file::node::Node,
                cx: &mut crate::file::reader::Reader,
            ) -> Option<Binding> {
                let mut binding = Binding::default_of(section)?;
                match &mut binding {
                    $( Binding::$V(binding) => crate::settings::read_into(binding, node, cx), )+
                    Binding::Other(other) => other.read(node, cx),
                }
                Some(binding)
            }

            /// Writes the `<binding>`.
            pub(crate) fn write(&self, out: &mut crate::file::writer::OutNode) {
                use crate::settings::Settings;
                match self {
                    $( Binding::$V(binding) => {
                        binding.write(&<$T>::default(), out.child("binding"));
                    } )+
                    Binding::Other(other) => other.write(out),
                }
            }
        }

        $(
            impl $T {
                /// Sets the key of the binding among those of its type.
                #[must_use]
                pub fn named(mut self, name: impl Into<String>) -> $T {
                    self.timeouts.name = name.into();
                    self
                }

                /// Sets the time to open a channel, handshake and CreateSequence included.
                #[must_use]
                pub fn open_timeout(mut self, timeout: impl Into<crate::TimeSpan>) -> $T {
                    self.timeouts.open_timeout = timeout.into();
                    self
                }

                /// Sets the time for an orderly close.
                #[must_use]
                pub fn close_timeout(mut self, timeout: impl Into<crate::TimeSpan>) -> $T {
                    self.timeouts.close_timeout = timeout.into();
                    self
                }

                /// Sets the time for a whole call, request and reply.
                #[must_use]
                pub fn send_timeout(mut self, timeout: impl Into<crate::TimeSpan>) -> $T {
                    self.timeouts.send_timeout = timeout.into();
                    self
                }

                /// Sets how long a service waits for the next application message of a session.
                #[must_use]
                pub fn receive_timeout(mut self, timeout: impl Into<crate::TimeSpan>) -> $T {
                    self.timeouts.receive_timeout = timeout.into();
                    self
                }
            }

            impl From<$T> for Binding {
                fn from(binding: $T) -> Binding {
                    Binding::$V(binding)
                }
            }
        )+

        /// Descriptions of the modelled bindings, for the tables.
        pub(crate) fn describe_bindings() -> Vec<(&'static str, crate::settings::Description)> {
            vec![ $( ($section, crate::settings::Description::of(&<$T>::default())
                .all_inside(crate::settings::inside!($( $inside )?))), )+ ]
        }
    };
}

bindings! {
    /// `wsHttpBinding`.
    WsHttp(WsHttpBinding) = "wsHttpBinding", "WSHttpBinding";
    /// `ws2007HttpBinding`.
    Ws2007Http(Ws2007HttpBinding) = "ws2007HttpBinding", "WS2007HttpBinding";
    /// `wsFederationHttpBinding`.
    WsFederationHttp(WsFederationHttpBinding) = "wsFederationHttpBinding", "WSFederationHttpBinding";
    /// `ws2007FederationHttpBinding`.
    Ws2007FederationHttp(Ws2007FederationHttpBinding) =
        "ws2007FederationHttpBinding", "WS2007FederationHttpBinding";
    /// `wsDualHttpBinding`.
    WsDualHttp(WsDualHttpBinding) = "wsDualHttpBinding", "WSDualHttpBinding",
        inside unless_built(Part::CompositeDuplex, Callbacks);
    /// `netTcpBinding`.
    NetTcp(NetTcpBinding) = "netTcpBinding", "NetTcpBinding",
        inside unless_built(Part::TcpLink, Tcp);
    /// `netHttpBinding`.
    NetHttp(NetHttpBinding) = "netHttpBinding", "NetHttpBinding";
    /// `netHttpsBinding`.
    NetHttps(NetHttpsBinding) = "netHttpsBinding", "NetHttpsBinding";
    /// `basicHttpBinding`.
    BasicHttp(BasicHttpBinding) = "basicHttpBinding", "BasicHttpBinding";
    /// `basicHttpsBinding`.
    BasicHttps(BasicHttpsBinding) = "basicHttpsBinding", "BasicHttpsBinding";
    /// `customBinding`.
    Custom(CustomBinding) = "customBinding", "CustomBinding";
    /// `mexHttpBinding`: `wsHttpBinding` without security, for metadata.
    MexHttp(MexHttpBinding) = "mexHttpBinding", "WSHttpBinding";
    /// `mexHttpsBinding`: the same over HTTPS.
    MexHttps(MexHttpsBinding) = "mexHttpsBinding", "WSHttpBinding";
    /// `mexTcpBinding`: net.tcp without security, for metadata.
    MexTcp(MexTcpBinding) = "mexTcpBinding", "CustomBinding",
        inside unless_built(Part::MetadataOverTcp, Tcp);
}

impl Binding {
    /// The key of the binding among those of its section; empty for the unnamed one.
    pub fn name(&self) -> &str {
        &self.timeouts().name
    }
}

crate::settings::settings! {
    /// `<mexHttpBinding>`: only name and timeouts.
    pub struct MexHttpBinding {
        flatten {
            /// Name and timeouts.
            timeouts: Timeouts,
        }
    }
}

crate::settings::settings! {
    /// `<mexHttpsBinding>`: only name and timeouts.
    pub struct MexHttpsBinding {
        flatten {
            /// Name and timeouts.
            timeouts: Timeouts,
        }
    }
}

crate::settings::settings! {
    /// `<mexTcpBinding>`: only name and timeouts.
    pub struct MexTcpBinding {
        flatten {
            /// Name and timeouts.
            timeouts: Timeouts,
        }
    }
}

/// A binding that is recognised but not modelled.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OtherBinding {
    /// Its section.
    pub section: String,
    /// Name and timeouts.
    pub timeouts: Timeouts,
    /// The rest as written.
    pub rest: OtherElement,
}

impl OtherBinding {
    fn entry(&self) -> Option<&'static (&'static str, &'static str, &'static str)> {
        OTHER_BINDINGS.iter().find(|(section, ..)| *section == self.section)
    }

    fn type_name(&self) -> &'static str {
        self.entry().map_or("Binding", |(_, type_name, _)| type_name)
    }

    /// The scheme of its addresses.
    pub fn scheme(&self) -> &'static str {
        self.entry().map_or("", |(.., scheme)| scheme)
    }

    fn read(&mut self, node: &crate::file::node::Node, cx: &mut crate::file::reader::Reader) {
        use crate::settings::Settings;
        cx.enter(node);
        for attribute in &node.attributes {
            self.timeouts.read_attribute(attribute, cx);
        }
        self.rest = OtherElement::read(node, cx);
        let timeouts = ["name", "openTimeout", "closeTimeout", "sendTimeout", "receiveTimeout"];
        self.rest.attributes.retain(|(name, _)| !timeouts.contains(&name.as_str()));
        if let (Some(child), "netNamedPipeBinding") =
            (node.child("reliableSession"), self.section.as_str())
        {
            cx.unknown_element(child, node, &crate::settings::Description::default());
        }
        cx.leave();
    }

    fn write(&self, out: &mut crate::file::writer::OutNode) {
        use crate::settings::Settings;
        let child = out.child("binding");
        self.timeouts.write(&Timeouts::default(), child);
        child.attributes.extend(self.rest.attributes.iter().cloned());
        child.raw.clone_from(&self.rest.content.xml);
    }
}
