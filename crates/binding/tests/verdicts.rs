//! A verdict for each endpoint of each file of `tests/files`, and what decides it.

#![allow(clippy::disallowed_methods, reason = "tests read their data from files")]

use std::fmt::Write as _;
use std::path::Path;

use waxwing_binding::{Configuration, Loaded, Outcome, Role, Verdict, decode};

fn files() -> Vec<(String, Loaded)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files");
    let entries = std::fs::read_dir(folder).expect("tests/files");
    let mut all: Vec<_> = entries
        .map(|entry| {
            let path = entry.expect("entry").path();
            let name = path.file_stem().expect("name").to_string_lossy().into_owned();
            let text = decode(&std::fs::read(&path).expect("read")).expect("text");
            (name, Configuration::load(&text))
        })
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[test]
fn each_endpoint_has_a_verdict() {
    let mut said = String::new();
    for (name, loaded) in files() {
        let verdicts = loaded.verdicts();
        let _ = writeln!(said, "{name}: {:?}", Outcome::of(&verdicts, loaded.has_errors()));
        for judged in verdicts {
            let (verdict, address) = (judged.verdict.as_str(), &judged.address);
            let _ = writeln!(said, "  {} {:?} {address}: {verdict}", judged.role, judged.name);
            if let Verdict::Runs { in_code } = &judged.verdict
                && !in_code.is_empty()
            {
                let _ = writeln!(said, "    in code: {}", in_code.join(", "));
            }
            for reason in judged.verdict.reasons() {
                let _ = writeln!(said, "    {}: {}", reason.code, reason.what);
            }
            let runs = judged.endpoint.as_ref().is_some_and(|e| e.unsupported().is_empty());
            assert!(runs || !judged.verdict.runs(), "{name}: {judged:?}");
        }
    }
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "files-snapshots" }, {
        insta::assert_snapshot!("verdicts", said);
    });
}

fn verdicts(text: &str) -> Vec<(String, String, String)> {
    let loaded = Configuration::load(text);
    let all = loaded.verdicts().into_iter();
    all.map(|judged| {
        let reason = judged.verdict.reasons().first();
        let (verdict, what) = (judged.verdict.as_str().to_owned(), reason.map(|r| r.what.clone()));
        let name = if judged.role == Role::Client { judged.name } else { judged.service };
        (name, verdict, what.unwrap_or_default())
    })
    .collect()
}

const TWO: &str = r#"<configuration><system.serviceModel>
  <client>
    <endpoint name="one" address="http://h/1" binding="wsHttpBinding" bindingConfiguration="Good" contract="I" />
    <endpoint name="two" address="https://h/2" binding="wsHttpBinding" bindingConfiguration="Other" contract="I" />
  </client>
  <bindings><wsHttpBinding>
    <binding name="Good"><security mode="None" /></binding>
    <binding name="Other"><reliableSession enabled="true" /><security mode="Transport" /></binding>
  </wsHttpBinding></bindings>
</system.serviceModel></configuration>"#;

#[test]
fn a_broken_binding_breaks_the_endpoint_that_uses_it() {
    let all = verdicts(TWO);
    assert_eq!((all[0].1.as_str(), all[1].1.as_str()), ("runs", "broken"));
    let loaded = Configuration::load(TWO);
    let reason = loaded.verdicts()[1].verdict.reasons()[0].clone();
    assert_eq!((reason.code, &reason.what[..8]), ("reliable-over-https", "line 8: "));
    assert!(reason.wcf_text.is_some_and(|text| text.contains("WSHttpBinding does not support")));
    let lines: Vec<u32> = loaded.verdicts().iter().map(|judged| judged.line).collect();
    assert_eq!(lines, [3, 4]);
}

#[test]
fn a_service_opens_with_all_its_endpoints_or_none() {
    let service = r#"<configuration><system.serviceModel><services>
      <service name="S"><endpoint address="http://h/a" binding="wsHttpBinding" bindingConfiguration="N" contract="I" />
        <endpoint address="net.tcp://h/b" binding="netTcpBinding" contract="I" /></service>
      <service name="T"><endpoint address="http://h/c" binding="wsHttpBinding" bindingConfiguration="N" contract="I" /></service>
      </services><bindings><wsHttpBinding><binding name="N"><security mode="None" /></binding></wsHttpBinding></bindings></system.serviceModel></configuration>"#;
    let all = verdicts(service);
    let words: Vec<(&str, &str)> = all.iter().map(|(s, v, _)| (s.as_str(), v.as_str())).collect();
    assert_eq!(words, [("S", "cannot run here"), ("S", "cannot run here"), ("T", "runs")]);
    assert!(all[0].2.contains("net.tcp://h/b (netTcpBinding) of the same service"), "{}", all[0].2);
}

#[test]
fn a_base_address_may_come_from_outside() {
    let relative = r#"<configuration><system.serviceModel><services>
      <service name="S"><endpoint address="calc" binding="wsHttpBinding" bindingConfiguration="N" contract="I" />
        </service></services><bindings><wsHttpBinding><binding name="N"><security mode="None" /></binding></wsHttpBinding></bindings></system.serviceModel></configuration>"#;
    let loaded = Configuration::load(relative);
    let judged = &loaded.verdicts()[0];
    assert_eq!(judged.verdict, Verdict::Runs { in_code: vec!["a base address"] });
    assert_eq!(judged.address, "calc");
    let tcp = relative.replace("wsHttpBinding\" bindingConfiguration=\"N\"", "netTcpBinding\"");
    assert!(matches!(Configuration::load(&tcp).verdicts()[0].verdict, Verdict::CannotRun(_)));
}

#[test]
fn classes_of_the_program_s_own_cannot_run_here() {
    let own = r#"<configuration><system.serviceModel>
      <extensions><bindingExtensions><add name="ourBinding" type="Our.Binding, Our" /></bindingExtensions></extensions>
      <client><endpoint name="c" address="http://h/" binding="ourBinding" contract="I" />
        <endpoint name="d" kind="dynamicEndpoint" binding="wsHttpBinding" contract="I" /></client>
      </system.serviceModel></configuration>"#;
    let all = verdicts(own);
    let cannot =
        |name: &str, what: &str| (name.to_owned(), "cannot run here".to_owned(), what.to_owned());
    assert_eq!(all[0], cannot("c", "ourBinding, a .NET class of the program's own"));
    assert_eq!(all[1], cannot("d", "the standard endpoint dynamicEndpoint"));
}

#[test]
fn outcomes_of_files() {
    let outcome = |text: &str| {
        let loaded = Configuration::load(text);
        Outcome::of(&loaded.verdicts(), loaded.has_errors())
    };
    assert_eq!(
        outcome("<configuration><system.serviceModel/></configuration>"),
        Outcome::NoEndpoints
    );
    assert_eq!(outcome(TWO), Outcome::Broken);
    assert_eq!(outcome(&TWO.replace("<reliableSession enabled=\"true\" />", "")), Outcome::SomeRun);
    assert_eq!(
        outcome(&TWO.replace("Transport", "None").replace("https:", "http:")),
        Outcome::AllRun
    );
    let windows = TWO.replace("mode=\"None\"", "mode=\"Message\"").replace("Transport", "Message");
    let windows = windows.replace("https:", "http:");
    assert_eq!(outcome(&windows), Outcome::NoneRuns);
    let mex = r#"<configuration><system.serviceModel><services><service name="S" behaviorConfiguration="M">
      <endpoint address="http://h/a" binding="wsHttpBinding" bindingConfiguration="N" contract="I" />
      <endpoint address="http://h/mex" binding="mexHttpBinding" contract="IMetadataExchange" /></service></services>
      <behaviors><serviceBehaviors><behavior name="M"><serviceMetadata /></behavior></serviceBehaviors></behaviors>
      <bindings><wsHttpBinding><binding name="N"><security mode="None" /></binding></wsHttpBinding></bindings>
      </system.serviceModel></configuration>"#;
    assert_eq!(outcome(mex), Outcome::AllRun);
    assert_eq!(
        outcome(
            &mex.replace("wsHttpBinding\" bindingConfiguration=\"N\"", "mexHttpBinding\"")
                .replace("\"I\"", "\"IMetadataExchange\"")
        ),
        Outcome::NoneRuns
    );
    let asking = r#"<configuration><system.serviceModel><client><endpoint name="m" contract="IMetadataExchange"
      address="net.tcp://localhost:808/s/mex" binding="mexTcpBinding" /></client></system.serviceModel></configuration>"#;
    assert_eq!(outcome(asking), Outcome::AllRun);
}

fn one_client(address: &str, inside: &str, behavior: &str) -> String {
    format!(
        r#"<configuration><system.serviceModel>
      <client><endpoint name="c" {address} binding="wsHttpBinding" bindingConfiguration="B" contract="I" {behavior}/></client>
      <bindings><wsHttpBinding><binding name="B">{inside}</binding></wsHttpBinding></bindings>
      <behaviors><endpointBehaviors><behavior name="V"><clientVia viaUri="http://h/" /></behavior></endpointBehaviors></behaviors>
      </system.serviceModel></configuration>"#
    )
}

#[test]
fn an_endpoint_without_a_place_to_send_to_does_not_simply_run() {
    const NONE: &str = r#"<security mode="None" />"#;
    let judged = |address: &str, behavior: &str| {
        let loaded = Configuration::load(&one_client(address, NONE, behavior));
        assert!(!loaded.has_errors(), "{:?}", loaded.diagnostics);
        (loaded.verdicts()[0].verdict.clone(), loaded)
    };
    let runs = |in_code: &[&'static str]| Verdict::Runs { in_code: in_code.to_vec() };
    assert_eq!(judged(r#"address="http://h/""#, "").0, runs(&[]));
    assert_eq!(judged(r#"address="HTTP://h/""#, "").0, runs(&[]));
    assert_eq!(judged("", "").0, runs(&["an address"]));
    assert_eq!(judged(r#"address="urn:calc""#, "").0, runs(&["a place to send to"]));
    assert_eq!(judged(r#"address="urn:calc""#, r#"behaviorConfiguration="V""#).0, runs(&[]));
    // `http://` was forgotten.
    let (verdict, loaded) = judged(r#"address="localhost:8000/calc""#, "");
    assert!(matches!(verdict, Verdict::Broken(_)), "{verdict:?}");
    let reason = &verdict.reasons()[0];
    assert_eq!(reason.fix.as_deref(), Some("write http://localhost:8000/calc"));
    let told = loaded.diagnostics.iter().find(|d| d.code == "address-without-host").expect("told");
    assert!(
        told.fix
            .as_deref()
            .is_some_and(|fix| fix.starts_with("write http://localhost:8000/calc; or "))
    );
    let with_via = judged(r#"address="localhost:8000/calc""#, r#"behaviorConfiguration="V""#).0;
    assert_eq!(with_via, runs(&[]));
}

/// A misspelled name leaves WCF's default behind, which is Windows: nobody asked for that.
#[test]
fn nothing_follows_from_a_name_that_could_not_be_read() {
    let codes = |inside: &str, behavior: &str| -> Vec<&'static str> {
        let text = one_client(r#"address="http://h/""#, inside, behavior);
        Configuration::load(&text).diagnostics.iter().map(|d| d.code).collect()
    };
    let message = r#"<security><message clientCredentialType="UserName" /></security>"#;
    for (right, wrong, code) in [
        ("clientCredentialType", "clientCredentailType", "unknown-attribute"),
        ("UserName", "username", "bad-value"),
        ("message", "Message", "unknown-element"),
        ("security>", "securty>", "unknown-element"),
    ] {
        let said = codes(&message.replace(right, wrong), "");
        assert!(said.contains(&code) && !said.contains(&"not-supported"), "{wrong}: {said:?}");
    }
    // What nobody misspelled is told in the same run.
    let https = r#"<security mode="Transport"><transport clientCredentialType="Ntlm" /><mesage /></security>"#;
    assert!(codes(https, "").contains(&"not-supported"));
    let certificate = message.replace("UserName", "Certificate");
    let said = codes(&certificate, r#"behaviorConfiguration="v""#);
    assert_eq!(said, ["behavior-missing"]);
    assert!(codes(&certificate, "").contains(&"client-certificate-missing"));
}

#[test]
fn elements_that_cannot_run_are_marked_where_they_stand() {
    let text = r#"<configuration><system.serviceModel>
      <extensions><bindingElementExtensions><add name="own" type="A.B, C" /><add name="ours" type="A.D, C" /></bindingElementExtensions></extensions>
      <client><endpoint name="c" address="http://h/" binding="customBinding" bindingConfiguration="B" contract="I" /></client>
      <bindings><customBinding><binding name="B"><own /><webMessageEncoding /><ours /></binding></customBinding></bindings>
      </system.serviceModel></configuration>"#;
    let loaded = Configuration::load(text);
    let told: Vec<(&str, &str)> = loaded
        .diagnostics
        .iter()
        .filter(|d| d.code == "not-supported")
        .map(|d| (&text[d.span.start..d.span.end], d.fix.as_deref().unwrap_or_default()))
        .collect();
    assert_eq!(
        told,
        [
            ("own", "remove it, if the other side does without"),
            (
                "webMessageEncoding",
                "write <textMessageEncoding /> in its place, if the other side takes SOAP as text"
            ),
            ("ours", "write <httpTransport /> in its place, if the other side takes HTTP"),
        ]
    );
}

/// Without `authorize` such a service does not open, whatever its security.
#[test]
fn who_decides_about_callers_is_given_in_code() {
    let judged = |inside: &str| {
        let text = format!(
            r#"<configuration><system.serviceModel>
            <services><service name="S"><endpoint address="http://h/a" binding="wsHttpBinding" bindingConfiguration="N" contract="I" /></service></services>
            <bindings><wsHttpBinding><binding name="N"><security mode="None" /></binding></wsHttpBinding></bindings>
            <behaviors><serviceBehaviors><behavior>{inside}</behavior></serviceBehaviors></behaviors>
            </system.serviceModel></configuration>"#
        );
        let loaded = Configuration::load(&text);
        let told: Vec<String> = loaded
            .diagnostics
            .iter()
            .map(|d| format!("{}: {} ({:?})", d.code, d.message, d.fix))
            .collect();
        (loaded.verdicts()[0].verdict.clone(), told.join("\n"))
    };
    let needed = vec!["who may do what (ServiceHostBuilder::authorize)"];
    for inside in [
        r#"<serviceAuthorization serviceAuthorizationManagerType="Our.Manager, Our" />"#,
        r#"<serviceAuthorization><authorizationPolicies><add policyType="Our.Policy, Our" /></authorizationPolicies></serviceAuthorization>"#,
    ] {
        let (verdict, told) = judged(inside);
        assert_eq!(verdict, Verdict::Runs { in_code: needed.clone() }, "{inside}");
        assert!(
            told.contains("needs-code") && told.contains("ServiceHostBuilder::authorize"),
            "{told}"
        );
        assert!(!told.contains("does nothing") && !told.contains("remove it"), "{told}");
    }
    let (verdict, _) = judged(r#"<serviceAuthorization principalPermissionMode="None" />"#);
    assert_eq!(verdict, Verdict::Runs { in_code: vec![] });
}

/// What a client's file says of the server's certificate where TLS proves who it is, and what it does not say.
#[test]
fn what_says_nothing_over_https_is_told() {
    let of = |mode: &str, message: &str| {
        let text = format!(
            r#"<configuration><system.serviceModel><client>
      <endpoint name="c" address="https://h/" binding="wsHttpBinding" bindingConfiguration="B" behaviorConfiguration="C"
        contract="I"><identity><dns value="other" /></identity></endpoint></client>
      <bindings><wsHttpBinding><binding name="B"><security mode="{mode}"><transport clientCredentialType="None" />
        <message clientCredentialType="{message}" /></security></binding></wsHttpBinding></bindings>
      <behaviors><endpointBehaviors><behavior name="C"><clientCredentials><serviceCertificate>
        <authentication trustedStoreLocation="LocalMachine" />
        <sslCertificateAuthentication certificateValidationMode="None" />
        </serviceCertificate></clientCredentials></behavior></endpointBehaviors></behaviors>
      </system.serviceModel></configuration>"#
        );
        let loaded = Configuration::load(&text);
        loaded.diagnostics.iter().map(|d| d.code).collect::<Vec<_>>()
    };
    for mode in ["Transport", "TransportWithMessageCredential"] {
        let found = of(mode, "UserName");
        let nothing = found.iter().filter(|code| **code == "does-nothing").count();
        assert_eq!((nothing, found.contains(&"host-not-checked")), (2, true), "{mode}: {found:?}");
    }
    // What follows from a default in place of a wrong value is nobody's wish.
    for (mode, message) in
        [("TransportWithMessageCredentail", "UserName"), ("TransportWithMessageCredential", "None")]
    {
        let found = of(mode, message);
        assert!(!found.contains(&"revocation-online"), "{mode} {message}: {found:?}");
    }
}
