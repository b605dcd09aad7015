//! What a file as a whole must satisfy: keys, references, addresses, combinations.

mod addresses;
mod details;
mod endpoints;
mod identities;
mod keeping;
mod keys;
mod references;
mod section;
mod times;

use waxwing_soap::Address;

use crate::bindings::Binding;
use crate::config::Configuration;
use crate::file::node::Node;
use crate::file::problem::Problem;
use crate::file::reader::Reader;
use crate::proxy::ProxyAddress;
use crate::refusal::Refusal;

pub(crate) use self::section::section;

/// Checks the whole of `<system.serviceModel>`.
pub(crate) fn check(
    model: &Node,
    bindings: &[(Binding, &Node)],
    configuration: &Configuration,
    cx: &mut Reader,
) {
    for section in ["bindings", "behaviors", "services", "client", "protocolMapping"] {
        if let Some(section) = model.child(section) {
            cx.within(section, |cx| details::details(section, cx));
        }
    }
    if let Some(section) = model.child("bindings") {
        cx.within(section, |cx| {
            keys::bindings(bindings, cx);
            combinations(bindings, cx);
        });
    }
    if let Some(section) = model.child("behaviors") {
        cx.within(section, |cx| keys::behaviors(section, cx));
    }
    if let Some(section) = model.child("services") {
        cx.within(section, |cx| {
            keys::services(section, cx);
            let services = section.children_named("service");
            for (service, node) in configuration.services.services.iter().zip(services) {
                if cx.is_full() {
                    return;
                }
                cx.within(node, |cx| {
                    references::service(service, node, configuration, cx);
                    addresses::service(service, node, configuration, cx);
                    endpoints::service(service, node, model, configuration, cx);
                    let nodes = node.children_named("endpoint");
                    for (endpoint, node) in service.endpoints.iter().zip(nodes) {
                        let identity = endpoint.identity.as_ref();
                        cx.within(node, |cx| identities::identity(identity, node, cx));
                    }
                });
            }
        });
    }
    if let Some(section) = model.child("client") {
        cx.within(section, |cx| {
            keys::client(section, cx);
            let endpoints = section.children_named("endpoint");
            for (endpoint, node) in configuration.client.endpoints.iter().zip(endpoints) {
                if cx.is_full() {
                    return;
                }
                cx.within(node, |cx| {
                    references::client(endpoint, node, configuration, cx);
                    addresses::client(endpoint, node, configuration, cx);
                    identities::identity(endpoint.identity.as_ref(), node, cx);
                    endpoints::client(endpoint, node, model, configuration, cx);
                });
            }
        });
    }
}

/// Combinations that WCF refuses when the binding is used, and settings without effect.
fn combinations(bindings: &[(Binding, &Node)], cx: &mut Reader) {
    for (binding, node) in bindings {
        cx.within_named(binding.section(), |cx| {
            cx.within(node, |cx| {
                for refusal in binding.refusals() {
                    let problem = refused(refusal, node);
                    // A value that could not be read left the default behind: what follows from
                    // that is no mistake of its own.
                    if !cx.has_error_at(problem.span) {
                        cx.report(problem);
                    }
                }
                proxy(node, "proxyAddress", cx);
                for transport in node.children.iter().filter(|own| own.name.ends_with("Transport"))
                {
                    cx.within(transport, |cx| proxy(transport, "proxyAddress", cx));
                }
                called_back_at(node, cx);
                reliable_session_off(binding, node, cx);
                order_of_elements(binding, node, cx);
                no_reliable_session(binding, node, cx);
                times::times(node, cx);
            });
        });
    }
}

/// A proxy that nobody can speak to: clients that are to go through it do not open.
pub(crate) fn proxy(node: &Node, name: &str, cx: &mut Reader) {
    let Some(address) = node.attribute(name).filter(|own| !own.value.trim().is_empty()) else {
        return;
    };
    let Err(why) = ProxyAddress::parse(&address.value) else { return };
    if cx.has_error_at(address.value_span) {
        return;
    }
    let message = format!(
        "{name} names no proxy that can be used, and clients that go through it do not open: {why}"
    );
    cx.report(
        Problem::warning("proxy-address", address.value_span, message)
            .behavior("reads any address, and fails when the first message is sent")
            .fix(format!("write {name}=\"http://proxy:3128\"")),
    );
}

pub(crate) fn refused(refusal: Refusal, node: &Node) -> Problem {
    let Refusal { code, message, wcf_text, fix, at } = refusal;
    Problem::error(code, node.locate_in_binding(at), message).wcf(wcf_text).at_open().fix(fix)
}

/// Where clients listen is told to the service as it is written, by WCF, too (`CompositeDuplexBindingElement`).
fn called_back_at(node: &Node, cx: &mut Reader) {
    let own = node.child("compositeDuplex").unwrap_or(node);
    let Some(base) = own.attribute("clientBaseAddress") else { return };
    let address = Address::of(base.value.trim());
    let is_any = |host: &&str| {
        let number = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        address.is_any_host() || number.is_ok_and(|number| number.is_unspecified())
    };
    let Some(host) = address.host().filter(is_any) else { return };
    let message = format!(
        "the service is told to call its clients at the host {host}, as it is written here: at another machine that is nobody, or itself"
    );
    cx.report(
        Problem::warning("client-base-host", base.value_span, message)
            .behavior("tells the service the same")
            .fix("write a name of the client's machine that the service can reach"),
    );
}

/// `<reliableSession>` that does nothing because `enabled` is missing.
fn reliable_session_off(binding: &Binding, node: &Node, cx: &mut Reader) {
    let always_on = matches!(binding, Binding::WsDualHttp(_) | Binding::Custom(_));
    let Some(session) = node.child("reliableSession").filter(|_| !always_on) else { return };
    if session.attribute("enabled").is_some() || matches!(binding, Binding::Other(_)) {
        return;
    }
    if cx.has_error_within(session.span) {
        // `enable`, `Enabled`…: said already.
        return;
    }
    cx.report(
        Problem::warning(
            "reliable-session-off",
            session.name_span,
            "<reliableSession> without enabled=\"true\" does nothing: there is no reliable session",
        )
        .fix("write <reliableSession enabled=\"true\" … />"),
    );
}

/// Custom bindings whose order is legal, but weakens them.
fn order_of_elements(binding: &Binding, node: &Node, cx: &mut Reader) {
    if !matches!(binding, Binding::Custom(_)) {
        return;
    }
    let position = |name: &str| node.children.iter().position(|c| c.name == name);
    let (Some(security), Some(reliable)) = (position("security"), position("reliableSession"))
    else {
        return;
    };
    if security < reliable {
        let span = node.children[security].name_span;
        cx.report(
            Problem::warning(
                "security-above-reliable-session",
                span,
                "with <security> above <reliableSession>, the headers and messages of the \
                 reliable session are neither signed nor encrypted",
            )
            .fix("move <security> below <reliableSession>"),
        );
        return;
    }
    let parameters = &node.children[security];
    if parameters.value("authenticationMode") != "SecureConversation" {
        cx.report(
            Problem::warning(
                "reliable-session-without-conversation",
                parameters.name_span,
                "the reliable session is not bound to a secure conversation: with WCF whoever may \
                 send at all may send into any session; Waxwing's service takes in a session only \
                 what comes from who began it, and knows nobody where clients are anonymous",
            )
            .fix(
                "write <security authenticationMode=\"SecureConversation\">\n  \
                 <secureConversationBootstrap authenticationMode=\"…\" />\n</security>",
            ),
        );
    }
}

/// `basicHttpBinding`: say that it has no reliable session.
fn no_reliable_session(binding: &Binding, node: &Node, cx: &mut Reader) {
    let basic = matches!(binding, Binding::BasicHttp(_) | Binding::BasicHttps(_));
    if basic && !cx.has_error_within(node.span) {
        cx.report(
            Problem::note(
                "no-reliable-session",
                node.name_span,
                format!("{} has no reliable session and no WS-Addressing", binding.section()),
            )
            .fix("use wsHttpBinding where messages must arrive exactly once"),
        );
    }
}
