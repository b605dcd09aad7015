//! Every setting has a word, and the words are true.

use super::schema::{Place, every};
use super::support_of;
use crate::built::Part;
use crate::config::sections::CARRIED;
use crate::extensions::{OTHER_ELEMENTS, OTHER_ENDPOINT_BEHAVIORS, OTHER_SERVICE_BEHAVIORS};
use crate::word::{Feature, Support};
use crate::{Configuration, Diagnostic, EffectiveEndpoint, Severity};

/// Attributes cannot be declared without a word, and elements that hold nothing cannot either.
#[test]
fn every_setting_has_a_word() {
    assert!(every().len() > 900, "{}", every().len());
    let silent: Vec<&String> = every()
        .iter()
        .filter(|(_, setting)| setting.place != Place::Container && setting.word.is_none())
        .map(|(path, _)| path)
        .collect();
    assert!(silent.is_empty(), "settings without a word: {silent:#?}");
}

#[test]
fn what_is_known_by_name_only_has_a_word() {
    for (section, word) in CARRIED {
        assert_eq!(support_of(section), Some(*word), "{section}");
    }
    for (kind, names) in
        [("service", OTHER_SERVICE_BEHAVIORS), ("endpoint", OTHER_ENDPOINT_BEHAVIORS)]
    {
        for (name, word) in names {
            let path = format!("behaviors/{kind}Behaviors/behavior/{name}");
            assert_eq!(support_of(&path), Some(*word), "{path}");
        }
    }
    for element in OTHER_ELEMENTS {
        let features = refused(&format!("customBinding/binding/{element}"), "");
        assert!(!features.is_empty(), "<{element}> is neither run nor refused");
    }
    assert_eq!(support_of("services/service/host/baseAddresses"), None);
    assert_eq!(support_of("client/endpoint/@nonsense"), None);
}

/// What a declaration says of all settings inside goes before what they say themselves.
#[test]
fn the_word_of_the_element_around_counts() {
    let word = |path: &str| support_of(path).unwrap();
    let windows = word("customBinding/binding/windowsStreamSecurity/@protectionLevel");
    assert_eq!(windows, Support::Refused(Feature::WindowsAccounts));
    let of_tcp = if Part::TcpLink.runs() { Support::Runs } else { Support::Refused(Feature::Tcp) };
    assert_eq!(word("netTcpBinding/binding/@sendTimeout"), of_tcp);
    assert_eq!(word("wsHttpBinding/binding/@sendTimeout"), Support::Runs);
    let account = "client/endpoint/identity/userPrincipalName/@value";
    assert_eq!(word(account), Support::Refused(Feature::WindowsAccounts));
    assert_eq!(word("client/endpoint/identity/dns/@value"), Support::Runs);
    let issuer = "wsFederationHttpBinding/binding/security/message/issuer/identity/dns/@value";
    assert_eq!(word(issuer), Support::Refused(Feature::IssuedTokens));
    // A service only tells of its identity.
    assert_eq!(word("services/service/endpoint/identity/userPrincipalName/@value"), Support::Runs);
}

/// The features that keep an endpoint from opening when `path` (an attribute or an element) has
/// this value, beside a binding that runs.
fn refused(path: &str, value: &str) -> Vec<String> {
    let configuration = sample(path, value);
    let mut features: Vec<String> = Vec::new();
    let mut of = |endpoint: Result<EffectiveEndpoint, crate::ResolveError>| match endpoint {
        Ok(endpoint) => features.extend(endpoint.unsupported().into_iter().map(|u| u.feature)),
        Err(error) => features.push(error.to_string()),
    };
    configuration.client.endpoints.iter().for_each(|e| of(configuration.resolve_client(e)));
    for service in &configuration.services.services {
        let behavior = configuration.service_behavior(service).cloned().unwrap_or_default();
        for endpoint in &service.endpoints {
            of(configuration.resolve_service_endpoint(service, endpoint, &behavior));
        }
    }
    features
}

/// A tree of elements that is written as XML.
#[derive(Default)]
struct Element {
    attributes: Vec<(String, String)>,
    children: Vec<(String, Element)>,
}

impl Element {
    fn at(&mut self, path: &str) -> &mut Element {
        path.split('/').filter(|step| !step.is_empty()).fold(self, |element, step| {
            let found = element.children.iter().position(|(name, _)| name == step);
            let at = found.unwrap_or_else(|| {
                // A transport stays last.
                let last = element.children.last().is_some_and(|(n, _)| n == "httpTransport");
                let at = element.children.len() - usize::from(last);
                element.children.insert(at, (step.to_owned(), Element::default()));
                at
            });
            &mut element.children[at].1
        })
    }

    fn set(&mut self, path: &str, value: &str) {
        let Some((element, name)) = path.rsplit_once("/@") else {
            self.at(path);
            return;
        };
        let attributes = &mut self.at(element).attributes;
        attributes.retain(|(n, _)| n != name);
        attributes.push((name.to_owned(), value.to_owned()));
    }

    fn write(&self, name: &str) -> String {
        let attributes = self.attributes.iter().map(|(n, v)| format!(" {n}=\"{v}\""));
        let children = self.children.iter().map(|(n, c)| c.write(n));
        format!(
            "<{name}{}>{}</{name}>",
            attributes.collect::<String>(),
            children.collect::<String>()
        )
    }
}

/// A file that runs but for `path`, with a client endpoint (or a service's, or the binding's) that
/// uses what is set there.
fn sample(path: &str, value: &str) -> Configuration {
    let mut model = Element::default();
    let section = path.split('/').next().unwrap_or_default();
    let is_binding = section.ends_with("Binding");
    let binding = if is_binding { section } else { "wsHttpBinding" };
    for (setting, value) in [
        ("client/endpoint/@name", "c"),
        ("client/endpoint/@address", "http://h/"),
        ("client/endpoint/@contract", "I"),
        ("client/endpoint/@behaviorConfiguration", "b"),
        ("behaviors/endpointBehaviors/behavior/@name", "b"),
    ] {
        model.set(setting, value);
    }
    model.set("client/endpoint/@binding", binding);
    if section == "services" {
        model.set("services/service/@name", "S");
        model.set("services/service/endpoint/@address", "http://h/");
        model.set("services/service/endpoint/@binding", binding);
        model.set("services/service/endpoint/@contract", "I");
    }
    for (setting, value) in BASE.iter().filter(|(setting, _)| setting.starts_with(binding)) {
        model.set(&format!("bindings/{setting}"), value);
    }
    if is_binding {
        let bootstrap = "/secureConversationBootstrap/";
        if path.contains(bootstrap) || path.ends_with("/@keyEntropyMode") {
            model.set(
                "bindings/customBinding/binding/security/@authenticationMode",
                "SecureConversation",
            );
            let mode = "bindings/customBinding/binding/security/secureConversationBootstrap/@authenticationMode";
            model.set(mode, "MutualCertificate");
        }
        if path.contains("/security/message/@")
            && matches!(binding, "netTcpBinding" | "wsDualHttpBinding")
        {
            model.set(&format!("bindings/{binding}/binding/security/@mode"), "Message");
        }
        if path.contains("/security/transport/@") {
            // Without its mode the connection's security is not looked at.
            let mode =
                if binding == "netHttpBinding" { "TransportCredentialOnly" } else { "Transport" };
            model.set(&format!("bindings/{binding}/binding/security/@mode"), mode);
        }
        model.set(&format!("bindings/{path}"), value);
    } else {
        model.set(path, value);
    }
    let text = format!("<configuration>{}</configuration>", model.write("system.serviceModel"));
    Configuration::load(&text).configuration
}

/// What makes the bindings run.
const BASE: &[(&str, &str)] = &[
    ("wsHttpBinding/binding/security/message/@clientCredentialType", "None"),
    ("ws2007HttpBinding/binding/security/message/@clientCredentialType", "None"),
    ("wsFederationHttpBinding/binding/security/@mode", "None"),
    ("ws2007FederationHttpBinding/binding/security/@mode", "None"),
    ("netHttpBinding/binding/@messageEncoding", "Text"),
    ("netHttpsBinding/binding/@messageEncoding", "Text"),
    ("netTcpBinding/binding/security/@mode", "None"),
    ("wsDualHttpBinding/binding/security/@mode", "None"),
    ("customBinding/binding/security/@authenticationMode", "MutualCertificate"),
    ("customBinding/binding/httpTransport", ""),
];

#[test]
fn values_that_are_said_to_be_refused_are_refused() {
    let mut count = 0;
    for path in every().keys() {
        let Some(Support::RunsExcept(values)) = support_of(path) else { continue };
        for value in values {
            if !is_legal(path, value) {
                continue;
            }
            count += 1;
            let features = refused(path, value);
            assert!(!features.is_empty(), "{path}=\"{value}\" is said to be refused, but is not");
        }
    }
    assert!(count > 60, "{count}");
    for (setting, value) in BASE {
        let built = match setting.split('/').next() {
            Some("netTcpBinding") => Part::TcpLink.runs(),
            Some("wsDualHttpBinding") => Part::CompositeDuplex.runs(),
            _ => true,
        };
        if !built {
            continue;
        }
        let features = refused(setting, value);
        assert!(features.is_empty(), "{setting}=\"{value}\" does not run: {features:?}");
    }
}

/// Whether the attribute takes the value at all: some lists are shorter in some bindings.
fn is_legal(path: &str, value: &str) -> bool {
    let mut model = Element::default();
    model.set(&format!("bindings/{path}"), value);
    let text = format!("<configuration>{}</configuration>", model.write("system.serviceModel"));
    let loaded = Configuration::load(&text);
    !loaded.diagnostics.iter().any(|d| d.code == "bad-value" || d.code == "unsupported-value")
}

/// Every feature that a row names is refused where it is used.
#[test]
fn features_are_refused_where_they_are_used() {
    for feature in Feature::ALL {
        let built = match feature {
            Feature::BinaryMessages => Part::BinaryOverHttp.runs(),
            Feature::Tcp => Part::TcpLink.runs(),
            Feature::WebSockets => Part::WebSockets.runs(),
            Feature::Callbacks => Part::CompositeDuplex.runs(),
            _ => false,
        };
        if built {
            continue;
        }
        let (path, value) = match feature {
            Feature::HttpAuthentication => {
                ("customBinding/binding/httpTransport/@authenticationScheme", "Ntlm")
            }
            Feature::Tcp => ("netTcpBinding/binding/@name", ""),
            Feature::WebSockets => {
                ("netHttpBinding/binding/webSocketSettings/@transportUsage", "Always")
            }
            Feature::BinaryMessages => ("customBinding/binding/binaryMessageEncoding", ""),
            Feature::Callbacks => ("wsDualHttpBinding/binding/@name", ""),
            Feature::WindowsAccounts => {
                ("client/endpoint/identity/userPrincipalName/@value", "u@d")
            }
            Feature::IssuedTokens => {
                ("wsHttpBinding/binding/security/message/@clientCredentialType", "IssuedToken")
            }
            Feature::StandardEndpoints => ("services/service/endpoint/@listenUriMode", "Unique"),
        };
        let features = refused(path, value);
        assert!(!features.is_empty(), "{feature} is not refused: {path}=\"{value}\"");
    }
    let kind = "<configuration><system.serviceModel><client><endpoint kind=\"dynamicEndpoint\" \
                contract=\"I\"/></client></system.serviceModel></configuration>";
    let configuration = Configuration::load(kind).configuration;
    assert!(configuration.resolve_client(&configuration.client.endpoints[0]).is_err());
}

fn found(bindings: &str) -> Vec<(Severity, u32, String)> {
    let text = format!(
        "<configuration><system.serviceModel><bindings>{bindings}</bindings></system.serviceModel></configuration>"
    );
    let found = Configuration::load(&text).diagnostics;
    let ours = |d: &Diagnostic| d.code == "does-nothing";
    found.into_iter().filter(ours).map(|d| (d.severity, d.column, d.message)).collect()
}

#[test]
fn what_does_nothing_is_told_where_it_stands() {
    let plain = "<security mode=\"None\"/>";
    let quotas = "<readerQuotas maxDepth=\"9\" maxArrayLength=\"7\" maxBytesPerRead=\"8\"/>";
    let text = format!(
        "<wsHttpBinding><binding transactionFlow=\"true\" useDefaultWebProxy=\"false\">{quotas}{plain}</binding></wsHttpBinding>"
    );
    let found_here = found(&text);
    let message: Vec<&str> = found_here.iter().map(|(_, _, message)| message.as_str()).collect();
    assert_eq!(
        message,
        ["transactionFlow of <binding> does nothing here: transactions do not flow",]
    );
    assert!(found_here.iter().all(|(severity, ..)| *severity == Severity::Warning));
    let column = "<configuration><system.serviceModel><bindings><wsHttpBinding><binding ".len() + 1;
    assert_eq!(found_here[0].1 as usize, column);
    // The value that is the default, or what holds anyway, is no news.
    let anyway = "<binding transactionFlow=\"FALSE\" hostNameComparisonMode=\"StrongWildcard\"><security mode=\"None\"/></binding>";
    assert_eq!(found(&format!("<wsHttpBinding>{anyway}</wsHttpBinding>")), []);
    // A binding that cannot be run at all is told once, at its endpoint.
    assert_eq!(found("<netTcpBinding><binding portSharingEnabled=\"true\"/></netTcpBinding>"), []);
    let flow =
        "<customBinding><binding><transactionFlow/><httpTransport/></binding></customBinding>";
    assert_eq!(found(flow)[0].2, "<transactionFlow> does nothing here: transactions do not flow");
}
