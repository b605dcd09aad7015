//! What becomes of each setting of the file here: it runs, it is refused, or it does nothing and why.
//!
//! [`table`] is the one place where that is written down. The tables of `docs/configuration.md` are
//! made from it, `check` tells it of what stands in a file, and a test walks the whole schema: a
//! setting without a word is a failure.

pub(crate) mod find;
pub(crate) mod schema;
mod table;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::diagnostic::Severity;

use table::TABLE;

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
    /// TLS below HTTP.
    Https,
    /// HTTP Basic, Digest, NTLM and Negotiate.
    HttpAuthentication,
    /// `net.tcp`.
    Tcp,
    /// WebSockets.
    WebSockets,
    /// .NET binary XML.
    BinaryMessages,
    /// Messages without WS-Addressing, whose action stands in the HTTP headers alone.
    NoAddressing,
    /// A second connection for callbacks, and messages that only go one way.
    Callbacks,
    /// Kerberos and NTLM.
    WindowsAccounts,
    /// Tokens of a security token service.
    IssuedTokens,
    /// Message security of WS-Security 1.0, with certificates on both sides.
    WsSecurity10,
    /// Security contexts that a cookie holds.
    Cookies,
    /// Headers that belong to an address.
    AddressHeaders,
    /// Standard endpoints of .NET.
    StandardEndpoints,
}

impl Feature {
    /// Every feature.
    pub const ALL: &'static [Feature] = &[
        Feature::Https,
        Feature::HttpAuthentication,
        Feature::Tcp,
        Feature::WebSockets,
        Feature::BinaryMessages,
        Feature::NoAddressing,
        Feature::Callbacks,
        Feature::WindowsAccounts,
        Feature::IssuedTokens,
        Feature::WsSecurity10,
        Feature::Cookies,
        Feature::AddressHeaders,
        Feature::StandardEndpoints,
    ];

    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Feature::Https => "HTTPS",
            Feature::HttpAuthentication => "HTTP authentication",
            Feature::Tcp => "net.tcp",
            Feature::WebSockets => "WebSockets",
            Feature::BinaryMessages => "binary messages",
            Feature::NoAddressing => "messages without WS-Addressing",
            Feature::Callbacks => "callbacks",
            Feature::WindowsAccounts => "Windows accounts",
            Feature::IssuedTokens => "issued tokens",
            Feature::WsSecurity10 => "WS-Security 1.0",
            Feature::Cookies => "security contexts in cookies",
            Feature::AddressHeaders => "headers of an address",
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
            Support::Refused(feature) => write!(f, "only with {feature}: refused"),
            Support::Nothing { acts_as: Some(value), why, .. } => {
                write!(f, "does nothing, as if `{value}`: {why}")
            }
            Support::Nothing { acts_as: None, why, .. } => write!(f, "does nothing: {why}"),
        }
    }
}

/// What becomes of a setting, by its path as `docs/configuration.md` has it:
/// `wsHttpBinding/binding/@proxyAddress`, and `client/endpoint/headers` for an element. `None` for
/// what is no setting: an element that only holds others.
///
/// ```
/// use waxwing_binding::{Support, support_of};
///
/// assert_eq!(support_of("wsHttpBinding/binding/@sendTimeout"), Some(Support::Runs));
/// let proxy = support_of("wsHttpBinding/binding/@proxyAddress");
/// assert!(matches!(proxy, Some(Support::Nothing { .. })));
/// ```
pub fn support_of(path: &str) -> Option<Support> {
    let rows = TABLE.iter().filter(|(pattern, _)| matches(pattern, path));
    // What begins at the section says it more exactly than what does not, then the longer one.
    let exactness = |pattern: &str| (!pattern.starts_with('…'), pattern.len());
    rows.max_by_key(|(pattern, _)| exactness(pattern)).map(|(_, support)| *support)
}

/// Whether a pattern of the table means a path. `…/` at its beginning stands for any elements
/// above, `/**` at its end for every attribute below.
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, below) = match pattern.strip_suffix("/**") {
        Some(above) => (above, true),
        None => (pattern, false),
    };
    let (pattern, anywhere) = match pattern.strip_prefix("…/") {
        Some(end) => (end, true),
        None => (pattern, false),
    };
    let is_there = |head: &str| match head.strip_suffix(pattern) {
        Some(above) => above.is_empty() || (anywhere && above.ends_with('/')),
        None => false,
    };
    if !below {
        return is_there(path);
    }
    // An element is no setting because something above it is one.
    let is_attribute = path.rsplit('/').next().is_some_and(|last| last.starts_with('@'));
    is_attribute && path.match_indices('/').any(|(at, _)| is_there(&path[..at]))
}
