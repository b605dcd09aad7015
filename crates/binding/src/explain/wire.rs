//! Everything but security: address, messages, reliable session, limits, the peer.

use super::words::{bytes, count, span};
use super::{Facts, Topic, channel};
use crate::bindings::custom::ReliableSessionElement;
use crate::effective::METADATA_CONTRACT;
use crate::effective::{EffectiveEndpoint, Role};
use crate::proxy::{ProxyEnvironment, ProxyRules};
use crate::{
    AddressingVersion, CompressionFormat, MessageEncoding, MessageVersion,
    ReliableMessagingVersion, SoapVersion,
};

pub(super) fn address(endpoint: &EffectiveEndpoint, facts: &mut Facts) {
    let EffectiveEndpoint { role, address, via, .. } = endpoint;
    let text = match (role, via) {
        (Role::Client, None) => format!("sends to {address}"),
        (Role::Client, Some(via)) => format!("sends to {via} what is addressed to {address}"),
        (Role::Service, None) => format!("answers at {address}"),
        (Role::Service, Some(via)) => {
            format!("listens at {via} for what is addressed to {address}")
        }
    };
    facts.say(Topic::Address, text);
    for public in &endpoint.public_addresses {
        facts.say(Topic::Address, format!("takes what is addressed to {public}, too"));
    }
}

/// Which proxy a client's messages go through. Without an environment nothing is said where that decides.
pub(super) fn proxy(
    endpoint: &EffectiveEndpoint,
    environment: Option<&ProxyEnvironment>,
    facts: &mut Facts,
) {
    let EffectiveEndpoint { transport, address, via, .. } = endpoint;
    if endpoint.role != Role::Client || !matches!(transport.scheme.as_str(), "http" | "https") {
        return;
    }
    let nowhere = ProxyEnvironment::default();
    let rules = ProxyRules::of(&transport.proxy, environment.unwrap_or(&nowhere));
    if environment.is_none() && rules.as_ref().is_ok_and(ProxyRules::asks_environment) {
        return;
    }
    let to = via.as_deref().unwrap_or(address);
    // Which addresses are this machine's own is known where it runs.
    let route = rules.and_then(|rules| rules.route(to, &|_| false));
    let text = match route {
        Ok(route) => route.to_string(),
        Err(why) => format!("the proxy cannot be used: {why}"),
    };
    facts.say(Topic::Address, text);
}

pub(super) fn version(version: MessageVersion) -> String {
    let Some(versions) = version.versions() else {
        return "plain XML without a SOAP envelope".to_owned();
    };
    let soap = match versions.soap {
        SoapVersion::Soap11 => "SOAP 1.1",
        SoapVersion::Soap12 => "SOAP 1.2",
    };
    match versions.addressing {
        AddressingVersion::Addressing10 => format!("{soap} with WS-Addressing 1.0"),
        AddressingVersion::August2004 => format!("{soap} with WS-Addressing of August 2004"),
        AddressingVersion::None => format!("{soap} without WS-Addressing"),
    }
}

pub(super) fn messages(endpoint: &EffectiveEndpoint, facts: &mut Facts) {
    let encoding = match endpoint.encoding {
        MessageEncoding::Text(encoding) => format!("XML text in {}", encoding.as_str()),
        MessageEncoding::Mtom(encoding) => format!("MTOM in {}", encoding.as_str()),
        MessageEncoding::Binary(binary) => match binary.compression {
            CompressionFormat::None => ".NET binary XML".to_owned(),
            compression => format!(".NET binary XML compressed by {compression}"),
        },
    };
    let carrier = channel::carrier(endpoint);
    let version = version(endpoint.message_version);
    facts.say(Topic::Messages, format!("{version}, as {encoding}, over {carrier}"));
    if endpoint.role == Role::Client && endpoint.transport.allow_cookies {
        facts.say(
            Topic::Messages,
            "keeps the cookies of the service, or of what balances its load, and sends them back",
        );
    }
}

/// `WS-ReliableMessaging February 2005 (1.0)`.
pub(super) fn reliable_version(version: ReliableMessagingVersion) -> &'static str {
    match version {
        ReliableMessagingVersion::WsReliableMessagingFebruary2005 => {
            "WS-ReliableMessaging February 2005 (1.0)"
        }
        ReliableMessagingVersion::WsReliableMessaging11 => "WS-ReliableMessaging 1.1 (OASIS)",
    }
}

pub(super) fn reliability(endpoint: &EffectiveEndpoint, facts: &mut Facts) {
    let mut say = |text: String| facts.say(Topic::Reliability, text);
    let Some(session) = &endpoint.reliable_session else {
        say("no reliable session: a message that is lost on the way is lost".to_owned());
        return;
    };
    let order = if session.ordered { "in the order sent" } else { "in the order of arrival" };
    let version = reliable_version(session.reliable_messaging_version);
    say(format!(
        "{version}: every message is numbered and acknowledged, and delivered exactly once, {order}"
    ));
    say(sending(endpoint, session));
    if let Some(text) = channel::broken_connection(endpoint) {
        say(text.to_owned());
    }
    say(format!(
        "after {} without a sign of the other side the session is given up",
        span(session.inactivity_timeout)
    ));
    if endpoint.role == Role::Service {
        say(format!(
            "{} may wait to be accepted; further ones are told to try again",
            count(session.max_pending_channels.into(), "new session")
        ));
    }
}

fn sending(endpoint: &EffectiveEndpoint, session: &ReliableSessionElement) -> String {
    let flow = if session.flow_control_enabled {
        "; the receiver tells how many more it can hold"
    } else {
        ""
    };
    format!(
        "at most {} are under way unacknowledged{flow}; a lost one is sent again up to {}; \
         {}",
        count(session.max_transfer_window_size.into(), "message"),
        count(session.max_retry_count.into(), "time"),
        channel::acknowledgements(endpoint, session)
    )
}

pub(super) fn limits(endpoint: &EffectiveEndpoint, facts: &mut Facts) {
    let t = &endpoint.timeouts;
    match (endpoint.role, &endpoint.reliable_session) {
        (Role::Client, _) => facts.say(
            Topic::Limits,
            format!("open {}, a call {}, close {}", span(t.open), span(t.send), span(t.close)),
        ),
        (Role::Service, Some(session)) => facts.say(
            Topic::Limits,
            format!(
                "a session without messages ends after {}, one without calls after {}",
                span(session.inactivity_timeout),
                span(t.receive)
            ),
        ),
        (Role::Service, None) if endpoint.is_sessionful() => {
            let whose = if endpoint.security.is_some() { "security session" } else { "connection" };
            let text = format!("a {whose} without messages ends after {}", span(t.receive));
            facts.say(Topic::Limits, text);
        }
        (Role::Service, None) => {}
    }
    facts.say(
        Topic::Limits,
        format!(
            "accepts messages up to {}, elements nested up to {}",
            bytes(endpoint.transport.max_received_message_size),
            count(endpoint.quotas.max_depth.into(), "level")
        ),
    );
}

/// Where the service tells what it is.
fn metadata(endpoint: &EffectiveEndpoint) -> String {
    if endpoint.contract == METADATA_CONTRACT {
        return "answers WS-MetadataExchange: WSDL, schemas and policies of the service".to_owned();
    }
    let Some(metadata) = &endpoint.service_behavior.service_metadata else {
        return "does not describe itself: there is no <serviceMetadata>".to_owned();
    };
    let page = |enabled: bool, scheme: &str, url: &Option<String>| {
        enabled.then(|| match url {
            Some(url) => format!("?wsdl over {scheme} at {url}"),
            None => format!("?wsdl over {scheme} at the base address"),
        })
    };
    let pages = [
        page(metadata.http_get_enabled, "http", &metadata.http_get_url),
        page(metadata.https_get_enabled, "https", &metadata.https_get_url),
    ];
    let pages: Vec<_> = pages.into_iter().flatten().collect();
    match (pages.is_empty(), &metadata.external_metadata_location) {
        (true, _) => "describes itself at metadata endpoints only".to_owned(),
        (false, None) => format!("describes itself: {}", pages.join(", ")),
        (false, Some(elsewhere)) => {
            format!("describes itself: {}, which leads to {elsewhere}", pages.join(", "))
        }
    }
}

pub(super) fn service(endpoint: &EffectiveEndpoint, facts: &mut Facts) {
    if endpoint.role != Role::Service {
        return;
    }
    let behavior = &endpoint.service_behavior;
    facts.say(Topic::Service, metadata(endpoint));
    let debug = behavior.service_debug.clone().unwrap_or_default();
    facts.say(
        Topic::Service,
        if debug.include_exception_detail_in_faults {
            "tells callers the details of unexpected errors: do not leave that on"
        } else {
            "keeps the details of unexpected errors to itself"
        },
    );
    let throttling = behavior.service_throttling.clone().unwrap_or_default();
    let limit = |set: Option<u32>, automatic: u32| match set {
        Some(n) => n.to_string(),
        None => format!("{automatic} per processor"),
    };
    let mut text = format!("at once: calls {}", limit(throttling.max_concurrent_calls, 16));
    if endpoint.reliable_session.is_some() {
        let sessions = limit(throttling.max_concurrent_sessions, 100);
        text += &format!(", reliable sessions {sessions}");
    }
    facts.say(Topic::Service, text);
}
