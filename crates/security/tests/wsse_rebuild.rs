//! From the recorded keys, identifiers, nonces, times and vectors we build the messages that WCF built,
//! to the octet but for random padding.

mod common;

use common::Scenario;
use common::wsse_rebuild::{Rebuild, difference};

/// Builds every message of a scenario that can be verified; how many, and what differs.
fn rebuild(name: &str) -> (usize, Vec<String>) {
    let scenario = Scenario::wcf(name);
    let mut rebuild = Rebuild::new(&scenario);
    let block = scenario.settings().suite.cipher.block_length();
    let (mut count, mut different) = (0, Vec::new());
    for message in scenario.messages.iter().filter(|m| m.is_secured() && !m.is_multipart) {
        let Some(ours) = rebuild.message(message) else { continue };
        let plain = rebuild.reread(message, &ours);
        assert_eq!(plain, message.expected(), "{name}/{}", message.name);
        let ours = String::from_utf8(ours.to_bytes()).expect("UTF-8");
        if let Some(difference) = difference(&ours, message.text(), block) {
            different.push(format!("{name}/{}:\n{difference}", message.name));
        }
        count += 1;
    }
    (count, different)
}

fn check(name: &str, messages: usize) {
    let (count, different) = rebuild(name);
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert_eq!(count, messages, "{name}");
}

#[test]
fn the_main_scenario_of_client_and_service() {
    check("rm10-sc-cert", 18);
}

#[test]
fn without_reliable_session_and_without_session() {
    check("sc-cert-norm", 12);
    check("oneshot-cert", 8);
    check("oneshot-username", 8);
}

#[test]
fn every_suite_that_was_captured() {
    for suite in ["Basic128", "Basic256Rsa15", "Basic256Sha256", "Default", "TripleDes"] {
        check(&format!("rm10-sc-cert-suite-{suite}"), 12);
    }
}

#[test]
fn layouts_orders_levels_and_keys() {
    check("rm10-sc-cert-layout-lax", 12);
    check("rm10-sc-cert-noderived", 12);
    check("rm10-sc-cert-order-sbeb", 12);
    check("rm10-sc-cert-prot-none", 12);
    check("rm10-sc-cert-sign", 18);
}

/// Levels of operations, faults, message contracts and headers, in every order.
#[test]
fn protection_levels_in_every_order() {
    check("protection-sc-cert", 18);
    check("protection-order-sbe", 18);
    check("protection-order-ebs", 18);
    check("protection-rm10-sc-cert", 24);
    check("protection-rm11-sc13-cert", 24);
    check("protsign-sc-cert", 7);
    check("protnone-sc-cert", 8);
}

#[test]
fn other_credentials_and_the_newer_dialect() {
    check("rm10-sc-username", 18);
    check("rm10-sc-none", 18);
    check("rm11-sc13-cert", 18);
    check("rm11-sc13-username", 12);
}

#[test]
fn renewals() {
    check("renew-client-sc", 20);
    check("renew-service-expires-sc", 16);
    check("renew-client-sc-nego", 20);
}

/// Nothing is encrypted and every signature is determined: they are equal to the last octet.
#[test]
fn over_a_protected_transport() {
    check("https-oneshot-cert", 4);
    check("https-oneshot-username", 4);
    check("https-oneshot-username-2007", 4);
    check("https-basichttp-mixed-username", 4);
    check("https-sc-cert", 8);
    check("https-sc-cert-requirederived", 8);
    check("https-rm10-sc-cert", 14);
    check("https-rm10-sc-username", 14);
    check("https-rm11-sc13-username", 14);
    check("https-renew-sc-cert", 12);
    check("https-fault-application", 8);
    check("protection-https-sc-username", 18);
}

#[test]
fn everything_else() {
    let mut count = 0;
    for name in common::names("wcf") {
        let (messages, different) = rebuild(&name);
        assert!(different.is_empty(), "{}", different.join("\n"));
        count += messages;
    }
    assert!(count >= 944, "{count}");
}

/// The comparison itself must see what differs.
#[test]
fn a_difference_is_seen() {
    let scenario = Scenario::wcf("rm10-sc-cert");
    let text = scenario.messages[4].text();
    assert_eq!(difference(text, text, 16), None);
    let changes = [
        ("s:mustUnderstand=\"1\" u:Id=\"_3\"", "u:Id=\"_3\" s:mustUnderstand=\"1\""),
        (
            "<e:DataReference URI=\"#_1\"/><e:DataReference URI=\"#_7\"/>",
            "<e:DataReference URI=\"#_7\"/><e:DataReference URI=\"#_1\"/>",
        ),
        ("<e:CipherValue>qQ", "<e:CipherValue>qR"),
        ("<e:CipherValue>ChpF", "<e:CipherValue>AAAAChpF"),
        ("xmlns:a=", "xmlns:b="),
    ];
    for (from, to) in changes {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        assert!(difference(&changed, text, 16).is_some(), "{from}");
    }
}
