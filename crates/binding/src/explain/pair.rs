//! Whether two ends of a connection understand each other.
//!
//! A mismatch of the two files is no mistake in either of them: WCF notices it at the first
//! message, and then says little.

use waxwing_soap::{AddressHeader, Envelope};

use crate::effective::{EffectiveEndpoint, EffectiveSecurity, Role};
use crate::shape::{ChannelShape, Connection};
use crate::{MessageEncoding, TrustVersion};

/// A setting in which two ends must agree and do not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    /// What it is about, as the explanation names it: `reliable session`…
    pub setting: &'static str,
    /// What this end has.
    pub here: String,
    /// What the other end has.
    pub there: String,
    /// Of which contracts this is so.
    pub contracts: Contracts,
}

/// Which contracts something is true of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Contracts {
    /// All.
    #[default]
    All,
    /// Those with callbacks.
    WithCallbacks,
    /// Those without.
    WithoutCallbacks,
}

impl Contracts {
    /// ` of a contract with callbacks`; nothing where it is so of all.
    pub fn words(self) -> &'static str {
        match self {
            Contracts::All => "",
            Contracts::WithCallbacks => " of a contract with callbacks",
            Contracts::WithoutCallbacks => " of a contract without callbacks",
        }
    }
}

impl Disagreement {
    /// One that does not depend on the contract.
    pub fn new(setting: &'static str, here: String, there: String) -> Disagreement {
        Disagreement { setting, here, there, contracts: Contracts::All }
    }
}

impl std::fmt::Display for Disagreement {
    /// `reliable session: here WS-ReliableMessaging…, there none`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let contracts = self.contracts.words();
        write!(f, "{}{contracts}: here {}, there {}", self.setting, self.here, self.there)
    }
}

impl EffectiveEndpoint {
    /// The settings that keep this endpoint and `peer`, the other end of the same address, from
    /// understanding each other; empty when they fit. Order, timeouts, sizes and quotas need not
    /// agree.
    pub fn disagreements(&self, peer: &EffectiveEndpoint) -> Vec<Disagreement> {
        let mut found = Vec::new();
        let mut compare = |setting, here: String, there: String| {
            if here != there {
                found.push(Disagreement::new(setting, here, there));
            }
        };
        let scheme = |e: &EffectiveEndpoint| e.transport.scheme.clone();
        compare("transport", scheme(self), scheme(peer));
        compare("security of the connection", stream(self), stream(peer));
        let version = |e: &EffectiveEndpoint| super::wire::version(e.message_version);
        compare("messages", version(self), version(peer));
        compare("encoding", encoding(self), encoding(peer));
        compare("reliable session", session(self), session(peer));
        // What IIS says of a service, its file does not.
        let by_host = |e: &EffectiveEndpoint| {
            e.transport.authentication == crate::AuthenticationSchemes::NONE
        };
        if !by_host(self) && !by_host(peer) {
            compare("HTTP authentication", log_in(self), log_in(peer));
        }
        match (&self.security, &peer.security) {
            (Some(here), Some(there)) => security(here, there, &mut compare),
            (here, there) => {
                compare("message security", presence(here), presence(there));
            }
        }
        shapes(self, peer, &mut found);
        headers(self, peer, &mut found);
        client_certificate(self, peer, &mut found);
        found
    }
}

/// What protects a net.tcp connection.
fn stream(endpoint: &EffectiveEndpoint) -> String {
    super::channel::stream_security(endpoint).unwrap_or("none").to_owned()
}

/// Whether both speak in the same pattern. Where WebSockets are for contracts with callbacks the contract decides, which both ends have
/// and no file tells.
fn shapes(here: &EffectiveEndpoint, there: &EffectiveEndpoint, found: &mut Vec<Disagreement>) {
    let of = |callbacks| [here, there].map(|end| shape(end.channel_shape(callbacks)));
    let ([a, b], [c, d]) = (of(false), of(true));
    let (contracts, here, there) = match (a == b, c == d) {
        (true, true) => return,
        (false, false) => (Contracts::All, a, b),
        (false, true) => (Contracts::WithoutCallbacks, a, b),
        (true, false) => (Contracts::WithCallbacks, c, d),
    };
    let (here, there) = (here.to_owned(), there.to_owned());
    found.push(Disagreement { setting: "shape of the channel", here, there, contracts });
}

fn shape(shape: ChannelShape) -> &'static str {
    match shape {
        ChannelShape::Exchanges => "exchanges of HTTP",
        ChannelShape::DuplexSession(Connection::Tcp) => "a connection, both ways",
        ChannelShape::DuplexSession(Connection::WebSocket) => "a WebSocket",
        ChannelShape::CompositeDuplex => "requests in both directions",
        ChannelShape::StreamedExchanges => "streams",
        ChannelShape::Unknown => "unknown",
    }
}

fn encoding(endpoint: &EffectiveEndpoint) -> String {
    match endpoint.encoding {
        MessageEncoding::Text(_) => "text",
        MessageEncoding::Mtom(_) => "MTOM",
        MessageEncoding::Binary(_) => "binary",
    }
    .to_owned()
}

fn session(endpoint: &EffectiveEndpoint) -> String {
    match &endpoint.reliable_session {
        Some(session) => super::wire::reliable_version(session.reliable_messaging_version),
        None => "none",
    }
    .to_owned()
}

/// How the client authenticates by HTTP.
fn log_in(endpoint: &EffectiveEndpoint) -> String {
    match endpoint.transport.authentication {
        crate::AuthenticationSchemes::ANONYMOUS => "none".to_owned(),
        schemes => schemes.to_string(),
    }
}

/// A service that demands the client's certificate in TLS does not talk to one that shows none; one that is not asked for
/// does no harm.
fn client_certificate(
    here: &EffectiveEndpoint,
    there: &EffectiveEndpoint,
    found: &mut Vec<Disagreement>,
) {
    let (client, service) = match (here.role, there.role) {
        (Role::Client, Role::Service) => (here, there),
        (Role::Service, Role::Client) => (there, here),
        _ => return,
    };
    if service.transport.require_client_certificate && !client.transport.require_client_certificate
    {
        let words = |e: &EffectiveEndpoint| match e.role {
            Role::Client => "none is shown".to_owned(),
            Role::Service => "one is demanded".to_owned(),
        };
        let setting = "the client's certificate in TLS";
        found.push(Disagreement::new(setting, words(here), words(there)));
    }
}

/// A message that lacks a header of the service's address, or carries it with other content, is for somebody else; more
/// headers do no harm (the service's address filter compares them as this does).
fn headers(here: &EffectiveEndpoint, there: &EffectiveEndpoint, found: &mut Vec<Disagreement>) {
    let (client, service) = match (here.role, there.role) {
        (Role::Client, Role::Service) => (here, there),
        (Role::Service, Role::Client) => (there, here),
        _ => return,
    };
    // What cannot be read is refused by name elsewhere.
    let (Ok(sent), Ok(demanded)) = (client.address_headers(), service.address_headers()) else {
        return;
    };
    let mut message = Envelope::new(waxwing_soap::MessageVersion::SOAP12_ADDRESSING10);
    sent.write(&mut message);
    for header in demanded.missing_in(&message) {
        let is_it = |h: &&AddressHeader| {
            h.namespace() == header.namespace() && h.local_name() == header.local_name()
        };
        let others: Vec<&str> = sent.iter().filter(is_it).map(AddressHeader::xml).collect();
        let sends = match others.as_slice() {
            [] => format!("no {} is sent", header.local_name()),
            others => format!("{} is sent", others.join(", ")),
        };
        let demands = format!("{} is demanded", header.xml());
        let (here, there) =
            if here.role == Role::Client { (sends, demands) } else { (demands, sends) };
        found.push(Disagreement::new("headers of the address", here, there));
    }
}

fn presence(security: &Option<EffectiveSecurity>) -> String {
    match security {
        Some(security) => security.authentication.to_string(),
        None => "none".to_owned(),
    }
}

fn security(
    here: &EffectiveSecurity,
    there: &EffectiveSecurity,
    compare: &mut dyn FnMut(&'static str, String, String),
) {
    let mode = |s: &EffectiveSecurity| s.authentication.to_string();
    compare("kind of security", mode(here), mode(there));
    let dialect = |s: &EffectiveSecurity| match s.trust() {
        TrustVersion::February2005 => "WS-Trust of February 2005".to_owned(),
        TrustVersion::Trust13 => "WS-Trust 1.3".to_owned(),
    };
    compare("dialect", dialect(here), dialect(there));
    let conversation = |s: &EffectiveSecurity| match s.secure_conversation {
        Some(_) => "established".to_owned(),
        None => "not established".to_owned(),
    };
    compare("secure conversation", conversation(here), conversation(there));
    let suite = |s: &EffectiveSecurity| s.algorithm_suite.to_string();
    compare("algorithm suite", suite(here), suite(there));
    let inner = |s: &EffectiveSecurity| {
        let suite = s.secure_conversation.as_ref().map(|c| c.algorithm_suite);
        suite.unwrap_or(s.algorithm_suite).to_string()
    };
    compare("algorithm suite of the session", inner(here), inner(there));
    let derived = |s: &EffectiveSecurity| {
        let session = s.secure_conversation.as_ref();
        let derived = s.require_derived_keys && session.is_none_or(|c| c.require_derived_keys);
        if derived || s.over_transport { "derived" } else { "used as they are" }.to_owned()
    };
    compare("keys", derived(here), derived(there));
    let order = |s: &EffectiveSecurity| {
        let session = s.secure_conversation.as_ref();
        session.map_or(s.message_protection_order, |c| c.message_protection_order).to_string()
    };
    compare("order of signing and encrypting", order(here), order(there));
    let confirmation = |s: &EffectiveSecurity| {
        if s.require_signature_confirmation { "required" } else { "not required" }.to_owned()
    };
    compare("signature confirmation", confirmation(here), confirmation(there));
    let inner = |s: &EffectiveSecurity| match &s.secure_conversation {
        Some(session) if session.require_signature_confirmation => "required".to_owned(),
        _ => "not required".to_owned(),
    };
    compare("signature confirmation inside the session", inner(here), inner(there));
    let first = |s: &EffectiveSecurity| s.message_protection_order.to_string();
    if here.secure_conversation.is_some() && there.secure_conversation.is_some() {
        compare("order of signing and encrypting in the bootstrap", first(here), first(there));
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        AlgorithmSuite, Binding, ClientCredentials, EffectiveEndpoint, MessageCredentialType,
        NetHttpBinding, SecurityMode, ServiceBehavior, WebSocketSettings, Ws2007HttpBinding,
        WsHttpBinding,
    };

    fn seed() -> WsHttpBinding {
        WsHttpBinding::new(SecurityMode::Message, true)
            .message_credential(MessageCredentialType::Certificate)
    }

    fn settings(client: impl Into<Binding>, service: impl Into<Binding>) -> Vec<&'static str> {
        let address = "http://h/";
        let credentials = ClientCredentials::default();
        let client = EffectiveEndpoint::client(&client.into(), "I", address, None, credentials)
            .expect("a good binding");
        let behavior = ServiceBehavior::default();
        let service = EffectiveEndpoint::service(&service.into(), "I", address, behavior)
            .expect("a good binding");
        client.disagreements(&service).iter().map(|d| d.setting).collect()
    }

    #[test]
    fn what_must_agree_is_compared() {
        assert_eq!(settings(seed(), seed()), [""; 0]);
        assert_eq!(
            settings(seed().ordered(false).send_timeout(crate::TimeSpan::ZERO), seed()),
            [""; 0]
        );
        let negotiated = seed().negotiate_service_credential(false);
        assert_eq!(settings(seed(), negotiated), ["kind of security", "signature confirmation"]);
        let suite = seed().algorithm_suite(AlgorithmSuite::Basic128);
        assert_eq!(settings(suite, seed()), ["algorithm suite", "algorithm suite of the session"]);
        let plain = WsHttpBinding::new(SecurityMode::None, false);
        assert_eq!(settings(plain, seed()), ["reliable session", "message security"]);
        let oasis = Ws2007HttpBinding::new(SecurityMode::Message, true)
            .message_credential(MessageCredentialType::Certificate);
        assert_eq!(settings(oasis, seed()), ["reliable session", "dialect"]);
    }

    /// Which shape WebSockets have is decided by the contract where they are for those with callbacks.
    #[test]
    fn shapes_that_the_contract_decides_are_told_so() {
        use crate::WebSocketTransportUsage::{self as Usage, Always, Never, WhenDuplex};
        let of = |usage: Usage| {
            let settings = WebSocketSettings::default().transport_usage(usage);
            NetHttpBinding::default().web_socket_settings(settings).into()
        };
        let said = |client: Usage, service: Usage| -> Vec<String> {
            let (address, credentials) = ("http://h/", ClientCredentials::default());
            let client = EffectiveEndpoint::client(&of(client), "I", address, None, credentials);
            let service =
                EffectiveEndpoint::service(&of(service), "I", address, ServiceBehavior::default());
            let found = client.unwrap().disagreements(&service.unwrap());
            found.iter().map(ToString::to_string).collect()
        };
        for usage in [Always, Never, WhenDuplex] {
            assert_eq!(said(usage, usage), [""; 0], "{usage}");
        }
        let sockets = "here a WebSocket, there exchanges of HTTP";
        assert_eq!(said(Always, Never), [format!("shape of the channel: {sockets}")]);
        let without = format!("shape of the channel of a contract without callbacks: {sockets}");
        assert_eq!(said(Always, WhenDuplex), [without]);
        let with = format!("shape of the channel of a contract with callbacks: {sockets}");
        assert_eq!(said(WhenDuplex, Never), [with]);
    }

    fn disagreements_of_headers(client: &str, service: &str) -> Vec<String> {
        let plain: Binding = WsHttpBinding::new(SecurityMode::None, false).into();
        let credentials = ClientCredentials::default();
        let mut sender = EffectiveEndpoint::client(&plain, "I", "http://h/", None, credentials)
            .expect("a good binding");
        let behavior = ServiceBehavior::default();
        let mut receiver =
            EffectiveEndpoint::service(&plain, "I", "http://h/", behavior).expect("a good binding");
        client.clone_into(&mut sender.headers);
        service.clone_into(&mut receiver.headers);
        let turned = receiver.disagreements(&sender);
        let found = sender.disagreements(&receiver);
        for (one, other) in found.iter().zip(&turned) {
            assert_eq!((&one.here, &one.there), (&other.there, &other.here));
        }
        assert_eq!(found.len(), turned.len());
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_client_sends_the_headers_that_the_service_demands() {
        const SEVEN: &str = r#"<Tenant xmlns="urn:t">7</Tenant>"#;
        const NONE: [&str; 0] = [];
        let differ = disagreements_of_headers;
        assert_eq!(differ("", ""), NONE);
        assert_eq!(differ(SEVEN, ""), NONE);
        assert_eq!(differ(r#"<More/><t:Tenant xmlns:t="urn:t">7</t:Tenant>"#, SEVEN), NONE);
        let said = |here: &str| {
            [format!("headers of the address: here {here}, there {SEVEN} is demanded")]
        };
        assert_eq!(differ("", SEVEN), said("no Tenant is sent"));
        assert_eq!(differ("<Tenant>7</Tenant>", SEVEN), said("no Tenant is sent"));
        let eight = SEVEN.replace('7', "8");
        assert_eq!(differ(&eight, SEVEN), said(&format!("{eight} is sent")));
    }
}
