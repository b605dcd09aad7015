//! The way back from a stack to its binding: what a binding builds is recognised as that binding, or as one that a
//! policy cannot tell from it.

mod common;

use common::{config_vectors, text};
use waxwing_binding::{Binding, BindingElement, Configuration, Stack};

fn bindings() -> Vec<(String, Binding)> {
    let mut all = Vec::new();
    for name in ["valid", "public"] {
        for (file, vector) in &config_vectors(name) {
            let loaded = Configuration::load(text(vector, "config"));
            for binding in loaded.configuration.bindings {
                let whose = format!("{name}/{file}: {} {}", binding.section(), binding.name());
                all.push((whose, binding));
            }
        }
    }
    all
}

#[test]
fn a_binding_is_recognised_as_one_that_builds_the_same() {
    let mut lost = Vec::new();
    let all = bindings();
    assert!(all.len() > 100, "{}", all.len());
    for (whose, binding) in &all {
        let stack = Stack::of(binding);
        let foreign = stack.elements.iter().any(|e| matches!(e, BindingElement::Foreign(_)));
        if foreign || matches!(binding, Binding::Other(_)) || !binding.refusals().is_empty() {
            continue;
        }
        match Binding::of_stack(&stack) {
            None => lost.push(whose.clone()),
            Some(found) => assert!(
                Stack::of(&found).same_in_policy(&stack),
                "{whose} became {found:?}, which builds another stack"
            ),
        }
    }
    assert_eq!(lost, Vec::<String>::new());
}

/// In policies a `basicHttpsBinding` is a `basicHttpBinding` over HTTPS, and bindings of other names without message
/// security and reliable session are `wsHttpBinding`, which WCF tries first.
#[test]
fn the_section_is_the_one_that_wcf_finds() {
    let mut other = Vec::new();
    for (whose, binding) in bindings() {
        let stack = Stack::of(&binding);
        let secured = stack.security().is_some() || stack.reliable_session().is_some();
        let found = match Binding::of_stack(&stack) {
            Some(found) if binding.refusals().is_empty() => found,
            _ => continue,
        };
        let as_written = found.section() == binding.section();
        let plain = !secured && found.section() == "wsHttpBinding";
        let told = matches!(
            (binding.section(), found.section()),
            // Recognised where a standard binding builds just that.
            ("customBinding", _) | ("basicHttpsBinding", "basicHttpBinding")
            // Without WebSockets nobody can tell; text and MTOM with SOAP 1.2 are those of wsHttpBinding.
            | ("netHttpBinding" | "netHttpsBinding", "customBinding" | "wsHttpBinding")
            | ("mexHttpBinding", "wsHttpBinding") | ("mexTcpBinding", "netTcpBinding")
            // Without security, or with the token of a card selector, wsHttpBinding builds the same.
            | ("wsFederationHttpBinding", "wsHttpBinding")
        );
        if !(as_written || plain || told || matches!(binding, Binding::Other(_))) {
            other.push(format!("{whose} became {}", found.section()));
        }
    }
    assert_eq!(other, Vec::<String>::new());
}

#[test]
fn derived_keys_and_layout_that_only_a_custom_binding_has_are_written() {
    let text = r#"<configuration><system.serviceModel><bindings><customBinding><binding name="c">
        <security authenticationMode="SecureConversation" requireDerivedKeys="false" securityHeaderLayout="Lax"
          requireSecurityContextCancellation="false"
          messageSecurityVersion="WSSecurity11WSTrustFebruary2005WSSecureConversationFebruary2005WSSecurityPolicy11BasicSecurityProfile10">
          <secureConversationBootstrap authenticationMode="MutualCertificate"
            messageSecurityVersion="WSSecurity11WSTrustFebruary2005WSSecureConversationFebruary2005WSSecurityPolicy11BasicSecurityProfile10" />
        </security><textMessageEncoding /><httpTransport /></binding></customBinding></bindings></system.serviceModel></configuration>"#;
    let configuration = Configuration::parse(text).unwrap();
    let written = configuration.bindings.first().unwrap();
    let mut found = Binding::of_stack(&Stack::of(written)).unwrap();
    if let Binding::Custom(custom) = &mut found {
        custom.timeouts.name = "c".to_owned();
    }
    assert_eq!(&found, written);
}
