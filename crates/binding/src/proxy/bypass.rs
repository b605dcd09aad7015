//! Addresses that are reached without the proxy.

use std::net::IpAddr;

use regex_lite::{Regex, RegexBuilder};
use waxwing_soap::Address;

/// The most octets of a compiled expression: a long list of alternatives fits, a nest of repetitions does not.
const MAX_EXPRESSION: usize = 1 << 20;

/// Where a message goes, as the rules look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// In small letters.
    pub(super) scheme: String,
    /// In small letters, without brackets and without a dot at the end.
    pub(super) host: String,
    pub(super) port: u16,
    /// Whether the address names the port that the scheme has anyway, or none.
    is_default_port: bool,
}

impl Target {
    /// None of an address without host or port.
    pub(super) fn of(address: &str) -> Option<Target> {
        let address = Address::of(address);
        let scheme = address.scheme()?.to_ascii_lowercase();
        let host = address.host()?.trim_end_matches('.').to_ascii_lowercase();
        let port = address.port()?;
        let own = if scheme == "https" { 443 } else { 80 };
        (!host.is_empty()).then_some(Target { scheme, host, port, is_default_port: port == own })
    }

    pub(super) fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// What .NET's `WebProxy` shows to the expressions of its list.
    fn as_shown(&self) -> String {
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        match self.is_default_port {
            true => format!("{}://{host}", self.scheme),
            false => format!("{}://{host}:{}", self.scheme, self.port),
        }
    }
}

/// Whether a host is this machine, whichever that is.
pub(super) fn is_loopback(target: &Target) -> bool {
    match target.ip() {
        Some(ip) => ip.to_canonical().is_loopback(),
        None => target.host == "localhost" || target.host.ends_with(".localhost"),
    }
}

/// Whether a host is local to .NET: without a dot, loopback, or an address of this machine.
pub(super) fn is_local(target: &Target, is_own: &dyn Fn(IpAddr) -> bool) -> bool {
    match target.ip() {
        Some(ip) => ip.to_canonical().is_loopback() || is_own(ip),
        None => !target.host.contains('.'),
    }
}

/// The expressions of a `<bypasslist>`. Matching takes time in proportion to expression and address, whatever they are.
#[derive(Debug, Clone, Default)]
pub(super) struct Expressions(Vec<Regex>);

impl Expressions {
    /// # Errors
    /// The first that is no regular expression, or has what no automaton can do (look around, references back).
    pub(super) fn new<'a>(all: impl Iterator<Item = &'a str>) -> Result<Expressions, String> {
        all.map(expression).collect::<Result<_, _>>().map(Expressions)
    }

    pub(super) fn matches(&self, target: &Target) -> bool {
        let shown = target.as_shown();
        self.0.iter().any(|expression| expression.is_match(&shown))
    }
}

/// What to write in place of an expression that cannot be used.
pub(crate) fn instead_of_expression(text: &str) -> String {
    let Some(end) = text.strip_prefix('*') else {
        return "write the expression without look-around and references back".to_owned();
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-._:/".contains(c);
    match end.chars().all(is_name) {
        true => format!(
            "the addresses of <bypasslist> are regular expressions: write \".*{}\"",
            end.replace('.', "\\.")
        ),
        false => "the addresses of <bypasslist> are regular expressions: write \".*\" for \"*\""
            .to_owned(),
    }
}

/// What .NET does with an expression that cannot be used here.
pub(crate) fn net_with_expression(text: &str) -> &'static str {
    match text.starts_with(['*', '+', '?']) {
        true => "refuses it, too (quantifier {x,y} following nothing)",
        false => "takes every expression that .NET knows",
    }
}

/// # Errors
/// Why it cannot be used.
pub(crate) fn expression(text: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(text).case_insensitive(true).size_limit(MAX_EXPRESSION).build();
    built.map_err(|error| {
        format!("the expression \"{text}\" of <bypasslist> cannot be used: {error}")
    })
}
