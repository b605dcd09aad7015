//! References by name: bindings, behaviors, contracts.

use crate::bindings::{Binding, unknown_type};
use crate::config::Configuration;
use crate::config::endpoints::{ClientEndpoint, Service, ServiceEndpoint};
use crate::file::node::Node;
use crate::file::problem::Problem;
use crate::file::reader::Reader;
use crate::suggest;

const FROM_PARENTS: &str = "looks in the web.config files further up, too, which Waxwing does not \
                            read; it refuses if it stands in none";

pub(super) fn service(
    service: &Service,
    node: &Node,
    configuration: &Configuration,
    cx: &mut Reader,
) {
    if node.attribute("name").is_none() {
        cx.report(required("name", "service", node, "write the full name of the service class"));
    }
    let names = configuration.behaviors.service_behaviors.behaviors.iter().map(|b| &b.name);
    behavior(&service.behavior_configuration, "service", names, node, cx);
    for (endpoint, node) in service.endpoints.iter().zip(node.children_named("endpoint")) {
        if cx.is_full() {
            return;
        }
        cx.within(node, |cx| service_endpoint(endpoint, node, service, configuration, cx));
    }
    metadata(service, node, configuration, cx);
}

fn service_endpoint(
    endpoint: &ServiceEndpoint,
    node: &Node,
    service: &Service,
    configuration: &Configuration,
    cx: &mut Reader,
) {
    let standard = !endpoint.kind.is_empty();
    if !standard || !endpoint.binding.is_empty() || !endpoint.binding_configuration.is_empty() {
        binding(&endpoint.binding, &endpoint.binding_configuration, node, configuration, cx);
    }
    if endpoint.contract.is_empty() && !standard {
        let short = crate::effective::short_name(&service.name);
        cx.report(
            Problem::error(
                "contract-missing",
                node.locate("@contract"),
                "an endpoint needs a contract",
            )
            .wcf(format!(
                "In order to add an endpoint to the service '{short}', a non-empty contract name \
                 must be specified."
            ))
            .at_open()
            .fix("write contract=\"…\" with the full name of the interface"),
        );
    }
    let names = configuration.behaviors.endpoint_behaviors.behaviors.iter().map(|b| &b.name);
    behavior(&endpoint.behavior_configuration, "endpoint", names, node, cx);
}

pub(super) fn client(
    endpoint: &ClientEndpoint,
    node: &Node,
    configuration: &Configuration,
    cx: &mut Reader,
) {
    if endpoint.kind.is_empty() || !endpoint.binding.is_empty() {
        binding(&endpoint.binding, &endpoint.binding_configuration, node, configuration, cx);
    }
    if endpoint.contract.is_empty() && endpoint.kind.is_empty() {
        let fix = "write contract=\"…\" with the full name of the interface";
        cx.report(required("contract", "endpoint", node, fix));
    }
    let names = configuration.behaviors.endpoint_behaviors.behaviors.iter().map(|b| &b.name);
    behavior(&endpoint.behavior_configuration, "endpoint", names, node, cx);
}

fn required(attribute: &str, element: &str, node: &Node, fix: &str) -> Problem {
    let at = format!("@{attribute}");
    let message = format!("<{element}> needs the attribute {attribute}");
    let wcf = match element {
        "service" => format!("Required attribute '{attribute}' not found."),
        _ => format!("Attribute '{attribute}' is required on element '{element}'."),
    };
    Problem::error("attribute-missing", node.locate(&at), message).wcf(wcf).fix(fix)
}

/// The type and the name of a binding must exist.
fn binding(section: &str, name: &str, node: &Node, configuration: &Configuration, cx: &mut Reader) {
    if section.is_empty() {
        let fix = "write binding=\"wsHttpBinding\", or another type of binding";
        cx.report(required("binding", "endpoint", node, fix));
        return;
    }
    if cx.extensions.bindings.iter().any(|b| b == section) {
        let span = node.locate("@binding");
        cx.report(Problem::note(
            "foreign-binding",
            span,
            format!("{section} is a .NET class of the program's own; Waxwing cannot run it"),
        ));
        return;
    }
    if Binding::default_of(section).is_none() {
        cx.report(unknown_type(section, node.locate("@binding")));
        return;
    }
    let of_type = || configuration.bindings.iter().filter(|b| b.section() == section);
    if name.is_empty() || of_type().any(|b| b.name() == name) {
        return;
    }
    let problem = missing_binding(section, name, node, configuration);
    cx.report(if cx.of_a_site { problem.softened(FROM_PARENTS) } else { problem });
}

fn missing_binding(
    section: &str,
    name: &str,
    node: &Node,
    configuration: &Configuration,
) -> Problem {
    let of_type = || configuration.bindings.iter().filter(|b| b.section() == section);
    let suggestion = suggest::nearest(name, of_type().map(Binding::name));
    let elsewhere = configuration.bindings.iter().find(|b| b.name() == name);
    let names: Vec<&str> = of_type().map(Binding::name).filter(|n| !n.is_empty()).collect();
    let fix = match (&suggestion, elsewhere) {
        (Some(s), _) => format!("write bindingConfiguration=\"{s}\""),
        (None, Some(other)) => {
            format!("\"{name}\" is a {}: write binding=\"{}\"", other.section(), other.section())
        }
        (None, None) if names.is_empty() => format!(
            "write <{section}><binding name=\"{name}\"> … </binding></{section}> in <bindings>"
        ),
        (None, None) => format!("the bindings of this type are: {}", names.join(", ")),
    };
    let message = format!("there is no {section} named \"{name}\"");
    Problem::error("binding-missing", node.locate("@bindingConfiguration"), message)
        .wcf(format!(
            "The binding at system.serviceModel/bindings/{section} does not have a configured \
             binding named '{name}'. This is an invalid value for bindingConfiguration."
        ))
        .suggest(suggestion)
        .fix(fix)
}

fn behavior<'n>(
    name: &str,
    kind: &str,
    names: impl Iterator<Item = &'n String> + Clone,
    node: &Node,
    cx: &mut Reader,
) {
    if name.is_empty() || names.clone().any(|n| n == name) {
        return;
    }
    let suggestion = suggest::nearest(name, names.clone().map(String::as_str));
    let fix = match &suggestion {
        Some(s) => format!("write behaviorConfiguration=\"{s}\""),
        None => format!(
            "write <behavior name=\"{name}\"> … </behavior> in <{kind}Behaviors> of <behaviors>"
        ),
    };
    let message = format!("there is no {kind} behavior named \"{name}\"");
    let problem =
        Problem::error("behavior-missing", node.locate("@behaviorConfiguration"), message)
            .wcf(format!("There is no {kind} behavior named '{name}'."))
            .suggest(suggestion)
            .fix(fix);
    cx.report(if cx.of_a_site { problem.softened(FROM_PARENTS) } else { problem });
}

/// An endpoint of the metadata contract needs the metadata behavior.
fn metadata(service: &Service, node: &Node, configuration: &Configuration, cx: &mut Reader) {
    let behavior = configuration.service_behavior(service);
    if behavior.is_some_and(|b| b.service_metadata.is_some()) {
        return;
    }
    // A page for ?wsdl needs an address of HTTP, which not every service has.
    let mut bases = service.host.base_addresses.add.iter();
    let over_http = cx.of_a_site
        || bases.any(|base| waxwing_soap::Address::of(&base.base_address).scheme() == Some("http"));
    let fix = match over_http {
        true => "add <serviceMetadata httpGetEnabled=\"true\" /> to the service's behavior",
        false => "add <serviceMetadata /> to the service's behavior",
    };
    let endpoints = service.endpoints.iter().zip(node.children_named("endpoint"));
    for (_, node) in endpoints.filter(|(e, _)| e.contract == "IMetadataExchange") {
        let short = crate::effective::short_name(&service.name);
        cx.report(
            Problem::error(
                "metadata-behavior-missing",
                node.locate("@contract"),
                "an IMetadataExchange endpoint needs <serviceMetadata> in the service's behavior",
            )
            .wcf(format!(
                "The contract name 'IMetadataExchange' could not be found in the list of contracts \
                 implemented by the service {short}.  Add a ServiceMetadataBehavior to the \
                 configuration file or to the ServiceHost directly to enable support for this \
                 contract."
            ))
            .at_open()
            .fix(fix),
        );
    }
}
