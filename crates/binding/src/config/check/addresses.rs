//! Addresses: absolute or relative, and of the binding's scheme.

use crate::bindings::Binding;
use crate::config::Configuration;
use crate::config::endpoints::{ClientEndpoint, Service, ServiceEndpoint};
use crate::diagnostic::Span;
use crate::file::node::Node;
use crate::file::reader::{Problem, Reader};
use crate::stack::Stack;

/// The scheme of an absolute address, as .NET's `Uri` sees it.
pub(crate) fn scheme(address: &str) -> Option<&str> {
    let (scheme, rest) = address.trim().split_once(':')?;
    let legal = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    (legal && rest.starts_with("//")).then_some(scheme)
}

pub(super) fn service(
    service: &Service,
    node: &Node,
    configuration: &Configuration,
    cx: &mut Reader<'_>,
) {
    base_addresses(service, node, cx);
    if service.endpoints.is_empty() && service.host.base_addresses.add.is_empty() {
        cx.report(
            Problem::error("no-endpoints", node.name_span, "the service has no endpoint")
                .wcf(format!(
                    "Service '{}' has zero application (non-infrastructure) endpoints. This might \
                     be because no configuration file was found for your application, or because \
                     no service element matching the service name could be found in the \
                     configuration file, or because no endpoints were defined in the service \
                     element.",
                    service.name
                ))
                .at_open()
                .fix("add an <endpoint address=\"…\" binding=\"wsHttpBinding\" contract=\"…\" />"),
        );
    }
    let endpoints = service.endpoints.iter().zip(node.children_named("endpoint"));
    for (endpoint, node) in endpoints.filter(|(e, _)| !e.binding.is_empty()) {
        cx.within(node, |cx| service_endpoint(endpoint, node, service, configuration, cx));
    }
    metadata_page(service, node, configuration, cx);
}

fn base_addresses(service: &Service, node: &Node, cx: &mut Reader<'_>) {
    let Some(list) = node.child("host").and_then(|h| h.child("baseAddresses")) else { return };
    let mut seen: Vec<String> = Vec::new();
    for (base, node) in service.host.base_addresses.add.iter().zip(list.children_named("add")) {
        let span = node.locate("@baseAddress");
        if node.attribute("baseAddress").is_none() {
            cx.report(
                Problem::error("attribute-missing", span, "<add> needs the attribute baseAddress")
                    .wcf("Required attribute 'baseAddress' not found.")
                    .fix("write baseAddress=\"http://localhost:8000/…\""),
            );
            continue;
        }
        let Some(scheme) = scheme(&base.base_address) else {
            cx.report(
                Problem::error(
                    "relative-base-address",
                    span,
                    format!("the base address \"{}\" is not absolute", base.base_address),
                )
                .wcf("Only an absolute Uri can be used as a base address.")
                .at_open()
                .fix("write an address like http://localhost:8000/calc"),
            );
            continue;
        };
        if seen.iter().any(|s| s.eq_ignore_ascii_case(scheme)) {
            cx.report(
                Problem::error(
                    "base-address-scheme-twice",
                    span,
                    format!("a second base address of scheme {scheme}"),
                )
                .wcf(format!(
                    "This collection already contains an address with scheme {scheme}.  There can \
                     be at most one address per scheme in this collection."
                ))
                .at_open()
                .fix("keep one base address per scheme"),
            );
            continue;
        }
        seen.push(scheme.to_owned());
    }
}

fn service_endpoint(
    endpoint: &ServiceEndpoint,
    node: &Node,
    service: &Service,
    configuration: &Configuration,
    cx: &mut Reader<'_>,
) {
    let name = &endpoint.binding_configuration;
    let Some(binding) = configuration.binding(&endpoint.binding, name) else { return };
    let expected = scheme_of(&binding);
    if expected.is_empty() {
        return;
    }
    if scheme(&endpoint.address).is_some() {
        wrong_scheme(&endpoint.address, expected, node.locate("@address"), &binding, cx);
        return;
    }
    let bases = &service.host.base_addresses.add;
    if bases.iter().any(|b| scheme(&b.base_address).is_none()) {
        // Reported where it stands; it may have been meant for this endpoint.
        return;
    }
    let schemes: Vec<&str> = bases.iter().filter_map(|b| scheme(&b.base_address)).collect();
    if schemes.iter().any(|s| s.eq_ignore_ascii_case(expected)) {
        return;
    }
    let what = if schemes.is_empty() { "no base address" } else { "no base address of its scheme" };
    cx.report(
        Problem::error(
            "no-base-address",
            node.locate("@address"),
            format!(
                "the address is relative, and the service has {what}: {} needs one of scheme \
                 {expected}",
                endpoint.binding
            ),
        )
        .wcf(format!(
            "Could not find a base address that matches scheme {expected} for the endpoint with \
             binding {}. Registered base address schemes are [{}].",
            binding.type_name(),
            schemes.join(", ")
        ))
        .at_open()
        .fix(format!(
            "add <add baseAddress=\"{expected}://localhost:8000/…\" /> to <host><baseAddresses>, \
             or write an absolute address"
        )),
    );
}

fn scheme_of(binding: &Binding) -> &'static str {
    match binding {
        Binding::Other(other) => other.scheme(),
        binding => Stack::of(binding).scheme(),
    }
}

fn wrong_scheme(
    address: &str,
    expected: &'static str,
    span: Span,
    binding: &Binding,
    cx: &mut Reader<'_>,
) {
    let Some(found) = scheme(address).filter(|s| !s.eq_ignore_ascii_case(expected)) else { return };
    let section = binding.section();
    let fix = match (found, expected) {
        ("https", "http") => format!(
            "write http://…, or write <security mode=\"TransportWithMessageCredential\"> in the \
             {section}"
        ),
        _ => format!("write {expected}://…"),
    };
    cx.report(
        Problem::error(
            "wrong-scheme",
            span,
            format!("the address begins with {found}:, but this {section} goes over {expected}:"),
        )
        .wcf(format!("The provided URI scheme '{found}' is invalid; expected '{expected}'."))
        .at_open()
        .fix(fix),
    );
}

pub(super) fn client(
    endpoint: &ClientEndpoint,
    node: &Node,
    configuration: &Configuration,
    cx: &mut Reader<'_>,
) {
    let Some(address) = endpoint.address.as_deref().filter(|a| !a.is_empty()) else {
        cx.report(
            Problem::error("address-missing", node.name_span, "a client endpoint needs an address")
                .wcf(
                    "The Address property on ChannelFactory.Endpoint was null.  The \
                     ChannelFactory's Endpoint must have a valid Address specified.",
                )
                .behavior("refuses when the channel is created")
                .fix("write address=\"http://…\""),
        );
        return;
    };
    if scheme(address).is_none() {
        cx.report(
            Problem::error(
                "relative-address",
                node.locate("@address"),
                format!("the address \"{address}\" of a client is not absolute"),
            )
            .wcf("The given URI must be absolute.")
            .behavior("refuses when the channel factory is constructed")
            .fix("write the whole address, like http://localhost:8000/calc"),
        );
        return;
    }
    let name = &endpoint.binding_configuration;
    if let Some(binding) = configuration.binding(&endpoint.binding, name) {
        let expected = scheme_of(&binding);
        if !expected.is_empty() {
            wrong_scheme(address, expected, node.locate("@address"), &binding, cx);
        }
    }
}

/// `?wsdl` needs an address to be answered at.
fn metadata_page(
    service: &Service,
    node: &Node,
    configuration: &Configuration,
    cx: &mut Reader<'_>,
) {
    let Some(metadata) =
        configuration.service_behavior(service).and_then(|b| b.service_metadata.as_ref())
    else {
        return;
    };
    let bases = &service.host.base_addresses.add;
    let has = |wanted: &str| {
        bases.iter().filter_map(|b| scheme(&b.base_address)).any(|s| s.eq_ignore_ascii_case(wanted))
    };
    let absolute = |url: &Option<String>| url.as_deref().is_some_and(|u| scheme(u).is_some());
    let pages = [
        (metadata.http_get_enabled, "http", "Http", absolute(&metadata.http_get_url)),
        (metadata.https_get_enabled, "https", "Https", absolute(&metadata.https_get_url)),
    ];
    for (enabled, scheme, word, absolute) in pages {
        if !enabled || absolute || has(scheme) {
            continue;
        }
        cx.report(
            Problem::error(
                "metadata-page-without-address",
                node.name_span,
                format!("{scheme}GetEnabled needs a base address of scheme {scheme}"),
            )
            .wcf(format!(
                "The {word}GetEnabled property of ServiceMetadataBehavior is set to true and the \
                 {word}GetUrl property is a relative address, but there is no {scheme} base \
                 address.  Either supply an {scheme} base address or set {word}GetUrl to an \
                 absolute address."
            ))
            .at_open()
            .fix(format!(
                "add a base address {scheme}://… or write {scheme}GetUrl=\"{scheme}://…\""
            )),
        );
    }
}
