//! What WCF takes and one file does not show: maps with `<clear/>`, section groups, sections and
//! classes that a file declares, base addresses from outside, sections in files of their own.

use std::collections::BTreeMap;

use waxwing_binding::{Configuration, CustomElement, LoadOptions, Loaded, Scope, Severity};

fn model(inside: &str) -> String {
    format!("<configuration><system.serviceModel>{inside}</system.serviceModel></configuration>")
}

fn as_file(file: &str, text: &str) -> Loaded {
    Configuration::load_with(text, &LoadOptions::named(file))
}

/// Codes of the errors and warnings; notes are left out, and what does nothing here.
fn codes(loaded: &Loaded) -> Vec<(&'static str, &'static str)> {
    let all = loaded.diagnostics.iter();
    let found = all.filter(|d| d.severity != Severity::Note && d.code != "does-nothing");
    found.map(|d| (d.severity.as_str(), d.code)).collect()
}

const PLAIN: &str = r#"<bindings><wsHttpBinding><binding><security mode="None" /></binding></wsHttpBinding></bindings>"#;

fn endpoint(name: &str) -> String {
    format!(
        r#"<endpoint name="{name}" address="http://h/{name}" binding="wsHttpBinding" contract="I" />"#
    )
}

#[test]
fn clear_and_remove_count_in_file_order() {
    let client = |inside: &str| {
        let loaded = Configuration::load(&model(&format!("<client>{inside}</client>{PLAIN}")));
        assert_eq!(codes(&loaded), [], "{inside}");
        let endpoints = loaded.configuration.client.endpoints;
        endpoints.iter().map(|e| e.name.clone()).collect::<Vec<_>>()
    };
    let (a, b) = (endpoint("a"), endpoint("b"));
    assert_eq!(client(&format!("<clear />{a}{b}")), ["a", "b"]);
    assert_eq!(client(&format!("{a}<clear />{b}")), ["b"]);
    assert_eq!(client(&format!(r#"{a}{b}<remove name="a" contract="I" />"#)), ["b"]);
    assert_eq!(client(&format!(r#"<remove name="a" contract="I" />{a}"#)), ["a"]);
    // The same key again is no duplicate after it was removed.
    assert_eq!(client(&format!(r#"{a}<remove name="a" contract="I" />{a}"#)), ["a"]);
}

#[test]
fn every_map_takes_them_and_nothing_else_does() {
    let service = |inside: &str| {
        format!(
            r#"<services><service name="S"><endpoint address="http://h/" binding="wsHttpBinding" contract="I" />{inside}</service></services>{PLAIN}"#
        )
    };
    let credentials = |inside: &str| {
        format!(
            "<behaviors><endpointBehaviors><behavior><clientCredentials><serviceCertificate>{inside}</serviceCertificate></clientCredentials></behavior></endpointBehaviors></behaviors>"
        )
    };
    let maps = [
        "<services><clear /></services>".to_owned(),
        "<bindings><wsHttpBinding><clear /><remove name=\"x\" /></wsHttpBinding></bindings>".to_owned(),
        "<bindings><netNamedPipeBinding><clear /></netNamedPipeBinding></bindings>".to_owned(),
        "<behaviors><serviceBehaviors><clear /><remove name=\"x\" /></serviceBehaviors></behaviors>".to_owned(),
        "<behaviors><endpointBehaviors><clear /></endpointBehaviors></behaviors>".to_owned(),
        "<behaviors><endpointBehaviors><behavior name=\"x\"><clear /><remove name=\"clientVia\" /></behavior></endpointBehaviors></behaviors>".to_owned(),
        "<protocolMapping><clear /><add scheme=\"http\" binding=\"wsHttpBinding\" /></protocolMapping>".to_owned(),
        credentials("<scopedCertificates><clear /><remove targetUri=\"http://h/\" /></scopedCertificates>"),
        service("<remove address=\"x\" binding=\"wsHttpBinding\" contract=\"I\" />"),
    ];
    for map in maps {
        assert_eq!(codes(&Configuration::load(&model(&map))), [], "{map}");
    }
    let refused = [
        (service("<host><baseAddresses><clear /></baseAddresses></host>"), "unknown-element"),
        ("<bindings><clear /></bindings>".to_owned(), "unknown-binding-type"),
        ("<client><clear name=\"x\" /></client>".to_owned(), "unknown-attribute"),
        ("<client><remove address=\"http://h/\" /></client>".to_owned(), "unknown-attribute"),
        ("<services><remove /></services>".to_owned(), "attribute-missing"),
        ("<bindings><customBinding><binding><clear /><httpTransport /></binding></customBinding></bindings>".to_owned(), "unknown-extension"),
    ];
    for (text, code) in refused {
        assert_eq!(codes(&Configuration::load(&model(&text))), [("error", code)], "{text}");
    }
}

#[test]
fn a_behavior_forgets_what_was_cleared() {
    let text = model(
        r#"<behaviors><serviceBehaviors><behavior name="B"><serviceDebug includeExceptionDetailInFaults="true" />
           <serviceThrottling /><remove name="serviceDebug" /></behavior>
           <behavior name="C"><serviceDebug /><clear /><serviceMetadata /></behavior></serviceBehaviors></behaviors>"#,
    );
    let behaviors = Configuration::load(&text).configuration.behaviors.service_behaviors.behaviors;
    assert!(behaviors[0].service_debug.is_none() && behaviors[0].service_throttling.is_some());
    assert!(behaviors[1].service_debug.is_none() && behaviors[1].service_metadata.is_some());
    assert_eq!(behaviors[1].name, "C");
}

#[test]
fn built_in_mappings_are_forgotten_too() {
    let mapped = |inside: &str| {
        let text = model(&format!("<protocolMapping>{inside}</protocolMapping>"));
        let configuration = Configuration::parse(&text).unwrap_or_else(|e| panic!("{e}"));
        let again = Configuration::parse(&configuration.to_xml()).expect("written");
        assert_eq!(again, configuration);
        configuration.protocol_mapping.binding_of("http").map(|(binding, _)| binding)
    };
    let add = r#"<add scheme="http" binding="wsHttpBinding" />"#;
    assert_eq!(mapped("").as_deref(), Some("basicHttpBinding"));
    assert_eq!(mapped("<clear />"), None);
    assert_eq!(mapped(r#"<remove scheme="http" />"#), None);
    assert_eq!(mapped(&format!("{add}<clear />")), None);
    assert_eq!(mapped(&format!("<clear />{add}")).as_deref(), Some("wsHttpBinding"));
}

#[test]
fn groups_and_locations_are_put_together() {
    let (a, b) = (endpoint("a"), endpoint("b"));
    let parts = format!(
        "<configuration><system.serviceModel>{PLAIN}</system.serviceModel>\
         <location path=\".\"><system.serviceModel><client>{a}</client></system.serviceModel></location>\
         <location path=\"sub\"><system.serviceModel><client>{b}</client></system.serviceModel></location>\
         <system.serviceModel /></configuration>"
    );
    let loaded = Configuration::load(&parts);
    assert_eq!(codes(&loaded), [("warning", "location-not-read")]);
    assert_eq!(loaded.client_endpoint("a", "I").expect("opens").address, "http://h/a");
    let twice = format!(
        "<configuration><system.serviceModel>{PLAIN}</system.serviceModel><system.serviceModel>{PLAIN}</system.serviceModel></configuration>"
    );
    assert_eq!(codes(&Configuration::load(&twice)), [("error", "repeated-section")]);
}

#[test]
fn what_a_file_declares_is_known() {
    let declared = r#"<configuration><configSections><section name="system.serviceModels" type="X" />
      <sectionGroup name="system.serviceModel"><section name="domainServices" type="X" /></sectionGroup></configSections>
      <system.serviceModels /><system.serviceModel><domainServices x="1">text</domainServices></system.serviceModel></configuration>"#;
    assert_eq!(codes(&Configuration::load(declared)), []);
    let not = model("<domainServices />");
    assert_eq!(codes(&Configuration::load(&not)), [("error", "unknown-section")]);
    let client = |kind: &str| {
        format!(
            r#"<client><endpoint name="a" kind="{kind}" binding="wsHttpBinding" contract="I" /></client>{PLAIN}"#
        )
    };
    let extensions = r#"<extensions><endpointExtensions><add name="ownEndpoint" type="X" /></endpointExtensions></extensions>"#;
    for kind in ["dynamicEndpoint", "udpDiscoveryEndpoint", "ownEndpoint"] {
        let loaded = Configuration::load(&model(&format!("{extensions}{}", client(kind))));
        assert_eq!(codes(&loaded), [("warning", "not-supported")], "{kind}");
        assert!(loaded.client_endpoint("a", "I").is_err());
    }
    let loaded = Configuration::load(&model(&client("dynamicEndpont")));
    assert_eq!(codes(&loaded), [("error", "unknown-standard-endpoint")]);
    assert_eq!(loaded.diagnostics[0].suggestion.as_deref(), Some("dynamicEndpoint"));
}

#[test]
fn a_class_of_the_program_may_be_the_transport() {
    let file = |elements: &str| {
        model(&format!(
            r#"<extensions><bindingElementExtensions><add name="own" type="X" /><add name="udpTransport" type="X" /></bindingElementExtensions></extensions>
            <bindings><customBinding><binding name="b">{elements}</binding></customBinding></bindings>
            <client><endpoint name="a" address="sb://h/a" binding="customBinding" bindingConfiguration="b" contract="I" /></client>"#
        ))
    };
    for last in ["own", "udpTransport"] {
        let loaded = Configuration::load(&file(&format!("<textMessageEncoding /><{last} />")));
        assert_eq!(codes(&loaded), [("warning", "not-supported")], "{last}");
        let endpoint = loaded.client_endpoint("a", "I").expect("WCF takes it");
        assert!(endpoint.unsupported()[0].feature.contains("a .NET class"), "{last}");
        let written = loaded.configuration.to_xml();
        assert_eq!(Configuration::load(&written).configuration, loaded.configuration);
    }
    let loaded = Configuration::load(&file("<own /><textMessageEncoding />"));
    assert!(codes(&loaded).contains(&("error", "no-transport")));
    let loaded = Configuration::load(&file("<httpTransport /><own />"));
    assert!(codes(&loaded).contains(&("error", "transport-not-last")));
    let waxwing_binding::Binding::Custom(custom) = &loaded.configuration.bindings[0] else {
        panic!()
    };
    assert!(matches!(custom.elements[1], CustomElement::Foreign(_)));
}

#[test]
fn attributes_that_wcf_passes_over_are_told() {
    let text = model(
        r#"<behaviors><serviceBehaviors><behavior nmae="x" returnUnknownExceptionsAsFaults="true"><serviceDebug /></behavior></serviceBehaviors></behaviors>
        <bindings><customBinding><binding name="b" maxBufferSize="1"><httpTransport /></binding></customBinding></bindings>"#,
    );
    let loaded = Configuration::load(&text);
    assert_eq!(codes(&loaded), [("warning", "ignored-attribute"); 3]);
    assert_eq!(loaded.diagnostics[0].suggestion.as_deref(), Some("name"));
    // Elsewhere they are refused.
    let elsewhere = text.replace("<httpTransport />", "<httpTransport nonsense=\"1\" />");
    assert!(codes(&Configuration::load(&elsewhere)).contains(&("error", "unknown-attribute")));
}

const SERVICE: &str = r#"<services><service name="S" behaviorConfiguration="M">{host}
  <endpoint address="calc" binding="wsHttpBinding" contract="I" /></service></services>
  <behaviors><serviceBehaviors><behavior name="M"><serviceMetadata httpGetEnabled="true" httpsGetEnabled="true" /></behavior></serviceBehaviors></behaviors>"#;

fn service(base: &str) -> String {
    let host = match base {
        "" => String::new(),
        base => {
            format!("<host><baseAddresses><add baseAddress=\"{base}\" /></baseAddresses></host>")
        }
    };
    model(&format!("{}{PLAIN}", SERVICE.replace("{host}", &host)))
}

#[test]
fn base_addresses_come_from_the_file_or_from_outside() {
    let given = ["http://outside/s".to_owned()];
    let with = |file: &str, text: &str| {
        let options = LoadOptions::named(file).base_addresses(&given);
        Configuration::load_with(text, &options)
    };
    let address =
        |loaded: &Loaded| loaded.service("S", &[]).map(|s| s.endpoints[0].address.clone());
    // Nothing is known: told, and not opened.
    let loaded = as_file("app.config", &service(""));
    assert_eq!(codes(&loaded), [("warning", "no-base-address")]);
    let refused = address(&loaded).expect_err("no address").to_string();
    assert!(refused.contains("ServiceHostBuilder::base_address"), "{refused}");
    assert_eq!(address(&with("app.config", &service(""))).as_deref(), Ok("http://outside/s/calc"));
    // The file's own; outside goes first.
    let own = service("http://own/s");
    assert_eq!(codes(&as_file("app.config", &own)), []);
    assert_eq!(address(&as_file("app.config", &own)).as_deref(), Ok("http://own/s/calc"));
    assert_eq!(address(&with("app.config", &own)).as_deref(), Ok("http://outside/s/calc"));
    // The file hosts itself, and has the wrong one; IIS would pass over it.
    let wrong = service("net.tcp://own/s");
    assert_eq!(
        codes(&as_file("app.config", &wrong)),
        [("error", "metadata-page-without-address"), ("error", "no-base-address")]
    );
    assert_eq!(codes(&as_file("site/Web.config", &wrong)), [("warning", "no-base-address")]);
    assert_eq!(codes(&with("app.config", &wrong)), []);
    let relative = service("own/s");
    assert_eq!(codes(&as_file("app.config", &relative)), [("error", "relative-base-address")]);
    assert_eq!(
        codes(&as_file("Web.Debug.config", &relative)),
        [("warning", "relative-base-address")]
    );
}

#[test]
fn one_metadata_page_with_an_address_is_enough() {
    let page = |attributes: &str, base: &str| {
        let text =
            service(base).replace(r#"httpGetEnabled="true" httpsGetEnabled="true""#, attributes);
        codes(&as_file("app.config", &text.replace("address=\"calc\"", "address=\"http://h/\"")))
    };
    let none = [("error", "metadata-page-without-address")];
    let both = r#"httpGetEnabled="true" httpsGetEnabled="true""#;
    assert_eq!(page(both, "http://h/s"), []);
    assert_eq!(page(both, "https://h/s"), []);
    assert_eq!(page(both, "net.tcp://h/s"), none);
    assert_eq!(page(r#"httpsGetEnabled="true""#, "http://h/s"), none);
    assert_eq!(page(r#"httpsGetEnabled="true" httpsGetUrl="https://h/x""#, "http://h/s"), []);
    assert_eq!(page(both, ""), [("warning", "metadata-page-without-address")]);
    assert_eq!(page("", ""), []);
}

#[test]
fn a_site_has_parents() {
    let text = model(
        r#"<client><endpoint name="a" address="http://h/" binding="wsHttpBinding" bindingConfiguration="up" behaviorConfiguration="up" contract="I" /></client>"#,
    );
    let severities = |file: &str| {
        as_file(file, &text).diagnostics.iter().map(|d| d.severity).collect::<Vec<_>>()
    };
    assert_eq!(severities("app.config"), [Severity::Error; 2]);
    assert_eq!(severities("web.config"), [Severity::Warning; 2]);
    // Told as a warning, and still never opened with something else.
    assert!(as_file("web.config", &text).client_endpoint("a", "I").is_err());
}

#[test]
fn a_transform_is_told_as_such() {
    let text = r#"<configuration xmlns:t="http://schemas.microsoft.com/XML-Document-Transform"><system.serviceModel><client>
      <endpoint name="a" t:Locator="Match(name)" /></client></system.serviceModel></configuration>"#;
    let loaded = Configuration::load(text);
    assert_eq!(codes(&loaded), [("error", "transform")]);
    assert_eq!(loaded.diagnostics[0].scope, Scope::File);
}

/// Loads with these files beside.
fn beside(text: &str, files: &[(&str, &str)]) -> Loaded {
    let files: BTreeMap<&str, &str> = files.iter().copied().collect();
    let read = |name: &str| {
        files.get(name).map(|text| (*text).to_owned()).ok_or_else(|| "is not there".to_owned())
    };
    Configuration::load_with(text, &LoadOptions::named("app.config").beside(&read))
}

#[test]
fn sections_stand_in_files_of_their_own() {
    let client = format!("<client>{}</client>", endpoint("a"));
    let text = model(&format!(
        r#"{client}<bindings configSource="conf\b.config" /><services configSource="s.config"></services>"#
    ));
    let bindings = "\u{feff}<?xml version=\"1.0\"?>\n<!-- ours -->\n<bindings>\n  <wsHttpBinding>\n    <binding sendTimeout=\"1min\" />\n  </wsHttpBinding>\n</bindings>";
    let services = "<services><service name=\"S\" nonsense=\"1\" /></services>";
    let loaded = beside(&text, &[("conf/b.config", bindings), ("s.config", services)]);
    let found: Vec<_> =
        loaded.diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
    let [timeout, nonsense] = found[..] else { panic!("{found:#?}") };
    assert_eq!(
        (timeout.code, timeout.file.as_deref(), timeout.line, timeout.column),
        ("bad-value", Some("conf/b.config"), 5, 27)
    );
    assert_eq!(timeout.excerpt.text.trim(), "<binding sendTimeout=\"1min\" />");
    assert_eq!(&bindings[timeout.span.start..timeout.span.end], "1min");
    assert!(
        timeout
            .in_file("app.config")
            .to_string()
            .starts_with("conf/b.config:5:27: error[bad-value]")
    );
    assert_eq!((nonsense.code, nonsense.file.as_deref()), ("unknown-attribute", Some("s.config")));
    assert_eq!(
        timeout.scope,
        Scope::Binding { section: "wsHttpBinding".into(), name: String::new() }
    );
    let good = beside(
        &text,
        &[
            ("conf/b.config", &format!("<bindings>{}</bindings>", &PLAIN[10..PLAIN.len() - 11])),
            ("s.config", "<services />"),
        ],
    );
    assert!(good.client_endpoint("a", "I").expect("opens").security.is_none());
}

#[test]
fn a_section_file_is_refused_as_net_refuses_it() {
    let cases = [
        (
            r#"<bindings configSource="b.config" />"#,
            "<client />",
            "must be an element containing the name of the section",
        ),
        (
            r#"<bindings configSource="b.config" x="1" />"#,
            "<bindings />",
            "may contain no other attributes",
        ),
        (
            r#"<bindings configSource="b.config"><wsHttpBinding /></bindings>"#,
            "<bindings />",
            "may contain no other attributes",
        ),
        (
            r#"<bindings configSource="..\b.config" />"#,
            "<bindings />",
            "same directory or in a subdirectory",
        ),
        (
            r#"<bindings configSource="a/b.config" />"#,
            "<bindings />",
            "'/' character is not allowed",
        ),
        (
            r#"<bindings configSource="C:\b.config" />"#,
            "<bindings />",
            "must be a relative physical path",
        ),
        (
            r#"<bindings configSource="nowhere.config" />"#,
            "<bindings />",
            "Unable to open configSource file 'nowhere.config'",
        ),
    ];
    for (section, content, words) in cases {
        let loaded = beside(&model(section), &[("b.config", content)]);
        let [error] = &loaded.diagnostics[..] else { panic!("{:#?}", loaded.diagnostics) };
        assert_eq!((error.code, error.severity), ("config-source", Severity::Error), "{section}");
        assert!(error.wcf_text.as_deref().is_some_and(|t| t.contains(words)), "{error}");
        assert_eq!(error.scope, Scope::File);
    }
    // A mistake in the text of the file itself stands there.
    let loaded = beside(
        &model(r#"<client configSource="b.config" />"#),
        &[("b.config", "<client><endpoint</client>")],
    );
    assert_eq!(loaded.diagnostics[0].file.as_deref(), None);
    assert_eq!(loaded.diagnostics[1].file.as_deref(), Some("b.config"));
    assert!(
        loaded.diagnostics.iter().all(|d| d.scope == Scope::Clients),
        "{:#?}",
        loaded.diagnostics
    );
    // Only sections have it.
    let inner = model(r#"<bindings><wsHttpBinding configSource="b.config" /></bindings>"#);
    assert_eq!(codes(&beside(&inner, &[])), [("error", "unknown-attribute")]);
    let encrypted = model(r#"<client configProtectionProvider="X"><EncryptedData /></client>"#);
    assert_eq!(codes(&beside(&encrypted, &[])), [("error", "encrypted-section")]);
}
