//! The words that a declaration says of a setting: it runs, it is refused, or it does nothing and why.
//!
//! Every attribute of the configuration model has one where it is declared ([`settings!`](crate::settings)); without one it
//! does not compile. `check` and the tables of `docs/configuration.md` are made from them.

use std::fmt;

use crate::diagnostic::Severity;

/// What becomes of a setting here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// It does what its meaning says.
    Runs,
    /// It does what its meaning says, but for these values: an endpoint with one of them is refused
    /// by name when it opens ([`EffectiveEndpoint::unsupported`](crate::EffectiveEndpoint::unsupported)).
    RunsExcept(&'static [&'static str]),
    /// It does a part of what it does in WCF: which, and what holds for the rest.
    Partly(&'static str),
    /// It names what only .NET can run: the endpoint does not open unless the program gives its counterpart in code, as
    /// this says.
    InCode(&'static str),
    /// It belongs to something that is refused by name when the endpoint opens.
    Refused(Feature),
    /// It does nothing.
    Nothing {
        /// [`Severity::Warning`] where that can be noticed, [`Severity::Note`] where it only helps
        /// WCF to run.
        severity: Severity,
        /// The value that describes what happens, where it is not the default.
        acts_as: Option<&'static str>,
        /// Why it does nothing, and what holds instead.
        why: &'static str,
    },
}

/// What this version cannot run, where a setting belongs to it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Feature {
    /// NTLM and Negotiate, which are Windows accounts over HTTP.
    HttpAuthentication,
    /// `net.tcp`.
    Tcp,
    /// WebSockets.
    WebSockets,
    /// .NET binary XML.
    BinaryMessages,
    /// A second connection for callbacks, and messages that only go one way.
    Callbacks,
    /// Kerberos and NTLM.
    WindowsAccounts,
    /// Tokens of a security token service.
    IssuedTokens,
    /// Standard endpoints of .NET.
    StandardEndpoints,
}

impl Feature {
    /// Every feature.
    pub const ALL: &'static [Feature] = &[
        Feature::HttpAuthentication,
        Feature::Tcp,
        Feature::WebSockets,
        Feature::BinaryMessages,
        Feature::Callbacks,
        Feature::WindowsAccounts,
        Feature::IssuedTokens,
        Feature::StandardEndpoints,
    ];

    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Feature::HttpAuthentication => "Windows accounts over HTTP",
            Feature::Tcp => "net.tcp",
            Feature::WebSockets => "WebSockets",
            Feature::BinaryMessages => "binary messages",
            Feature::Callbacks => "callbacks",
            Feature::WindowsAccounts => "Windows accounts",
            Feature::IssuedTokens => "issued tokens",
            Feature::StandardEndpoints => "standard endpoints",
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Support {
    /// As the tables of `docs/configuration.md` have it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Support::Runs => f.write_str("runs"),
            Support::RunsExcept(values) => {
                let values: Vec<String> = values.iter().map(|v| format!("`{v}`")).collect();
                write!(f, "runs; refused: {}", values.join(", "))
            }
            Support::Partly(what) => write!(f, "runs in part: {what}"),
            Support::InCode(how) => write!(f, "needs the program: {how}"),
            Support::Refused(feature) => write!(f, "only with {feature}: refused"),
            Support::Nothing { acts_as: Some(value), why, .. } => {
                write!(f, "does nothing, as if `{value}`: {why}")
            }
            Support::Nothing { acts_as: None, why, .. } => write!(f, "does nothing: {why}"),
        }
    }
}

/// It does nothing, and somebody may notice.
pub(crate) const fn warn(why: &'static str) -> Support {
    Support::Nothing { severity: Severity::Warning, acts_as: None, why }
}

/// It does nothing, and only WCF's own running depends on it.
pub(crate) const fn note(why: &'static str) -> Support {
    Support::Nothing { severity: Severity::Note, acts_as: None, why }
}

/// The same, where what happens is not the default.
pub(crate) const fn note_as(value: &'static str, why: &'static str) -> Support {
    Support::Nothing { severity: Severity::Note, acts_as: Some(value), why }
}

pub(crate) const NO_PROXY_SCRIPT: &str = "no script is run and no proxy looked for: name it in proxyaddress, or in HTTPS_PROXY and HTTP_PROXY of the environment";
pub(crate) const NO_CHANNEL_BINDING: &str =
    "no channel binding token is asked for; only Windows accounts carry one";
pub(crate) const POOLS: &str = "memory is managed without such pools";
pub(crate) const PAGE_BINDING: &str =
    "pages are answered to a plain GET, without a binding of their own";
pub(crate) const NO_PRIVACY: &str = "metadata tells of no privacy notice";
pub(crate) const NO_HEALTH: &str =
    "there is no such page; ServiceHost::statistics tells how the host is, in code";
pub(crate) const NO_TRANSACTIONS: &str = "transactions do not flow";
pub(crate) const CLASS: &str = "it names a .NET class; the program decides in code";
pub(crate) const AUTHORIZATION: &str =
    "whoever is authenticated may call; the program decides in code who may do what";
pub(crate) const MANAGER: &str = "it names a .NET class, which cannot run here: the service does not open unless the program decides in code who may do what (ServiceHostBuilder::authorize)";
pub(crate) const NO_WINDOWS: &str = "there are no Windows accounts here";
pub(crate) const NO_PEERS: &str = "there are no peer channels here";
pub(crate) const ACKNOWLEDGED: &str = "over HTTP with replies in the answers, acknowledgements go with those, so none waits (in WCF neither)";
pub(crate) const COOKIES: &str =
    "every channel asks for a token of its own, and uses it for all its messages";
pub(crate) const ENCODER: &str = "it names a .NET class; cookies are sealed under the keys of <cookies keyFile=\"…\"/> in the section <waxwing>, or of ServiceHostBuilder::cookie_keys";
pub(crate) const SHARED_PORT: &str = "a service with true is refused: no port is shared with other programs; at a client it does nothing (in WCF neither)";
pub(crate) const TLS_VERSIONS: &str =
    "TLS 1.2 is the oldest version that is spoken; a list without it is refused";
pub(crate) const MASKED: &str = "what a client sends is always masked, as RFC 6455 demands";
pub(crate) const WEB_SOCKETS_WAIT: &str = "WebSockets that wait to be accepted are limited with all connections of HTTP (ServiceHostBuilder::http_limits)";
pub(crate) const BUFFERS: &str = "buffers grow with what is read";
pub(crate) const NO_DELAY: &str = "every message is written at once";
pub(crate) const NO_TEREDO: &str = "addresses of Teredo are those of the system, as all others";
pub(crate) const CHANNEL_POOL: &str = "connections are kept as HTTP keeps them";
pub(crate) const NO_NOTIFICATION: &str =
    "the service hears of a client with its first message; nothing of it is on the wire";
pub(crate) const RECONNECT: &str = "a reliable session goes on over another connection in any case; only with mode=\"Transport\" of net.tcp, where TLS alone says whose it is, it ends with its connection in any case";
pub(crate) const NO_WORKFLOWS: &str = "there are no workflows here";
pub(crate) const IDENTITY_FOUNDATION: &str = "there is no Windows Identity Foundation here";

/// Modes of security that are not none.
pub(crate) const FEDERATED: &[&str] = &["Message", "TransportWithMessageCredential"];
/// Ways to authenticate over HTTP that are not run.
pub(crate) const SCHEMES: &[&str] =
    &["Negotiate", "Ntlm", "IntegratedWindowsAuthentication", "None"];
/// The same as kinds of credentials.
pub(crate) const CREDENTIALS: &[&str] = &["Ntlm", "Windows", "InheritedFromHost"];
/// Modes of message security that are not run.
pub(crate) const MODES: &[&str] = &[
    "IssuedToken",
    "IssuedTokenForCertificate",
    "IssuedTokenForSslNegotiated",
    "IssuedTokenOverTransport",
    "Kerberos",
    "KerberosOverTransport",
    "SspiNegotiated",
    "SspiNegotiatedOverTransport",
];
