//! Endpoints as a whole: what they lack, and what Waxwing cannot run of them.

use crate::config::Configuration;
use crate::config::endpoints::{ClientEndpoint, Service};
use crate::config::places::Places;
use crate::diagnostic::Span;
use crate::effective::METADATA_CONTRACT;
use crate::effective::{EffectiveEndpoint, Role};
use crate::extensions::STANDARD_ENDPOINTS;
use crate::file::node::Node;
use crate::file::problem::Problem;
use crate::file::quote::quote;
use crate::file::reader::Reader;
use crate::refusal::Within;
use crate::suggest;
use crate::transport::StreamSecurity;
use crate::{
    Identity, MessageCredentialType, ServiceCertificateAuthentication,
    X509CertificateValidationMode, X509RevocationMode,
};

const UNLESS_IN_CODE: &str = "refuses when it is opened, unless the program sets it in code";
const NOT_HERE: &str = "accepts and runs it; Waxwing refuses when the endpoint is opened";

pub(super) fn service(
    service: &Service,
    node: &Node,
    model: &Node,
    configuration: &Configuration,
    cx: &mut Reader,
) {
    for node in node.children_named("endpoint") {
        standard(node, cx);
    }
    let mut lacks: Vec<&'static str> = Vec::new();
    let without_behavior = lacks_behavior(node, cx);
    let nodes = node.children_named("endpoint");
    for (endpoint, endpoint_node) in service.endpoints.iter().zip(nodes) {
        // What Waxwing cannot run is told in the same run as what WCF refuses.
        let Some(endpoint) = configuration.sketch_service_endpoint(service, endpoint) else {
            continue;
        };
        let places = Places::of_service(model, node, endpoint_node);
        let (endpoint, node) = (&endpoint, endpoint_node);
        cx.within(node, |cx| {
            if endpoint.contract == METADATA_CONTRACT && !endpoint.unsupported().is_empty() {
                return metadata(endpoint, node, cx);
            }
            // One behavior serves all endpoints: its gap is told once.
            if !without_behavior {
                missing(endpoint, node, &mut lacks, cx);
                checks_of_clients(endpoint, places, &mut lacks, cx);
            }
            unsupported(endpoint, places, cx);
            let binding = (endpoint.binding_section.as_str(), endpoint.binding_name.as_str());
            refused_to(Role::Service, binding, places, configuration, cx);
        });
    }
}

/// Whether the behavior that is named is not there: what it would hold is not missing besides.
fn lacks_behavior(owner: &Node, cx: &Reader) -> bool {
    let named = owner.attribute("behaviorConfiguration");
    named.is_some_and(|named| cx.has_error_at(named.value_span))
}

/// A metadata endpoint that cannot run is left out, and the service opens without it.
fn metadata(endpoint: &EffectiveEndpoint, node: &Node, cx: &mut Reader) {
    let Some(first) = endpoint.unsupported().into_iter().next() else { return };
    let message = format!("this metadata endpoint cannot run: {}; it is left out", first.feature);
    let span = node.attribute("binding").map_or(node.name_span, |a| a.value_span);
    cx.report(
        Problem::note("not-supported", span, message)
            .behavior("answers WS-MetadataExchange there")
            .fix("nothing, if another endpoint or ?wsdl describes the service: write binding=\"mexHttpBinding\" otherwise"),
    );
}

pub(super) fn client(
    endpoint: &ClientEndpoint,
    node: &Node,
    model: &Node,
    configuration: &Configuration,
    cx: &mut Reader,
) {
    standard(node, cx);
    if let Some(effective) = configuration.sketch_client(endpoint) {
        let places = Places::of_client(model, node);
        if !lacks_behavior(node, cx) {
            missing(&effective, node, &mut Vec::new(), cx);
            checks_of_services(&effective, places, cx);
        }
        unsupported(&effective, places, cx);
        let binding = (endpoint.binding.as_str(), endpoint.binding_configuration.as_str());
        refused_to(Role::Client, binding, places, configuration, cx);
    }
}

/// What WCF refuses of the binding when this side opens with it; the other may have the same.
fn refused_to(
    role: Role,
    (section, name): (&str, &str),
    places: Places<'_>,
    configuration: &Configuration,
    cx: &mut Reader,
) {
    let binding = configuration.binding(section, name);
    let (Some(binding), Some(node)) = (binding, places.binding) else { return };
    for refusal in binding.refusals_of(role) {
        let problem = super::refused(refusal, node);
        if !cx.has_error_at(problem.span) {
            cx.report(problem);
        }
    }
}

/// Standard endpoints are ready-made by .NET classes; of them there is `mexEndpoint`.
fn standard(node: &Node, cx: &mut Reader) {
    let kind = node.attribute("kind").filter(|k| !k.value.is_empty() && k.value != "mexEndpoint");
    let Some(kind) = kind else { return };
    let own = cx.extensions.endpoints.contains(&kind.value);
    if own || STANDARD_ENDPOINTS.contains(&kind.value.as_str()) {
        let message =
            format!("this version of Waxwing cannot run the standard endpoint {}", kind.value);
        cx.report(
            Problem::warning("not-supported", kind.value_span, message)
                .behavior(NOT_HERE)
                .fix("write an endpoint with a binding and a contract"),
        );
        return;
    }
    let name = quote(&kind.value);
    cx.report(
        Problem::error(
            "unknown-standard-endpoint",
            kind.value_span,
            format!("there is no standard endpoint {name}"),
        )
        .wcf(format!(
            "Configuration endpoint extension 'system.serviceModel/standardEndpoints/{name}' could \
             not be found. Verify that this endpoint extension is properly registered in \
             system.serviceModel/extensions/endpointExtensions and that it is spelled correctly."
        ))
        .suggest(suggest::nearest(&kind.value, STANDARD_ENDPOINTS.iter().copied()))
        .fix(format!("write one of: {}", STANDARD_ENDPOINTS.join(", "))),
    );
}

fn missing(
    endpoint: &EffectiveEndpoint,
    node: &Node,
    told: &mut Vec<&'static str>,
    cx: &mut Reader,
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

/// How a client checks the service's certificate.
fn checks_of_services(endpoint: &EffectiveEndpoint, places: Places<'_>, cx: &mut Reader) {
    let by_stream = matches!(endpoint.transport.stream_security, Some(StreamSecurity::Tls { .. }));
    let by_messages =
        endpoint.security.as_ref().map(|s| s.authentication.needs_service_certificate());
    if by_messages.is_none() && !by_stream {
        return over_tls(endpoint, places, cx);
    }
    if is_misread(places, cx) {
        // What the defaults in place of a wrong value do is nobody's wish.
        return;
    }
    if by_messages != Some(true) && !by_stream {
        over_tls(endpoint, places, cx);
    } else {
        let check = &endpoint.client_credentials.service_certificate.authentication;
        let found = certificate_check(
            "the service's certificate",
            check.certificate_validation_mode,
            check.revocation_mode,
            places.in_behavior("clientCredentials/serviceCertificate/authentication"),
        );
        found.into_iter().for_each(|problem| cx.report(problem));
        identity(endpoint, places.endpoint, cx);
    }
}

/// Without an identity the certificate must name the host of the address; one of the machine's own
/// names is hardly ever meant.
fn identity(endpoint: &EffectiveEndpoint, node: &Node, cx: &mut Reader) {
    let host = endpoint.host().filter(|_| endpoint.identity.is_none()).unwrap_or_default();
    let number = host.contains(':') || host.parse::<std::net::Ipv4Addr>().is_ok();
    if !number && !host.eq_ignore_ascii_case("localhost") {
        return;
    }
    let span = node.attribute("address").map_or(node.name_span, |a| a.value_span);
    cx.report(
        Problem::note(
            "identity-of-the-machine",
            span,
            format!("without an <identity> the service's certificate must be of \"{host}\""),
        )
        .wcf(format!(
            "Identity check failed for outgoing message. The expected DNS identity of the remote \
             endpoint was '{host}'"
        ))
        .behavior("refuses the first message if the certificate names another")
        .fix("write <identity><dns value=\"…\" /></identity> with the name in the certificate"),
    );
}

/// Whether the security of the binding could not be read, or is refused.
fn is_misread(places: Places<'_>, cx: &Reader) -> bool {
    let Some(binding) = places.binding else { return false };
    let at = |place: &str| cx.has_error_within(binding.locate(place));
    at("security") || at("security/@mode") || at("security/message/@clientCredentialType")
}

/// What says nothing about the server where TLS proves who it is.
fn over_tls(endpoint: &EffectiveEndpoint, places: Places<'_>, cx: &mut Reader) {
    if endpoint.transport.scheme != "https" {
        return;
    }
    let written = &endpoint.client_credentials.service_certificate;
    if written.authentication != ServiceCertificateAuthentication::default() {
        let span = places.in_behavior("clientCredentials/serviceCertificate/authentication");
        let message = "<authentication> of <serviceCertificate> does nothing over HTTPS: TLS checks the server's certificate, \
                       against the roots of the system and the folder Root, and the name of the host";
        let problem = Problem::warning("does-nothing", span, message)
            .behavior("does not look at it over HTTPS, either")
            .fix("remove it, or write <sslCertificateAuthentication> in its place");
        cx.report(problem);
    }
    if let Some(Identity::Dns(name)) = &endpoint.identity {
        let span = places.endpoint.locate("identity/dns/@value");
        let message = format!(
            "<dns value=\"{name}\"> of the <identity> does nothing over HTTPS: TLS expects a certificate of the address's host"
        );
        let problem = Problem::note("does-nothing", span, message)
            .behavior("does not look at it over HTTPS, either")
            .fix("remove it; to expect one certificate and no other write <certificate encodedValue=\"…\" />");
        cx.report(problem);
    }
    if written.ssl_certificate_authentication.is_some() {
        let span =
            places.in_behavior("clientCredentials/serviceCertificate/sslCertificateAuthentication");
        let message = "<sslCertificateAuthentication> decides alone about the server's certificate: the name of the host is not \
                       compared any more";
        let problem = Problem::warning("host-not-checked", span, message)
            .behavior("does not compare it, either")
            .fix("remove it, and put the root that issued the server's certificate into the folder Root, if the name is to count");
        cx.report(problem);
    }
}

/// How a service checks its clients; told once for all endpoints.
fn checks_of_clients(
    endpoint: &EffectiveEndpoint,
    places: Places<'_>,
    told: &mut Vec<&'static str>,
    cx: &mut Reader,
) {
    // WCF's own validators check what TLS inside a net.tcp connection brings.
    let in_stream = endpoint.transport.stream_security.is_some()
        && endpoint.transport.require_client_certificate;
    let credential = match &endpoint.security {
        Some(security) => security.credential,
        None if in_stream => MessageCredentialType::Certificate,
        None => return,
    };
    if is_misread(places, cx) {
        return;
    }
    let credentials = &endpoint.service_credentials;
    let problem = match credential {
        MessageCredentialType::Certificate => {
            let check = &credentials.client_certificate.authentication;
            certificate_check(
                "a client's certificate",
                check.certificate_validation_mode,
                check.revocation_mode,
                places.in_behavior("serviceCredentials/clientCertificate/authentication"),
            )
        }
        MessageCredentialType::UserName => {
            let mode = credentials.user_name_authentication.user_name_password_validation_mode;
            let message = format!(
                "userNamePasswordValidationMode=\"{mode}\": neither Windows nor .NET is here to check \
                 user names and passwords"
            );
            let span = places.in_behavior("serviceCredentials/userNameAuthentication");
            Some(
                Problem::warning("set-in-code", span, message)
                    .behavior("runs it; Waxwing refuses when it is opened, unless the program checks user names")
                    .fix("give a validator of user names in code"),
            )
        }
        _ => None,
    };
    if let Some(problem) = problem.filter(|p| !told.contains(&p.code)) {
        told.push(problem.code);
        cx.report(problem);
    }
}

fn certificate_check(
    whose: &str,
    mode: X509CertificateValidationMode,
    revocation: X509RevocationMode,
    span: Span,
) -> Option<Problem> {
    use X509CertificateValidationMode as Mode;
    match (mode, revocation) {
        (Mode::Custom, _) => Some(
            Problem::warning(
                "set-in-code",
                span,
                format!(
                    "{whose} is checked by a .NET class (certificateValidationMode=\"Custom\")"
                ),
            )
            .behavior("runs it; Waxwing refuses when it is opened, unless the program checks it")
            .fix("give a validator in code, or write certificateValidationMode=\"ChainTrust\""),
        ),
        (Mode::ChainTrust | Mode::PeerOrChainTrust, X509RevocationMode::Online) => Some(
            Problem::note(
                "revocation-online",
                span,
                format!(
                    "whether {whose} was revoked is asked online, over http, where its chain says; one that \
                     says nothing is refused"
                ),
            )
            .behavior("does the same")
            .fix(
                "nothing, if its authority can be reached from here; otherwise put the authority's revocation \
                 list into the folder CertificateAuthority, or write revocationMode=\"NoCheck\" in \
                 <authentication>",
            ),
        ),
        _ => None,
    }
}

/// What cannot be run, marked where it is written; several endpoints of one binding tell it once.
fn unsupported(endpoint: &EffectiveEndpoint, places: Places<'_>, cx: &mut Reader) {
    let node = places.endpoint;
    let of_endpoint = node.attribute("binding").map_or(node.name_span, |a| a.value_span);
    for feature in endpoint.unsupported() {
        let written = match feature.within {
            Within::Endpoint => Some(node),
            Within::Binding => places.binding,
        };
        let span = written.map_or(of_endpoint, |element| match feature.within {
            Within::Endpoint => element.locate(&feature.at),
            Within::Binding => element.locate_in_binding(&feature.at),
        });
        // A value or a name that could not be read left the default behind: what follows from that
        // is nobody's wish.
        let stand_ins = written.map_or_else(Vec::new, |element| element.stand_ins(&feature.at));
        if cx.has_error_at(span) || stand_ins.iter().any(|name| cx.has_error_at(*name)) {
            continue;
        }
        let message = format!("this version of Waxwing cannot run {}", feature.feature);
        if cx.has_told(span, &message) {
            continue;
        }
        cx.report(
            Problem::warning("not-supported", span, message)
                .behavior(feature.wcf.behavior())
                .fix(feature.instead),
        );
    }
}
