//! `<node>` and `<store>` of a configuration file.

use std::path::Path;

use waxwing::binding::Configuration;
use waxwing::check::FileCheck;

fn findings(node: &str) -> Vec<String> {
    let all = all_findings(node, true).into_iter();
    all.filter(|(code, _)| code == "node").map(|(_, message)| message).collect()
}

/// Code and message of whatever there is to say of the section.
fn all_findings(section: &str, reliable: bool) -> Vec<(String, String)> {
    let text = format!(
        r#"<configuration><configSections><section name="waxwing" type="System.Configuration.IgnoreSection"/></configSections>
        <system.serviceModel><services><service name="Calc"><endpoint address="http://localhost:1/calc" binding="wsHttpBinding"
        bindingConfiguration="plain" contract="ICalc"/></service></services><bindings><wsHttpBinding><binding name="plain">
        <reliableSession enabled="{reliable}"/><security mode="None"/></binding></wsHttpBinding></bindings></system.serviceModel>
        <waxwing>{section}</waxwing></configuration>"#
    );
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pki");
    let check = FileCheck::of(Configuration::load(&text), &folder, waxwing::jiff::Timestamp::now());
    check.findings().map(|found| (found.code.to_owned(), found.message.clone())).collect()
}

#[test]
fn a_check_tells_what_a_store_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    std::fs::write(&keys, "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n").unwrap();
    let shut = |mode| {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&keys, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    shut(0o600);
    let of = |section: &str, reliable| {
        let mut found = all_findings(section, reliable);
        found.retain(|(code, _)| code.starts_with("store") || code == "node-store");
        found
    };
    let sqlite = r#"<store provider="sqlite" path="a.db"/>"#;
    let postgres = |url: &str, keys: &Path| {
        format!(r#"<store provider="postgres" url="{url}" keyFile="{}"/>"#, keys.display())
    };
    assert_eq!(of("", true), []);
    assert_eq!(of(sqlite, true), []);
    assert_eq!(of(&postgres("postgresql://u@h/d", &keys), true), []);
    let node = r#"<node name="a" address="localhost:1"/>"#;
    let cases = [
        (r#"<store path="a.db"/>"#.to_owned(), "store", "without a provider"),
        (r#"<store maxOctets="1000"/>"#.to_owned(), "store", "maxOctets of <store> says nothing"),
        (r#"<store provider="postgres" url="host=h"/>"#.to_owned(), "store", "needs keys"),
        (postgres("host=h", &folder.path().join("none")), "store-keys", "cannot be read"),
        (postgres("postgresql://u:hunter2@h/d", &keys), "store-password", "has a password"),
        (postgres("host=h password=hunter2", &keys), "store-password", "has a password"),
        (format!("{sqlite}{node}"), "node-store", "of one process"),
        (node.to_owned(), "node-store", "shares with the others"),
    ];
    for (section, code, says) in cases {
        let found = of(&section, true);
        assert!(found.len() == 1 && found[0].0 == code, "{section}: {found:?}");
        let said = &found[0].1;
        assert!(said.contains(says), "{section}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    shut(0o644);
    let found = of(&postgres("host=h", &keys), true);
    assert!(found.len() == 1 && found[0].1.contains("chmod 600"), "{found:?}");
    let found = of(sqlite, false);
    assert!(found.len() == 1 && found[0].0 == "store-unused", "{found:?}");
}

#[test]
fn a_check_tells_what_a_node_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    std::fs::write(&keys, "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n").unwrap();
    let node = |rest: &str| {
        format!(
            r#"<node name="a" address="localhost:7443" names="localhost" certificate="service.cert.pem" key="service.key.pem"
            {rest} keyFile="{}"/>"#,
            keys.display()
        )
    };
    assert!(findings("").is_empty());
    assert!(findings(&node(r#"authorities="ca.cert.pem""#)).is_empty());
    let found = findings(&node(""));
    assert!(found.len() == 1 && found[0].contains("authorities="), "{found:?}");
    let found = findings(&node(r#"authorities="nobody.pem""#));
    assert!(found.len() == 1 && found[0].contains("nobody.pem"), "{found:?}");
    let found = findings(r#"<node address="localhost:1"/>"#);
    assert!(found.len() == 1 && found[0].contains("no name"), "{found:?}");
}
