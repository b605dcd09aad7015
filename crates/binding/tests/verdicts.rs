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
      <service name="S"><endpoint address="http://h/a" binding="basicHttpBinding" contract="I" />
        <endpoint address="net.tcp://h/b" binding="netTcpBinding" contract="I" /></service>
      <service name="T"><endpoint address="http://h/c" binding="basicHttpBinding" contract="I" /></service>
      </services></system.serviceModel></configuration>"#;
    let all = verdicts(service);
    let words: Vec<(&str, &str)> = all.iter().map(|(s, v, _)| (s.as_str(), v.as_str())).collect();
    assert_eq!(words, [("S", "cannot run here"), ("S", "cannot run here"), ("T", "runs")]);
    assert!(all[0].2.contains("net.tcp://h/b (netTcpBinding) of the same service"), "{}", all[0].2);
}

#[test]
fn a_base_address_may_come_from_outside() {
    let relative = r#"<configuration><system.serviceModel><services>
      <service name="S"><endpoint address="calc" binding="basicHttpBinding" contract="I" />
        </service></services></system.serviceModel></configuration>"#;
    let loaded = Configuration::load(relative);
    let judged = &loaded.verdicts()[0];
    assert_eq!(judged.verdict, Verdict::Runs { in_code: vec!["a base address"] });
    assert_eq!(judged.address, "calc");
    let tcp = relative.replace("basicHttpBinding", "netTcpBinding");
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
      <endpoint address="http://h/a" binding="basicHttpBinding" contract="I" />
      <endpoint address="http://h/mex" binding="mexHttpBinding" contract="IMetadataExchange" /></service></services>
      <behaviors><serviceBehaviors><behavior name="M"><serviceMetadata /></behavior></serviceBehaviors></behaviors>
      </system.serviceModel></configuration>"#;
    assert_eq!(outcome(mex), Outcome::AllRun);
    assert_eq!(
        outcome(
            &mex.replace("basicHttpBinding", "mexHttpBinding")
                .replace("\"I\"", "\"IMetadataExchange\"")
        ),
        Outcome::NoneRuns
    );
}
