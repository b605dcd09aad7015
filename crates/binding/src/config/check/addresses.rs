//! Addresses: absolute or relative, and of the binding's scheme.
//!
//! A service's base addresses may come from outside: from the address of the `.svc` file under IIS,
//! or from the program. Where a file has none, nobody can tell from it whether WCF would refuse;
//! that is told as a warning, and the service does not open until it is given one.

use waxwing_soap::Address;

use crate::bindings::Binding;
use crate::config::Configuration;
use crate::config::endpoints::{ClientEndpoint, Service, ServiceEndpoint};
use crate::diagnostic::Span;
use crate::file::node::Node;
use crate::file::problem::Problem;
use crate::file::reader::Reader;
use crate::stack::Stack;

const FROM_OUTSIDE: &str = "takes base addresses from IIS and from the program, too, and refuses \
                            to open the service if those have none either";
const GIVE_ONE: &str = "ServiceHostBuilder::base_address, or waxwing check --base-address";

pub(super) fn service(
    service: &Service,
    node: &Node,
    configuration: &Configuration,
    cx: &mut Reader,
) {
    let known = base_addresses(service, node, cx);
    if service.endpoints.is_empty() && service.host.base_addresses.add.is_empty() {
        cx.report(
            Problem::warning(
                "no-endpoints",
                node.name_span,
                "the service has no endpoint and no base address",
            )
            .wcf(format!(
                "Service '{}' has zero application (non-infrastructure) endpoints. This might be \
                 because no configuration file was found for your application, or because no \
                 service element matching the service name could be found in the configuration \
                 file, or because no endpoints were defined in the service element.",
                service.name
            ))
            .behavior(FROM_OUTSIDE)
            .fix(format!(
                "add an <endpoint address=\"…\" binding=\"wsHttpBinding\" contract=\"…\" />, or \
                 give a base address: {GIVE_ONE}"
            )),
        );
        return;
    }
    let mut lacking = false;
    let endpoints = service.endpoints.iter().zip(node.children_named("endpoint"));
    for (endpoint, node) in endpoints.filter(|(e, _)| !e.binding.is_empty()) {
        cx.within(node, |cx| {
            lacking |= service_endpoint(endpoint, node, &known, configuration, cx);
        });
    }
    if !lacking {
        metadata_page(service, node, &known, configuration, cx);
    }
}

/// What is known of a service's base addresses.
struct Known<'a> {
    schemes: Vec<&'a str>,
    /// Whether one cannot be read; it may have been meant for any endpoint.
    broken: bool,
    /// Whether there may be others that the file does not have.
    others: bool,
}

impl Known<'_> {
    fn has(&self, wanted: &str) -> bool {
        self.broken || self.schemes.iter().any(|s| s.eq_ignore_ascii_case(wanted))
    }
}

fn base_addresses<'a>(service: &'a Service, node: &Node, cx: &mut Reader) -> Known<'a> {
    let bases = &service.host.base_addresses.add;
    let schemes = bases.iter().filter(|b| is_absolute(&b.base_address));
    let known = Known {
        schemes: schemes.filter_map(|b| Address::of(&b.base_address).scheme()).collect(),
        broken: bases.iter().any(|b| !is_absolute(&b.base_address)),
        others: bases.is_empty() || cx.of_a_site,
    };
    let list = node.child("host").and_then(|h| h.child("baseAddresses"));
    let mut seen: Vec<String> = Vec::new();
    for node in list.into_iter().flat_map(|list| list.children_named("add")) {
        let found = base_address(node, &mut seen);
        // IIS passes over the file's own base addresses.
        let behavior = "passes over it under IIS, and refuses to open the service elsewhere";
        let found = found.map(|p| if cx.of_a_site { p.softened(behavior) } else { p });
        found.into_iter().for_each(|problem| cx.report(problem));
    }
    known
}

/// Whether `Uri` takes the base address; a host `*` stands for the machine's name.
fn is_absolute(address: &str) -> bool {
    Address::of(address).scheme().is_some()
        && Address::of(&address.replacen("://*", "://h", 1)).check().is_ok()
}

fn has_user_info(address: &Address<'_>) -> bool {
    address.authority().is_some_and(|authority| authority.contains('@'))
}

/// A user name and password in an address go nowhere but into messages and logs.
fn user_info(address: &str, node: &Node, cx: &mut Reader) {
    if has_user_info(&Address::of(address)) {
        let message = "the address has a user name or password: nobody logs in with it, and whoever reads messages, logs or \
                       texts of errors sees it";
        cx.report(
            Problem::warning("address-user-info", node.locate("@address"), message)
                .behavior("does not log in with it either")
                .fix("take it out; say in <transport clientCredentialType=\"…\"> how the client logs in, and give user name and \
                      password in code"),
        );
    }
}

fn base_address(node: &Node, seen: &mut Vec<String>) -> Option<Problem> {
    let span = node.locate("@baseAddress");
    let Some(attribute) = node.attribute("baseAddress") else {
        return Some(
            Problem::error("attribute-missing", span, "<add> needs the attribute baseAddress")
                .wcf("Required attribute 'baseAddress' not found.")
                .fix("write baseAddress=\"http://localhost:8000/…\""),
        );
    };
    let address = attribute.value.as_str();
    if address.is_empty() {
        // Refused where it is read.
        return None;
    }
    let Some(scheme) = Address::of(address).scheme().filter(|_| is_absolute(address)) else {
        let why = Address::of(address).check().err();
        let why = why.map_or_else(|| "it is not absolute".to_owned(), |e| e.to_string());
        return Some(
            Problem::error(
                "relative-base-address",
                span,
                format!("the base address \"{address}\" is not an absolute address: {why}"),
            )
            .wcf("Only an absolute Uri can be used as a base address.")
            .at_open()
            .fix("write an address like http://localhost:8000/calc"),
        );
    };
    let address = Address::of(address);
    let part = match () {
        () if has_user_info(&address) => Some("user info section"),
        () if address.query().is_some() => Some("query string"),
        () if address.fragment().is_some() => Some("fragment"),
        () => None,
    };
    if let Some(part) = part {
        return Some(
            Problem::error(
                "base-address-part",
                span,
                format!("a base address cannot have a {part}"),
            )
            .wcf(format!("A base address cannot contain a Uri {part}."))
            .at_open()
            .fix("take it out of the address"),
        );
    }
    if seen.iter().any(|s| s.eq_ignore_ascii_case(scheme)) {
        return Some(
            Problem::error(
                "base-address-scheme-twice",
                span,
                format!("a second base address of scheme {scheme}"),
            )
            .wcf(format!(
                "This collection already contains an address with scheme {scheme}.  There can be \
                 at most one address per scheme in this collection."
            ))
            .at_open()
            .fix("keep one base address per scheme"),
        );
    }
    seen.push(scheme.to_owned());
    None
}

/// Whether the endpoint lacks a base address that may come from outside.
fn service_endpoint(
    endpoint: &ServiceEndpoint,
    node: &Node,
    known: &Known<'_>,
    configuration: &Configuration,
    cx: &mut Reader,
) -> bool {
    user_info(&endpoint.address, node, cx);
    let name = &endpoint.binding_configuration;
    let Some(binding) = configuration.binding(&endpoint.binding, name) else { return false };
    let expected = scheme_of(&binding);
    if expected.is_empty() || Address::of(&endpoint.address).check().is_err() {
        return false;
    }
    if Address::of(&endpoint.address).scheme().is_some() {
        let via = endpoint.listen_uri.as_deref();
        wrong_scheme(&endpoint.address, expected, node.locate("@address"), &binding, via, cx);
        return false;
    }
    if known.has(expected) {
        return false;
    }
    let what = match known.schemes[..] {
        [] => "the file has no base address",
        _ => "the service has no base address of its scheme",
    };
    let wcf = format!(
        "Could not find a base address that matches scheme {expected} for the endpoint with \
         binding {}. Registered base address schemes are [{}].",
        binding.type_name(),
        known.schemes.join(", ")
    );
    let problem = Problem::error(
        "no-base-address",
        node.locate("@address"),
        format!(
            "the address is relative, and {what}: {} needs one of scheme {expected}",
            endpoint.binding
        ),
    )
    .wcf(wcf)
    .at_open()
    .fix(format!(
        "give it ({GIVE_ONE}), add <add baseAddress=\"{expected}://localhost:8000/…\" /> to \
         <host><baseAddresses>, or write an absolute address"
    ));
    cx.report(if known.others { problem.softened(FROM_OUTSIDE) } else { problem });
    known.others
}

fn scheme_of(binding: &Binding) -> &'static str {
    match binding {
        Binding::Other(other) => other.scheme(),
        binding => Stack::of(binding).scheme(),
    }
}

/// What an address that names no place lacks: most often `http://` was forgotten.
fn place_to_send_to(address: &str, expected: &str) -> String {
    let via = format!(
        "write <clientVia viaUri=\"{expected}://…\" /> in the endpoint behavior, or say it in code \
         (ChannelFactory::via)"
    );
    if Address::of(address).is_host_and_port() {
        format!("write {expected}://{address}; or {via}")
    } else {
        via
    }
}

fn wrong_scheme(
    address: &str,
    expected: &'static str,
    span: Span,
    binding: &Binding,
    via: Option<&str>,
    cx: &mut Reader,
) {
    let Some(found) = Address::of(address).scheme().filter(|s| !s.eq_ignore_ascii_case(expected))
    else {
        return;
    };
    let section = binding.section();
    if let Some(via) = via {
        // Bytes go there; the address is only a name.
        return wrong_scheme(via, expected, span, binding, None, cx);
    }
    if Address::of(address).authority().is_none() {
        return cx.report(
            Problem::warning(
                "address-without-host",
                span,
                format!("{found}: names a service, but does not say where it is"),
            )
            .wcf(format!("The provided URI scheme '{found}' is invalid; expected '{expected}'."))
            .behavior("refuses to open it, unless the program or a clientVia says where to send to")
            .fix(place_to_send_to(address, expected)),
        );
    }
    let fix = match (found, expected) {
        // It has no TLS: only None and Message.
        ("https", "http") if section == "wsDualHttpBinding" => {
            "write http://…; what must go over https: and needs callbacks can use netHttpsBinding, \
             at both ends"
                .to_owned()
        }
        ("https", "http") if section == "netHttpBinding" => {
            "write http://…, or write <security mode=\"Transport\"> in the netHttpBinding"
                .to_owned()
        }
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
    cx: &mut Reader,
) {
    if !endpoint.kind.is_empty() && endpoint.address.is_none() {
        // A standard endpoint may find its address by itself.
        return;
    }
    let Some(address) = endpoint.address.as_deref().filter(|a| !a.is_empty()) else {
        // Standard endpoints find their address, and one that was refused is told.
        let read = node.attribute("address").is_none_or(|a| a.value.is_empty());
        if read && endpoint.kind.is_empty() {
            cx.report(address_missing(node));
        }
        return;
    };
    user_info(address, node, cx);
    if Address::of(address).scheme().is_none() {
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
            let behavior = configuration.endpoint_behavior(&endpoint.behavior_configuration);
            let via = behavior.and_then(|b| b.client_via.as_ref()).map(|via| via.via_uri.as_str());
            wrong_scheme(address, expected, node.locate("@address"), &binding, via, cx);
        }
    }
}

fn address_missing(node: &Node) -> Problem {
    Problem::warning("address-missing", node.name_span, "the endpoint has no address")
        .wcf(
            "The Address property on ChannelFactory.Endpoint was null.  The ChannelFactory's \
             Endpoint must have a valid Address specified.",
        )
        .behavior("refuses when the channel is created, unless the program gives an address")
        .fix("write address=\"http://…\", or give it in code (ChannelFactory::address)")
}

/// `?wsdl` needs an address to be answered at: one of the two pages must have one.
fn metadata_page(
    service: &Service,
    node: &Node,
    known: &Known<'_>,
    configuration: &Configuration,
    cx: &mut Reader,
) {
    let Some(metadata) =
        configuration.service_behavior(service).and_then(|b| b.service_metadata.as_ref())
    else {
        return;
    };
    let absolute =
        |url: &Option<String>| url.as_deref().is_some_and(|u| Address::of(u).scheme().is_some());
    let pages = [
        (metadata.http_get_enabled, "http", "Http", absolute(&metadata.http_get_url)),
        (metadata.https_get_enabled, "https", "Https", absolute(&metadata.https_get_url)),
    ];
    let answered =
        pages.iter().any(|(on, scheme, _, absolute)| *on && (*absolute || known.has(scheme)));
    let first = pages.iter().find(|(on, ..)| *on).filter(|_| !answered);
    let Some((_, scheme, word, _)) = first else { return };
    let problem = Problem::error(
        "metadata-page-without-address",
        node.name_span,
        format!("{scheme}GetEnabled needs a base address of scheme {scheme}"),
    )
    .wcf(format!(
        "The {word}GetEnabled property of ServiceMetadataBehavior is set to true and the \
         {word}GetUrl property is a relative address, but there is no {scheme} base address.  \
         Either supply an {scheme} base address or set {word}GetUrl to an absolute address."
    ))
    .at_open()
    .fix(format!(
        "give a base address {scheme}://… ({GIVE_ONE}), or write {scheme}GetUrl=\"{scheme}://…\""
    ));
    cx.report(if known.others { problem.softened(FROM_OUTSIDE) } else { problem });
}
