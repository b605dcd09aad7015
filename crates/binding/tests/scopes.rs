//! An error stops what it concerns and nothing else: every kind of place has a scope, and the
//! endpoints outside of it open.

use waxwing_binding::{Configuration, Loaded, ResolveError, Scope, Severity};

/// Two client endpoints and two services, each with a binding and a behavior of its own. `{…}`
/// are the places into which a test puts a mistake.
const FILE: &str = r#"<configuration>
  <system.serviceModel>
    <client{client}>
      <endpoint name="one" address="http://h/1" binding="wsHttpBinding" bindingConfiguration="B1" behaviorConfiguration="E1" contract="IC"{endpoint1} />
      <endpoint name="two" address="http://h/2" binding="wsHttpBinding" bindingConfiguration="B2" behaviorConfiguration="E2" contract="IC" />
    </client>
    <services{services}>
      <service name="S1" behaviorConfiguration="V1"{service1}>
        <endpoint address="http://h/3" binding="wsHttpBinding" bindingConfiguration="B1" contract="IC" />
      </service>
      <service name="S2" behaviorConfiguration="V2">
        <endpoint address="http://h/4" binding="wsHttpBinding" bindingConfiguration="B2" contract="IC"{endpoint4} />
      </service>
    </services>
    <bindings{bindings}>
      <wsHttpBinding>
        <binding name="B1"{binding1}><security mode="None"{security1} /></binding>
        <binding name="B2"><security mode="None" /></binding>
      </wsHttpBinding>
    </bindings>
    <behaviors>
      <serviceBehaviors>
        <behavior name="V1"><serviceDebug{debug1} /></behavior>
        <behavior name="V2" />
      </serviceBehaviors>
      <endpointBehaviors>
        <behavior name="E1"><callbackDebug{callback1} /></behavior>
        <behavior name="E2" />
      </endpointBehaviors>
    </behaviors>
  </system.serviceModel>
  <waxwing><trace{trace} /></waxwing>
</configuration>"#;

const PLACES: &[&str] = &[
    "client",
    "endpoint1",
    "services",
    "service1",
    "endpoint4",
    "bindings",
    "binding1",
    "security1",
    "debug1",
    "callback1",
    "trace",
];

fn with(place: &str, mistake: &str) -> Loaded {
    load(&FILE.replace(&format!("{{{place}}}"), mistake))
}

fn load(text: &str) -> Loaded {
    let empty = |text: String, place: &&str| text.replace(&format!("{{{place}}}"), "");
    Configuration::load(&PLACES.iter().fold(text.to_owned(), empty))
}

/// Which of the two clients and the two services open.
fn opens(loaded: &Loaded) -> Vec<&'static str> {
    let client = |name| loaded.client_endpoint(name, "IC").is_ok();
    let service = |name| loaded.service(name, &[]).is_ok();
    let all = [("one", client("one")), ("two", client("two"))];
    let all = all.into_iter().chain([("S1", service("S1")), ("S2", service("S2"))]);
    all.filter(|(_, opens)| *opens).map(|(name, _)| name).collect()
}

#[test]
fn an_error_stops_what_it_concerns() {
    let binding = Scope::Binding { section: "wsHttpBinding".into(), name: "B1".into() };
    let cases: Vec<(&str, Scope, &[&str])> = vec![
        ("client", Scope::Clients, &["S1", "S2"]),
        (
            "endpoint1",
            Scope::ClientEndpoint { name: "one".into(), contract: "IC".into() },
            &["two", "S1", "S2"],
        ),
        ("services", Scope::Services, &["one", "two"]),
        ("service1", Scope::Service { name: "S1".into() }, &["one", "two", "S2"]),
        ("endpoint4", Scope::Service { name: "S2".into() }, &["one", "two", "S1"]),
        ("bindings", Scope::File, &[]),
        ("binding1", binding.clone(), &["two", "S2"]),
        ("security1", binding, &["two", "S2"]),
        ("debug1", Scope::ServiceBehavior { name: "V1".into() }, &["one", "two", "S2"]),
        ("callback1", Scope::EndpointBehavior { name: "E1".into() }, &["two", "S1", "S2"]),
        ("trace", Scope::File, &[]),
    ];
    assert_eq!(opens(&with("none", "")), ["one", "two", "S1", "S2"]);
    for (place, scope, left) in cases {
        let loaded = with(place, " nonsense=\"1\"");
        let errors: Vec<_> =
            loaded.diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
        let [error] = errors[..] else { panic!("{place}: {errors:#?}") };
        assert_eq!((error.code, &error.scope), ("unknown-attribute", &scope), "{place}");
        assert_eq!(opens(&loaded), left, "{place}");
    }
}

#[test]
fn what_is_stopped_says_why() {
    let loaded = with("binding1", " sendTimeout=\"1min\"");
    let Err(ResolveError::Mistakes(error)) = loaded.client_endpoint("one", "IC") else {
        panic!("opened")
    };
    assert!(error.to_string().contains("1min"), "{error}");
    assert_eq!(loaded.client_endpoint("two", "IC").expect("opens").address, "http://h/2");
}

/// What is refused only when it is opened concerns the same: a combination in a binding.
#[test]
fn a_refused_combination_stops_those_that_use_it() {
    let transport = r#"<reliableSession enabled="true" /><security mode="Transport" />"#;
    let loaded = load(&FILE.replace(r#"<security mode="None"{security1} />"#, transport));
    assert_eq!(opens(&loaded), ["two", "S2"]);
}

/// A behavior that is not there is never taken for none.
#[test]
fn a_missing_behavior_is_not_passed_over() {
    for (from, to) in [
        ("behavior name=\"E1\"", "behavior name=\"E9\""),
        ("behavior name=\"V1\"", "behavior name=\"V9\""),
    ] {
        let configuration = load(&FILE.replace(from, to)).configuration;
        let client = configuration.client_endpoint("one", "IC");
        let service = configuration.service("S1", &[]);
        let missing = [client.err(), service.err()].into_iter().flatten();
        let missing: Vec<_> =
            missing.map(|e| matches!(e, ResolveError::NoBehavior { .. })).collect();
        assert_eq!(missing, [true], "{to}");
    }
}
