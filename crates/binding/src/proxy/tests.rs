use std::net::IpAddr;

use super::*;
use crate::config::net::{ProxyBypass, ProxyBypassList, ProxyElement, ProxyModule};
use crate::{Binding, Configuration, ResolveError, SecurityMode, Severity, WsHttpBinding};

fn environment(variables: &[(&str, &str)]) -> ProxyEnvironment {
    ProxyEnvironment::read(|name| {
        let found = variables.iter().find(|(own, _)| *own == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

const ONES: &[(&str, &str)] = &[
    ("HTTP_PROXY", "http://plain:1"),
    ("HTTPS_PROXY", "http://tls:2"),
    ("NO_PROXY", "excepted.example, 10.0.0.0/8"),
];

/// `http://proxy:1 (why)`, or why there is none.
fn told(settings: &ProxySettings, variables: &[(&str, &str)], to: &str) -> String {
    let own: IpAddr = "192.0.2.7".parse().unwrap();
    let rules = ProxyRules::of(settings, &environment(variables));
    match rules.and_then(|rules| rules.route(to, &|ip| ip == own)) {
        Ok(route) => route.to_string(),
        Err(why) => format!("refused: {why}"),
    }
}

fn default_of(default: DefaultProxy) -> ProxySettings {
    ProxySettings { default: Some(default), ..ProxySettings::default() }
}

#[test]
fn a_proxy_that_the_binding_names() {
    let mut settings = ProxySettings {
        address: Some("http://proxy:3128".into()),
        use_default: false,
        ..ProxySettings::default()
    };
    let through = "through the proxy http://proxy:3128: proxyAddress of the binding";
    for to in ["http://host/", "http://localhost/", "https://a.example/", "http://192.0.2.7/"] {
        assert_eq!(told(&settings, ONES, to), through, "{to}");
    }
    settings.bypass_on_local = true;
    for to in [
        "http://host/",
        "http://LOCALHOST:80/",
        "http://127.1.2.3/",
        "http://[::1]/",
        "https://192.0.2.7/",
    ] {
        assert!(
            told(&settings, ONES, to).starts_with("through no proxy: the host is local"),
            "{to}"
        );
    }
    for to in ["http://a.example/", "http://192.0.2.8/", "https://host.local/"] {
        assert_eq!(told(&settings, ONES, to), through, "{to}");
    }
    settings.address = Some("http://me:secret@/".into());
    let refused = told(&settings, ONES, "http://a.example/");
    assert_eq!(refused, "refused: proxyAddress of the binding names no proxy: it has no host");
    settings.address = None;
    assert!(told(&settings, ONES, "http://a.example/").contains("useDefaultWebProxy is false"));
}

#[test]
fn proxies_of_the_environment() {
    let default = ProxySettings::default();
    let to = |variables, to| told(&default, variables, to);
    assert!(to(&[], "http://a.example/").contains("no variable of the environment"));
    assert_eq!(
        to(ONES, "http://a.example/"),
        "through the proxy http://plain:1: HTTP_PROXY of the environment"
    );
    assert_eq!(
        to(ONES, "https://a.example/"),
        "through the proxy http://tls:2: HTTPS_PROXY of the environment"
    );
    assert!(to(ONES, "https://b.excepted.example/").contains("NO_PROXY of the environment"));
    assert!(to(ONES, "http://10.1.1.1/").contains("NO_PROXY of the environment"));
    for own in
        ["http://localhost/", "http://127.0.0.9:81/", "https://[::1]/", "http://a.localhost/"]
    {
        assert!(to(ONES, own).contains("through no proxy: the host is this machine"), "{own}");
    }
    let small = &[("http_proxy", "small:1"), ("no_proxy", "b.example"), ("HTTP_PROXY", " ")];
    assert!(to(small, "http://a.example/").contains("http://small:1: http_proxy"));
    assert!(to(small, "http://b.example/").contains("no_proxy of the environment"));
    let all = &[("ALL_PROXY", "all:1"), ("HTTPS_PROXY", "tls:2")];
    assert!(to(all, "http://a.example/").contains("ALL_PROXY"));
    assert!(to(all, "https://a.example/").contains("HTTPS_PROXY"));
    // Whoever asks a CGI program sets HTTP_PROXY by a header `Proxy`.
    let cgi = &[
        ("REQUEST_METHOD", "POST"),
        ("HTTP_PROXY", "evil:1"),
        ("http_proxy", "evil:1"),
        ("HTTPS_PROXY", "tls:2"),
    ];
    assert!(to(cgi, "http://a.example/").contains("through no proxy"));
    assert!(to(cgi, "https://a.example/").contains("http://tls:2"));
    let bad = &[("HTTP_PROXY", "socks5://me:secret@s:1")];
    let refused = to(bad, "http://a.example/");
    assert!(
        refused.contains("HTTP_PROXY") && refused.contains("SOCKS") && !refused.contains("secret"),
        "{refused}"
    );
    // What concerns another scheme stops nobody.
    assert!(to(bad, "https://a.example/").contains("through no proxy"));
    let debug = format!("{:?}", environment(bad));
    assert_eq!(debug, "{\"HTTP_PROXY\"}");
}

#[test]
fn default_proxy_of_the_file() {
    let proxy = ProxyElement::default().proxy_address("http://file:8".to_owned());
    let named = DefaultProxy::default().proxy(proxy.clone());
    let through = "through the proxy http://file:8: <defaultProxy> of the configuration file";
    assert_eq!(told(&default_of(named.clone()), ONES, "https://a.example/"), through);
    assert_eq!(told(&default_of(named.clone()), ONES, "http://host/"), through);
    let local = named.clone().proxy(proxy.clone().bypass_on_local(ProxySetting::True));
    assert!(
        told(&default_of(local), ONES, "http://host/").contains("bypassonlocal of <defaultProxy>")
    );
    assert!(
        told(&default_of(named.clone().enabled(false)), ONES, "http://host/")
            .contains("not enabled")
    );
    // The binding's own word goes before it.
    let own = ProxySettings { use_default: false, ..default_of(named.clone()) };
    assert!(told(&own, ONES, "http://host/").contains("useDefaultWebProxy is false"));
    // What says nothing leaves it to the system; what says no does not.
    let by_system =
        |proxy| told(&default_of(DefaultProxy::default().proxy(proxy)), ONES, "http://host/");
    assert!(by_system(ProxyElement::default()).contains("HTTP_PROXY"));
    assert!(
        by_system(ProxyElement::default().use_system_default(ProxySetting::True))
            .contains("HTTP_PROXY")
    );
    let no = ProxyElement::default().use_system_default(ProxySetting::False);
    assert!(by_system(no).contains("names no proxy"));
    assert!(
        by_system(ProxyElement::default().bypass_on_local(ProxySetting::False))
            .contains("names no proxy")
    );
    let module = named.module(ProxyModule::default().class("A.B, C".to_owned()));
    assert!(
        told(&default_of(module), ONES, "http://host/")
            .starts_with("refused: <defaultProxy> leaves")
    );
}

fn bypassing(expressions: &[&str]) -> ProxySettings {
    let add = expressions.iter().map(|text| ProxyBypass::default().address((*text).to_owned()));
    let proxy = ProxyElement::default().proxy_address("http://file:8".to_owned());
    let list = ProxyBypassList::default().add(add.collect::<Vec<_>>());
    default_of(DefaultProxy::default().proxy(proxy).bypass_list(list))
}

#[test]
fn expressions_of_the_bypass_list() {
    for (expression, to) in [
        (r"[a-z]+\.contoso\.com", "http://Foo.Contoso.com/x"),
        (r"^https://.*\.contoso\.com$", "https://a.contoso.com/"),
        (r"192\.168\.\d{1,3}\.\d{1,3}", "http://192.168.10.200/"),
        (r"^http://h:8080$", "http://h:8080/path?query"),
        (r"^http://h$", "http://h:80/"),
        (r"\[::1\]", "http://[::1]/"),
    ] {
        let told = told(&bypassing(&["^nothing$", expression]), &[], to);
        assert!(told.contains("<bypasslist>"), "{expression}: {told}");
    }
    for (expression, to) in [
        (r"contoso\.com", "http://other.com/contoso.com"),
        (r"^http://h$", "https://h/"),
        (r"^http://h$", "http://h:8080/"),
    ] {
        let told = told(&bypassing(&[expression]), &[], to);
        assert!(told.starts_with("through the proxy"), "{expression}: {told}");
    }
    for bad in ["(", "(?=x)", r"(a)\1", "(((((a{1000}){1000}){1000}))"] {
        let told = told(&bypassing(&[bad]), &[], "http://h/");
        assert!(told.starts_with("refused: the expression"), "{bad}: {told}");
    }
}

/// An expression that takes a backtracking matcher years for a host that whoever redirects us chooses.
#[test]
fn no_expression_takes_long() {
    let settings = bypassing(&["^(a+)+$", "(a|aa)+$", "(.*a){20}b"]);
    let host = format!("http://{}!/", "a".repeat(5000));
    assert!(told(&settings, &[], &host).starts_with("through the proxy"));
}

fn client(binding: &str, net: &str) -> String {
    format!(
        "<configuration>{net}<system.serviceModel><bindings><wsHttpBinding><binding name=\"B\" {binding}><security mode=\"None\"/></binding>\
         </wsHttpBinding></bindings><client><endpoint name=\"e\" address=\"http://a.example/\" binding=\"wsHttpBinding\" \
         bindingConfiguration=\"B\" contract=\"I\"/></client></system.serviceModel></configuration>"
    )
}

#[test]
fn a_file_with_a_default_proxy() {
    let net = "<system.net><mailSettings><smtp/></mailSettings><defaultProxy useDefaultCredentials=\"true\"><proxy \
               usesystemdefault=\"true\" proxyaddress=\"http://file:8\" bypassonlocal=\"True\" scriptLocation=\"http://x/pac\"/>\
               <bypasslist><add address=\"old\"/><clear/><add address=\"b\\.example\"/><add address=\"(?!x)\"/>\
               <add address=\"c\"/><remove address=\"c\"/></bypasslist></defaultProxy></system.net>";
    let loaded = Configuration::load(&client("", net));
    assert!(!loaded.has_errors(), "{:?}", loaded.diagnostics);
    let mut codes: Vec<_> = loaded.diagnostics.iter().map(|d| (d.code, d.severity)).collect();
    codes.sort_by_key(|(code, _)| *code);
    assert_eq!(
        codes,
        [
            ("bypass-expression", Severity::Warning),
            ("does-nothing", Severity::Note),
            ("does-nothing", Severity::Warning)
        ]
    );
    let default = loaded.configuration.net.default_proxy.as_ref().expect("read");
    let addresses: Vec<_> =
        default.bypass_list.add.iter().map(|add| add.address.as_str()).collect();
    assert_eq!(addresses, ["b\\.example", "(?!x)"]);
    let endpoint = loaded.client_endpoint("e", "I").expect("good");
    assert_eq!(endpoint.transport.proxy.default.as_ref(), Some(default));
    let again = Configuration::parse(&loaded.configuration.to_xml()).expect("written");
    assert_eq!(again, loaded.configuration);
    let twice = Configuration::load(&client("", "<system.net/><system.net/>"));
    assert_eq!(twice.diagnostics[0].code, "repeated-section");
    let wrong =
        "<system.net><defaultProxy><proxy bypasOnLocal=\"True\"/></defaultProxy></system.net>";
    assert!(Configuration::load(&client("", wrong)).has_errors());
}

/// What is nearly `<defaultProxy>` is not passed over as what is not about proxies.
#[test]
fn a_misspelt_default_proxy_is_told() {
    for (net, meant) in [
        ("<system.net><defaultproxy/></system.net>", "defaultProxy"),
        ("<system.net><defaultPorxy/></system.net>", "defaultProxy"),
        ("<System.net><defaultProxy/></System.net>", "system.net"),
        ("<system.Net><defaultProxy/></system.Net>", "system.net"),
    ] {
        let loaded = Configuration::load(&client("", net));
        let told: Vec<_> = loaded.diagnostics.iter().map(|d| (d.code, d.severity)).collect();
        assert_eq!(told, [("unknown-section", Severity::Error)], "{net}");
        assert_eq!(loaded.diagnostics[0].suggestion.as_deref(), Some(meant), "{net}");
    }
    let others = "<system.net><connectionManagement/><settings/><requestCaching/></system.net><system.web/>\
                  <system.diagnostics/><system.webServer/>";
    assert_eq!(Configuration::load(&client("", others)).diagnostics, []);
}

/// A proxy that cannot be used is told where it is named, without its password.
#[test]
fn a_proxy_that_cannot_be_used_is_told_where_it_is_named() {
    let of_binding = "proxyAddress=\"socks5://me:secret@p:1080\" useDefaultWebProxy=\"false\"";
    let net = "<system.net><defaultProxy><proxy proxyaddress=\"ftp://me:secret@p\"/></defaultProxy></system.net>";
    for file in [client(of_binding, ""), client("", net)] {
        let loaded = Configuration::load(&file);
        let [told] = &loaded.diagnostics[..] else { panic!("{:?}", loaded.diagnostics) };
        assert_eq!((told.code, told.severity, told.line), ("proxy-address", Severity::Warning, 1));
        assert!(told.fix.as_deref().is_some_and(|fix| fix.contains("http://proxy:3128")));
        assert!(!told.message.contains("secret"), "{}", told.message);
    }
    assert_eq!(
        Configuration::load(&client(&of_binding.replace("socks5", "http"), "")).diagnostics,
        []
    );
}

/// An empty expression is in every address, and would take every host past the proxy.
#[test]
fn an_empty_expression_is_a_mistake() {
    for add in ["<add/>", "<add address=\"\"/>"] {
        let net = format!(
            "<system.net><defaultProxy><bypasslist>{add}</bypasslist></defaultProxy></system.net>"
        );
        let loaded = Configuration::load(&client("", &net));
        let told: Vec<_> = loaded.diagnostics.iter().map(|d| (d.code, d.severity)).collect();
        assert_eq!(told, [("attribute-missing", Severity::Error)], "{add}");
    }
}

/// Passwords in addresses are none that anybody logs in with.
#[test]
fn users_in_addresses_are_told() {
    let text = client("", "").replace("http://a.example/", "http://me:secret@a.example/");
    let loaded = Configuration::load(&text);
    let [told] = &loaded.diagnostics[..] else { panic!("{:?}", loaded.diagnostics) };
    assert_eq!((told.code, told.severity), ("address-user-info", Severity::Warning));
    assert!(!told.message.contains("secret"), "{}", told.message);
    for (base, part) in [
        ("http://me:secret@h/", "user info section"),
        ("http://h/?x", "query string"),
        ("http://h/#x", "fragment"),
    ] {
        let services = format!(
            "<services><service name=\"S\"><host><baseAddresses><add baseAddress=\"{base}\"/></baseAddresses></host>\
             <endpoint address=\"x\" binding=\"wsHttpBinding\" bindingConfiguration=\"B\" contract=\"I\"/></service></services>"
        );
        let text = client("", "").replace("<client>", &format!("{services}<client>"));
        let loaded = Configuration::load(&text);
        let [told] = &loaded.diagnostics[..] else { panic!("{:?}", loaded.diagnostics) };
        assert_eq!((told.code, told.severity), ("base-address-part", Severity::Error));
        let wcf = format!("A base address cannot contain a Uri {part}.");
        assert_eq!(told.wcf_text.as_deref(), Some(&*wcf));
    }
}

/// Pitfall 17 of the facts; a service with the same binding opens.
#[test]
fn two_proxies_are_one_too_many() {
    const WCF: &str = "You cannot specify an explicit Proxy Address as well as UseDefaultWebProxy=true in your HTTP Transport \
                       Binding Element.";
    let loaded = Configuration::load(&client("proxyAddress=\"http://p:1\"", ""));
    let error = loaded.diagnostics.iter().find(|d| d.severity == Severity::Error).expect("told");
    assert_eq!((error.code, error.line), ("proxy-and-default-proxy", 1));
    assert!(error.wcf_text.as_deref().is_some_and(|text| text.contains(WCF)));
    assert!(matches!(loaded.client_endpoint("e", "I"), Err(ResolveError::Mistakes(_))));
    let refused = loaded.configuration.client_endpoint("e", "I").expect_err("refused");
    assert!(refused.to_string().contains(WCF), "{refused}");
    let binding =
        Binding::from(WsHttpBinding::new(SecurityMode::None, false).proxy_address("http://p:1"));
    assert_eq!(binding.refusals(), []);
    let file = client(
        "proxyAddress=\"http://p:1\" useDefaultWebProxy=\"false\" bypassProxyOnLocal=\"true\"",
        "",
    );
    let loaded = Configuration::load(&file);
    assert_eq!(loaded.diagnostics, []);
    let proxy = &loaded.client_endpoint("e", "I").expect("good").transport.proxy;
    assert!(proxy.bypass_on_local && !proxy.use_default);
    let explained = loaded.configuration.explain();
    let text = explained[0].to_string();
    assert!(text.contains("through the proxy http://p:1: proxyAddress of the binding"), "{text}");
}

#[test]
fn an_explanation_tells_the_proxy() {
    let configuration = Configuration::load(&client("", "")).configuration;
    let quiet = configuration.explain()[0].to_string();
    assert!(!quiet.contains("proxy"), "{quiet}");
    let here = configuration.explain_in(Some(&environment(ONES)))[0].to_string();
    assert!(
        here.contains("through the proxy http://plain:1: HTTP_PROXY of the environment"),
        "{here}"
    );
    let nowhere = configuration.explain_in(Some(&environment(&[])))[0].to_string();
    assert!(nowhere.contains("through no proxy: no variable"), "{nowhere}");
    let bad =
        configuration.explain_in(Some(&environment(&[("ALL_PROXY", "socks://x")])))[0].to_string();
    assert!(bad.contains("the proxy cannot be used"), "{bad}");
}

#[test]
fn authentication_to_a_proxy() {
    let custom = |attributes: &str| {
        let text = format!(
            "<configuration><system.serviceModel><bindings><customBinding><binding name=\"B\"><textMessageEncoding/><httpTransport \
             useDefaultWebProxy=\"false\" {attributes}/></binding></customBinding></bindings><client><endpoint name=\"e\" \
             address=\"http://a.example/\" binding=\"customBinding\" bindingConfiguration=\"B\" contract=\"I\"/></client>\
             </system.serviceModel></configuration>"
        );
        Configuration::load(&text)
    };
    let two = custom("proxyAuthenticationScheme=\"Basic, Digest\"");
    let error = two.diagnostics.iter().find(|d| d.severity == Severity::Error).expect("told");
    assert!(
        error
            .wcf_text
            .as_deref()
            .is_some_and(|text| text.contains("supports specification of exactly one"))
    );
    let unsupported = |file: &str| {
        let loaded = custom(file);
        let endpoint = loaded.client_endpoint("e", "I").expect("WCF takes it");
        endpoint.unsupported().first().map(ToString::to_string)
    };
    let ntlm = unsupported("proxyAddress=\"http://p:1\" proxyAuthenticationScheme=\"Ntlm\"");
    assert!(ntlm.as_deref().is_some_and(|text| text.contains("Ntlm")), "{ntlm:?}");
    // There may be no proxy at all.
    assert_eq!(unsupported("proxyAuthenticationScheme=\"Ntlm\""), None);
    assert_eq!(
        unsupported("proxyAddress=\"http://p:1\" proxyAuthenticationScheme=\"Basic\""),
        None
    );
}

/// A client does not open with an expression that cannot be used, unless it does not go by the list.
#[test]
fn an_expression_that_cannot_be_used() {
    let of = |binding: &str, enabled: &str, text: &str| {
        let net = format!(
            "<system.net><defaultProxy enabled=\"{enabled}\"><proxy proxyaddress=\"http://p:8\"/><bypasslist>\
             <add address=\"{text}\"/></bypasslist></defaultProxy></system.net>"
        );
        Configuration::load(&client(binding, &net))
    };
    for (text, wanted) in [
        ("*.example", "write \".*\\.example\""),
        ("*(a)", "write \".*\" for \"*\""),
        ("(?!x)", "without look-around"),
    ] {
        let loaded = of("", "true", text);
        let verdict = &loaded.verdicts()[0].verdict;
        let settings = loaded.client_endpoint("e", "I").expect("good").transport.proxy;
        assert!(ProxyRules::of(&settings, &ProxyEnvironment::default()).is_err(), "{text}");
        let [reason] = verdict.reasons() else { panic!("{text}: {verdict:?}") };
        assert_eq!((verdict.as_str(), reason.code), ("cannot run here", "bypass-expression"));
        assert!(reason.fix.as_ref().unwrap().contains(wanted), "{:?}", reason.fix);
        assert!(loaded.diagnostics[0].fix.as_ref().unwrap().contains(wanted), "{text}");
        for (binding, enabled) in [("useDefaultWebProxy=\"false\"", "true"), ("", "false")] {
            let loaded = of(binding, enabled, text);
            assert!(loaded.verdicts()[0].verdict.runs(), "{text} {binding} {enabled}");
        }
    }
    assert!(of("", "true", ".*\\.example").verdicts()[0].verdict.runs());
}
