//! Endpoints as a whole: what they lack, and what Waxwing cannot run of them.

use crate::config::Configuration;
use crate::config::endpoints::{ClientEndpoint, Service};
use crate::effective::EffectiveEndpoint;
use crate::file::node::Node;
use crate::file::reader::{Problem, Reader};

const UNLESS_IN_CODE: &str = "refuses when it is opened, unless the program sets it in code";
const NOT_HERE: &str = "accepts and runs it; Waxwing refuses when the endpoint is opened";

pub(super) fn service(
    service: &Service,
    node: &Node,
    configuration: &Configuration,
    cx: &mut Reader<'_>,
) {
    for node in node.children_named("endpoint") {
        standard(node, cx);
    }
    // What keeps an endpoint from being resolved is reported where it stands.
    let Ok(effective) = configuration.resolve_service(service, &[]) else { return };
    let nodes = node.children_named("endpoint");
    let mut lacks: Vec<&'static str> = Vec::new();
    for (endpoint, node) in effective.endpoints.iter().zip(nodes) {
        cx.within(node, |cx| {
            // One behavior serves all endpoints: its gap is told once.
            missing(endpoint, node, &mut lacks, cx);
            unsupported(endpoint, node, cx);
        });
    }
}

pub(super) fn client(
    endpoint: &ClientEndpoint,
    node: &Node,
    configuration: &Configuration,
    cx: &mut Reader<'_>,
) {
    standard(node, cx);
    if let Ok(effective) = configuration.resolve_client(endpoint) {
        missing(&effective, node, &mut Vec::new(), cx);
        unsupported(&effective, node, cx);
    }
}

/// Standard endpoints are ready-made by .NET classes; of them there is `mexEndpoint`.
fn standard(node: &Node, cx: &mut Reader<'_>) {
    let kind = node.attribute("kind").filter(|k| !k.value.is_empty() && k.value != "mexEndpoint");
    if let (Some(kind), None) = (kind, node.attribute("binding")) {
        let message =
            format!("this version of Waxwing cannot run the standard endpoint {}", kind.value);
        cx.report(
            Problem::warning("not-supported", kind.value_span, message)
                .behavior(NOT_HERE)
                .fix("write an endpoint with a binding and a contract"),
        );
    }
}

fn missing(
    endpoint: &EffectiveEndpoint,
    node: &Node,
    told: &mut Vec<&'static str>,
    cx: &mut Reader<'_>,
) {
    for refusal in endpoint.missing_credentials() {
        if told.contains(&refusal.code) {
            continue;
        }
        told.push(refusal.code);
        cx.report(
            Problem::warning(refusal.code, node.name_span, refusal.message)
                .wcf(refusal.wcf_text)
                .behavior(UNLESS_IN_CODE)
                .fix(refusal.fix),
        );
    }
}

fn unsupported(endpoint: &EffectiveEndpoint, node: &Node, cx: &mut Reader<'_>) {
    let span = node.attribute("binding").map_or(node.name_span, |a| a.value_span);
    for feature in endpoint.unsupported() {
        let message = format!("this version of Waxwing cannot run {}", feature.feature);
        cx.report(
            Problem::warning("not-supported", span, message)
                .behavior(NOT_HERE)
                .fix(feature.instead),
        );
    }
}
