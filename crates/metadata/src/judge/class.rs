//! The words of verdicts.

use std::fmt;

/// Whether a port can be talked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Talk {
    /// This version can.
    Yes,
    /// The protocol is known, and this version does not have it.
    NotYet,
    /// It cannot.
    No,
}

impl Talk {
    /// `yes`, `not-yet`, `no`: stable, for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Talk::Yes => "yes",
            Talk::NotYet => "not-yet",
            Talk::No => "no",
        }
    }
}

/// `yes`, `not yet`, `no`: for people.
impl fmt::Display for Talk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Talk::Yes => "yes",
            Talk::NotYet => "not yet",
            Talk::No => "no",
        })
    }
}

/// What becomes of an assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ruling {
    /// It is met.
    Supported,
    /// It is not met, and that does no harm.
    Ignored,
    /// It keeps the client from talking to the service.
    Blocking,
}

impl Ruling {
    /// `supported`, `ignored`, `blocking`.
    pub fn as_str(self) -> &'static str {
        match self {
            Ruling::Supported => "supported",
            Ruling::Ignored => "ignored",
            Ruling::Blocking => "blocking",
        }
    }
}

macro_rules! classes {
    ($( $(#[$meta:meta])* $V:ident = $name:literal, $talk:ident, $needs:literal; )+) => {
        /// What kind of thing keeps a client from talking to a service.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Class {
            $( $(#[$meta])* $V, )+
        }

        impl Class {
            /// Every class.
            pub const ALL: &'static [Class] = &[ $( Class::$V, )+ ];

            /// The name for programs, in kebab case.
            pub fn as_str(self) -> &'static str {
                match self {
                    $( Class::$V => $name, )+
                }
            }

            /// What it makes of a verdict.
            pub fn talk(self) -> Talk {
                match self {
                    $( Class::$V => Talk::$talk, )+
                }
            }

            /// What would have to be there, in one or two words.
            pub fn needs(self) -> &'static str {
                match self {
                    $( Class::$V => $needs, )+
                }
            }
        }
    };
}

classes! {
    /// `net.tcp`.
    Tcp = "net-tcp", NotYet, "net.tcp";
    /// .NET binary XML.
    Binary = "binary", NotYet, "binary messages";
    /// WebSockets.
    WebSockets = "web-sockets", NotYet, "WebSockets";
    /// Messages that are streamed.
    Streamed = "streamed", NotYet, "streamed messages";
    /// Negotiated security and secure conversation without WS-Addressing.
    NoAddressing = "no-addressing", NotYet, "negotiated security without WS-Addressing";
    /// The service calls the client over the client's own connection.
    TcpCallbacks = "callbacks", NotYet, "callbacks";
    /// The service calls the client over a connection of its own.
    HttpCallbacks = "http-callbacks", NotYet, "callbacks over HTTP";
    /// A Windows account proves who the client is.
    Windows = "windows", No, "a Windows account";
    /// A security token service vouches for the client.
    Federation = "federation", No, "an issued token";
    /// Transactions that must flow.
    Transactions = "transactions", No, "transactions";
    /// MIME parts beside the message.
    Attachments = "attachments", No, "attachments";
    /// rpc/encoded and document/encoded.
    Encoded = "encoded", No, "SOAP encoding";
    /// Another transport.
    Transport = "transport", No, "another transport";
    /// A port that is not SOAP.
    NotSoap = "not-soap", No, "something other than SOAP";
    /// An algorithm.
    Algorithm = "algorithm", No, "another algorithm";
    /// A kind of token, or how it is shown.
    Token = "token", No, "another kind of token";
    /// What is signed and encrypted, or how.
    Protection = "protection", No, "another kind of protection";
    /// WS-Addressing that a client cannot have.
    Addressing = "addressing", No, "a client that listens";
    /// Reliable messaging in a form that is not there.
    Reliable = "reliable", No, "another reliable session";
    /// Two demands that exclude each other.
    Conflict = "conflict", No, "demands that go together";
    /// A policy that cannot be read: missing, circular, too complex, without alternatives.
    Policy = "policy", No, "a policy that can be met";
    /// An assertion that nobody here knows.
    Unknown = "unknown", No, "an assertion that is not known";
    /// A contract that is missing or cannot be used.
    Contract = "contract", No, "a contract";
    /// Something that no configuration can say.
    Inexpressible = "inexpressible", No, "settings that no configuration has";
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Class {
    /// The class of what `binding` says that it cannot run.
    pub(super) fn of_feature(feature: &str) -> Class {
        const WORDS: &[(&str, Class)] = &[
            ("Windows account", Class::Windows),
            ("issued tokens", Class::Federation),
            ("binary messages", Class::Binary),
            ("streamed messages", Class::Streamed),
            ("callbacks over net.tcp", Class::TcpCallbacks),
            ("callbacks over WebSockets", Class::TcpCallbacks),
            ("net.tcp", Class::Tcp),
            ("transport", Class::Transport),
            ("WebSockets", Class::WebSockets),
            ("without WS-Addressing", Class::NoAddressing),
            ("callbacks", Class::HttpCallbacks),
            ("two one-way directions", Class::HttpCallbacks),
            ("<oneWay>", Class::HttpCallbacks),
        ];
        let found = WORDS.iter().find(|(word, _)| feature.contains(word));
        found.map_or(Class::Inexpressible, |(_, class)| *class)
    }
}
