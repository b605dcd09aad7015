//! The table of assertions: a policy for each row, and every assertion of the public services.

use std::collections::BTreeSet;

use waxwing_metadata::judge::{Class, PortVerdict, Row, Rule, Ruling, Talk, row, rows};
use waxwing_metadata::policy::{Assertion, Attached, Policy, PolicyItem};

use super::{Service, set};

/// Names that a service can be asked for although nobody knows them: in namespaces where every name has one row.
fn name(row: &Row) -> &'static str {
    if row.name == "*" { "Whatever" } else { row.name }
}

const SUITE: &[&str] = &["sp:SymmetricBinding", "sp:AlgorithmSuite"];
const BINDING: &[&str] = &["sp:SymmetricBinding"];
const CONNECTION: &[&str] = &["sp:TransportBinding", "sp:TransportToken"];
const PROTECTION: &[&str] = &["sp:SymmetricBinding", "sp:ProtectionToken"];

/// What stands around an assertion, outermost first: each holds a policy, but for those with `=`, which hold it as it is.
fn around(row: &Row) -> &'static [&'static str] {
    let namespace = row.namespaces[0];
    let suite =
        ["Basic", "Triple", "Inclusive", "SOAPNorm", "STRTrans", "XPath10", "XPathF", "AbsXPath"];
    match row.name {
        "*" if namespace.contains("cxf.apache.org/custom") => SUITE,
        name if suite.iter().any(|start| name.starts_with(start))
            && namespace.contains("securitypolicy") =>
        {
            SUITE
        }
        "HttpBasicAuthentication" | "HttpDigestAuthentication" | "RequireClientCertificate" => {
            &["sp:TransportBinding", "sp:TransportToken", "sp:HttpsToken"]
        }
        "HttpsToken" | "SslTransportSecurity" | "WindowsTransportSecurity" => CONNECTION,
        "ProtectionLevel" => {
            &["sp:TransportBinding", "sp:TransportToken", "=msf:WindowsTransportSecurity"]
        }
        "Strict" | "Lax" | "LaxTsFirst" | "LaxTsLast" | "LaxTimestampFirst"
        | "LaxTimestampLast" => &["sp:Layout"],
        "Body" | "Header" | "Attachments" | "XPath" | "XPath2" => &["=sp:SignedParts"],
        "SequenceSTR" | "SequenceTransportSecurity" | "DeliveryAssurance" => &["rm11:RMAssertion"],
        "ExactlyOnce" | "AtLeastOnce" | "AtMostOnce" | "InOrder" => {
            &["rm11:RMAssertion", "rm11:DeliveryAssurance"]
        }
        name if namespace.contains("2005/02/rm") && name != "RMAssertion" => &["=wsrm:RMAssertion"],
        "AnonymousResponses" | "NonAnonymousResponses" => &["wsam:Addressing"],
        _ => around_in_security(row.name),
    }
}

fn around_in_security(name: &str) -> &'static [&'static str] {
    match name {
        "BootstrapPolicy"
        | "SC10SecurityContextToken"
        | "SC13SecurityContextToken"
        | "MustNotSendAmend"
        | "MustNotSendCancel"
        | "MustNotSendRenew"
        | "RequireCancel"
        | "RequireExternalUriReference" => {
            &["sp:SymmetricBinding", "sp:ProtectionToken", "sp:SecureConversationToken"]
        }
        "Claims"
        | "RequestSecurityTokenTemplate"
        | "Issuer"
        | "IssuerName"
        | "RequireInternalReference"
        | "RequireExternalReference" => {
            &["sp:SymmetricBinding", "sp:ProtectionToken", "sp:IssuedToken"]
        }
        "NoPassword" | "HashPassword" | "Nonce" | "Created" | "WssUsernameToken10"
        | "WssUsernameToken11" => {
            &["sp:SymmetricBinding", "sp:ProtectionToken", "sp:UsernameToken"]
        }
        "IncludeTimestamp"
        | "EncryptBeforeSigning"
        | "SignBeforeEncrypting"
        | "EncryptSignature"
        | "ProtectTokens"
        | "AlgorithmSuite"
        | "OnlySignEntireHeadersAndBody"
        | "TransportToken"
        | "ProtectionToken"
        | "InitiatorToken"
        | "RecipientToken"
        | "EncryptionToken"
        | "SignatureToken" => BINDING,
        name if name.ends_with("SignatureToken") || name.ends_with("EncryptionToken") => BINDING,
        name if name.starts_with("WssX509")
            || (name.starts_with("Require")
                && (name.ends_with("Reference") || name.ends_with("DerivedKeys"))) =>
        {
            &["sp:SymmetricBinding", "sp:ProtectionToken", "sp:X509Token"]
        }
        name if name.starts_with("Wss") && name.len() > 5 => {
            &["sp:SymmetricBinding", "sp:ProtectionToken", "sp:KerberosToken"]
        }
        name if name.starts_with("MustSupportRef") || name == "RequireSignatureConfirmation" => {
            &["sp:Wss11"]
        }
        name if name.starts_with("MustSupport")
            || name.ends_with("Entropy")
            || name == "RequireAppliesTo" =>
        {
            &["sp:Trust10"]
        }
        "RequireRequestSecurityTokenCollection" => &["sp:Trust10"],
        name if name.ends_with("Token") => PROTECTION,
        _ => &[],
    }
}

/// A policy that holds the assertion where it belongs.
fn policy_with(row: &Row, attributes: &str) -> String {
    let (namespace, name) = (row.namespaces[0], name(row));
    let one = format!(r#"<x:{name} xmlns:x="{namespace}" {attributes}/>"#);
    let declared = r#"xmlns:msf="http://schemas.microsoft.com/ws/2006/05/framing/policy" xmlns:wsam="http://www.w3.org/2007/05/addressing/metadata""#;
    around(row).iter().rev().fold(one, |inside, outer| match outer.strip_prefix('=') {
        Some(outer) => format!("<{outer} {declared}>{inside}</{outer}>"),
        None => format!("<{outer} {declared}><wsp:Policy>{inside}</wsp:Policy></{outer}>"),
    })
}

fn judged(row: &Row, attributes: &str) -> PortVerdict {
    let mut service = Service::new(&policy_with(row, attributes));
    if row.rule == Rule::AsBinding(Class::Tcp) {
        service.transport = "http://schemas.microsoft.com/soap/tcp";
        service.address = "net.tcp://example.org/s";
    }
    service.judged()
}

/// The row's own ruling, and not that something else is wrong with so small a policy.
fn ruling(port: &PortVerdict, row: &Row) -> Option<Ruling> {
    let is_it = |name: &waxwing_metadata::QName| {
        row.namespaces.contains(&&*name.namespace) && *name.local == *name_of(row)
    };
    let found = port.assertions.iter().find(|a| is_it(&a.name))?;
    // A part of a policy that is not whole is blamed, too: then the text is not the row's.
    let own = found.text == row.word || row.word.is_empty();
    Some(if own { found.ruling } else { Ruling::Supported })
}

fn name_of(row: &Row) -> &'static str {
    name(row)
}

#[test]
fn every_row_rules_as_it_says() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for row in rows() {
        let port = judged(row, "");
        let title = format!("{{{}}}{}", row.namespaces[0], row.name);
        // What stands in lists of parts is not told one by one, nor what is inside of a token that nobody reads.
        let parts = ["Body", "Header", "RsaKeyValue"].contains(&row.name);
        let parameters = row.name == "*" && row.namespaces.len() > 5 && row.rule == Rule::Ignored;
        let Some(ruling) = ruling(&port, row) else {
            if !parts && !parameters {
                wrong.push(format!("{title}: not seen"));
            }
            continue;
        };
        seen += 1;
        let expected = match row.rule {
            Rule::Supported => vec![Ruling::Supported],
            Rule::Ignored => vec![Ruling::Ignored],
            Rule::Blocked(_) | Rule::OptionalOnly(_) => vec![Ruling::Blocking],
            // Whatever `binding` says today; in the test of the corpus it is known.
            Rule::AsBinding(_) => vec![Ruling::Supported, Ruling::Blocking],
        };
        if !expected.contains(&ruling) {
            wrong.push(format!("{title}: {ruling:?}, not {:?}", row.rule));
        }
        if matches!(row.rule, Rule::Blocked(_)) && port.talk == Talk::Yes {
            wrong.push(format!("{title}: blocks, and the verdict is yes"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 150, "{seen}");
}

#[test]
fn what_may_stay_away_does() {
    for row in rows() {
        if matches!(row.rule, Rule::OptionalOnly(_)) {
            let port = judged(row, r#"wsp:Optional="true""#);
            assert_eq!(ruling(&port, row), Some(Ruling::Ignored), "{}", row.name);
        }
    }
}

/// Whoever reads it must know what to write at the service.
#[test]
fn what_blocks_names_a_setting() {
    let mut silent = Vec::new();
    for row in rows() {
        let blocks = !matches!(row.rule, Rule::Supported | Rule::Ignored);
        let names_setting = row.fix.contains("=\"")
            || row.fix.contains('<')
            || row.fix.contains("ProtectionLevel")
            || row.fix.contains("sp:");
        assert_eq!(blocks, !row.fix.is_empty(), "{}", row.name);
        if blocks && !names_setting {
            silent.push(format!("{}: {}", row.name, row.fix));
        }
        assert!(!row.word.is_empty(), "{}", row.name);
    }
    assert_eq!(silent, Vec::<String>::new());
}

#[test]
fn no_name_has_two_rows() {
    let mut seen = BTreeSet::new();
    for row in rows() {
        for namespace in row.namespaces {
            assert!(seen.insert((namespace, row.name)), "{{{namespace}}}{} has two rows", row.name);
        }
    }
}

fn of_items<'a>(items: &'a [PolicyItem], found: &mut Vec<&'a Assertion>) {
    for item in items {
        match item {
            PolicyItem::All(items) | PolicyItem::ExactlyOne(items) => of_items(items, found),
            PolicyItem::Policy(policy) => of_items(&policy.items, found),
            PolicyItem::Assertion(assertion) => of_assertion(assertion, found),
            PolicyItem::Reference(_) => {}
        }
    }
}

fn of_assertion<'a>(assertion: &'a Assertion, found: &mut Vec<&'a Assertion>) {
    found.push(assertion);
    assertion.children.iter().for_each(|child| of_assertion(child, found));
    if let Some(policy) = &assertion.policy {
        of_items(&policy.items, found);
    }
}

/// The namespaces of two tests, whose markers mean nothing.
const MARKERS: &[&str] = &["http://wsit.test/", "http://example.org"];

#[test]
fn every_assertion_of_the_public_services_has_a_row() {
    let mut missing = BTreeSet::new();
    let mut count = 0;
    for of in waxwing_testkit::metadata::public().iter().chain(&waxwing_testkit::metadata::wcf()) {
        let set = set(of);
        let mut found = Vec::new();
        let policy = |policy: &Policy, found: &mut Vec<Assertion>| {
            let mut all = Vec::new();
            of_items(&policy.items, &mut all);
            found.extend(all.into_iter().cloned());
        };
        let attached = |attached: &Attached, found: &mut Vec<Assertion>| {
            attached.embedded.iter().for_each(|p| policy(p, found));
        };
        set.policies().iter().for_each(|p| policy(p, &mut found));
        for document in set.definitions() {
            document.policies.iter().for_each(|p| policy(p, &mut found));
            for binding in &document.bindings {
                attached(&binding.policies, &mut found);
                for operation in &binding.operations {
                    attached(&operation.policies, &mut found);
                    let messages = operation.input.iter().chain(&operation.output);
                    messages.for_each(|message| attached(&message.policies, &mut found));
                }
            }
        }
        count += found.len();
        let unknown = found
            .iter()
            .filter(|a| row(&a.name).is_none() && !MARKERS.contains(&&*a.name.namespace));
        missing.extend(unknown.map(|a| a.name.to_string()));
    }
    assert_eq!(missing, BTreeSet::new());
    assert!(count > 10_000, "{count}");
}
