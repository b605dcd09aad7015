//! Bindings, behaviors and endpoints made in code are those that a file gives.

use waxwing_binding::*;

fn read(text: &str) -> Configuration {
    let text =
        format!("<configuration><system.serviceModel>{text}</system.serviceModel></configuration>");
    Configuration::parse(&text).unwrap_or_else(|e| panic!("{e}"))
}

fn read_binding(section: &str, binding: &str) -> Binding {
    let mut configuration = read(&format!("<bindings><{section}>{binding}</{section}></bindings>"));
    configuration.bindings.remove(0)
}

#[test]
fn each_builder_makes_what_its_element_says() {
    for (built, element) in of_web_services().into_iter().chain(of_others()) {
        assert_eq!(built, read_binding(built.section(), element));
        let configuration = Configuration::default().with_binding(built);
        assert_eq!(read_again(&configuration), configuration);
    }
}

/// Bindings whose names begin with `ws`.
fn of_web_services() -> Vec<(Binding, &'static str)> {
    use MessageCredentialType as Credential;
    vec![
        (WsHttpBinding::default().into(), "<binding/>"),
        (
            WsHttpBinding::new(SecurityMode::Message, true)
                .named("b")
                .message_credential(Credential::Certificate)
                .negotiate_service_credential(false)
                .algorithm_suite(AlgorithmSuite::Basic256Sha256)
                .ordered(false)
                .max_received_message_size(1 << 20)
                .text_encoding(TextEncoding::Utf16)
                .open_timeout(TimeSpan::seconds(5))
                .close_timeout(TimeSpan::seconds(6))
                .send_timeout(TimeSpan::INFINITE)
                .receive_timeout(std::time::Duration::from_secs(7200))
                .into(),
            "<binding name=\"b\" openTimeout=\"00:00:05\" closeTimeout=\"00:00:06\" \
             sendTimeout=\"Infinite\" receiveTimeout=\"02:00:00\" maxReceivedMessageSize=\"1048576\" \
             textEncoding=\"utf-16\"><reliableSession enabled=\"true\" ordered=\"false\"/><security>\
             <message clientCredentialType=\"Certificate\" negotiateServiceCredential=\"false\" \
             algorithmSuite=\"Basic256Sha256\"/></security></binding>",
        ),
        (
            Ws2007HttpBinding::new(SecurityMode::None, true)
                .mixed_credential(Credential::UserName)
                .message_encoding(WsMessageEncoding::Mtom)
                .reader_quotas(ReaderQuotas::default().max_depth(64_u32))
                .proxy_address("http://proxy:3128/")
                .into(),
            "<binding messageEncoding=\"Mtom\" proxyAddress=\"http://proxy:3128/\"><readerQuotas \
             maxDepth=\"64\"/><reliableSession enabled=\"true\"/><security \
             mode=\"TransportWithMessageCredential\"><message clientCredentialType=\"UserName\"/>\
             </security></binding>",
        ),
        (
            WsFederationHttpBinding::new(WsFederationHttpSecurityMode::Message, true)
                .issuer(Issuer::default().address("http://sts/"))
                .into(),
            "<binding><reliableSession enabled=\"true\"/><security><message><issuer \
             address=\"http://sts/\"/></message></security></binding>",
        ),
        (
            Ws2007FederationHttpBinding::new(WsFederationHttpSecurityMode::None, false).into(),
            "<binding><security mode=\"None\"/></binding>",
        ),
        (
            WsDualHttpBinding::new(WsDualHttpSecurityMode::None)
                .message_credential(Credential::None)
                .client_base_address("http://localhost:1/".to_owned())
                .into(),
            "<binding clientBaseAddress=\"http://localhost:1/\"><security><message \
             clientCredentialType=\"None\"/></security></binding>",
        ),
    ]
}

/// The other bindings.
fn of_others() -> Vec<(Binding, &'static str)> {
    vec![
        (
            NetTcpBinding::new(SecurityMode::Transport, true)
                .message_credential(MessageCredentialType::Certificate)
                .into(),
            "<binding><reliableSession enabled=\"true\"/><security mode=\"Message\"><message \
             clientCredentialType=\"Certificate\"/></security></binding>",
        ),
        (
            NetHttpBinding::new(BasicHttpSecurityMode::None, true)
                .message_encoding(NetHttpMessageEncoding::Text)
                .into(),
            "<binding messageEncoding=\"Text\"><reliableSession enabled=\"true\"/></binding>",
        ),
        (
            NetHttpsBinding::new(BasicHttpsSecurityMode::TransportWithMessageCredential, false)
                .into(),
            "<binding><security mode=\"TransportWithMessageCredential\"/></binding>",
        ),
        (
            BasicHttpBinding::new(BasicHttpSecurityMode::TransportCredentialOnly).into(),
            "<binding><security mode=\"TransportCredentialOnly\"/></binding>",
        ),
        (BasicHttpsBinding::new(BasicHttpsSecurityMode::Transport).into(), "<binding/>"),
        (
            CustomBinding::default()
                .named("c")
                .element(ReliableSessionElement::default().max_retry_count(20_u32))
                .element(TextMessageEncoding::default())
                .element(HttpTransport::default())
                .into(),
            "<binding name=\"c\"><reliableSession maxRetryCount=\"20\"/><textMessageEncoding/>\
             <httpTransport/></binding>",
        ),
        (MexHttpBinding::default().into(), "<binding/>"),
    ]
}

fn read_again(configuration: &Configuration) -> Configuration {
    let text = configuration.to_xml();
    Configuration::parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn in_code() -> Configuration {
    let alice = CertificateReference::find(
        StoreLocation::CurrentUser,
        StoreName::My,
        X509FindType::FindBySubjectName,
        "alice",
    );
    let authentication =
        ServiceCertificateAuthentication::default().revocation_mode(X509RevocationMode::NoCheck);
    let credentials = ClientCredentials::default()
        .client_certificate(alice)
        .service_certificate(ClientServiceCertificate::default().authentication(authentication));
    Configuration::default()
        .with_binding(
            WsHttpBinding::new(SecurityMode::Message, true)
                .named("SecureReliable")
                .message_credential(MessageCredentialType::Certificate),
        )
        .with_client_endpoint(
            ClientEndpoint::default()
                .name("calc")
                .address("http://localhost:8000/calc".to_owned())
                .binding("wsHttpBinding")
                .binding_configuration("SecureReliable")
                .behavior_configuration("WithCert")
                .contract("Microsoft.ServiceModel.Samples.ICalculator")
                .identity(EndpointIdentity::dns_name("calc-service")),
        )
        .with_endpoint_behavior(EndpointBehavior::named("WithCert").client_credentials(credentials))
        .with_service_behavior(ServiceBehavior::named("s").service_debug(ServiceDebug::default()))
        .with_service(Service::default().name("S").behavior_configuration("s").endpoints(vec![
                ServiceEndpoint::default()
                    .address("http://localhost:8001/")
                    .binding("wsHttpBinding")
                    .binding_configuration("SecureReliable")
                    .contract("IS"),
            ]))
}

#[test]
fn a_whole_file_made_in_code_is_the_sample_file() {
    #[allow(clippy::disallowed_methods, reason = "tests read their data from files")]
    let sample = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/files/seed-client-negotiated.config"
    ))
    .expect("sample");
    let sample = Configuration::parse(&sample).unwrap_or_else(|e| panic!("{e}"));
    let mut built = in_code();
    built.services.services.clear();
    built.behaviors.service_behaviors.behaviors.clear();
    assert_eq!(built, sample);
    assert_eq!(read_again(&in_code()), in_code());
}

#[test]
fn an_endpoint_made_in_code_is_the_one_of_the_file() {
    let configuration = in_code();
    let contract = "Microsoft.ServiceModel.Samples.ICalculator";
    let from_file = configuration.client_endpoint("calc", contract).expect("resolves");
    let behavior = configuration.endpoint_behavior("WithCert").expect("there");
    let in_code = EffectiveEndpoint::client(
        &configuration.bindings[0],
        contract,
        "http://localhost:8000/calc",
        Some(&EndpointIdentity::dns_name("calc-service")),
        behavior.client_credentials.clone().expect("set"),
    )
    .expect("a good binding");
    let named = EffectiveEndpoint {
        name: from_file.name.clone(),
        endpoint_behavior: behavior.clone(),
        ..in_code
    };
    assert_eq!(named, from_file);
    assert_eq!(from_file.missing_credentials(), []);
    assert_eq!(from_file.unsupported(), []);
    assert_eq!(
        from_file.client_certificate().expect("named").criteria(),
        "StoreName 'My', StoreLocation 'CurrentUser', FindType 'FindBySubjectName', FindValue 'alice'"
    );
}

#[test]
fn lookups_fail_in_wcf_s_words() {
    let configuration = in_code();
    let text = |r: Result<EffectiveEndpoint, ResolveError>| r.expect_err("fails").to_string();
    let no_name = text(configuration.client_endpoint("nope", "I"));
    assert!(
        no_name.starts_with("Could not find endpoint element with name 'nope' and contract 'I'")
    );
    let no_contract = text(configuration.client_endpoint("*", "I"));
    assert!(
        no_contract
            .starts_with("Could not find default endpoint element that references contract 'I'")
    );
    let no_service = configuration.service("T", &[]).expect_err("fails").to_string();
    assert!(no_service.starts_with("Service 'T' has zero application"));
    let other = configuration.service("S", &["IT"]).expect_err("fails").to_string();
    assert!(other.starts_with("The contract name 'IS' could not be found"));
    let refused = WsHttpBinding::new(SecurityMode::Transport, true);
    let refusal =
        EffectiveEndpoint::service(&refused.into(), "I", "https://h/", ServiceBehavior::default())
            .expect_err("refused");
    assert_eq!(refusal.code, "reliable-over-https");
}

#[test]
fn throttling_counts_processors_where_nothing_is_set() {
    let set = ServiceThrottling::default().max_concurrent_calls(5_u32);
    let behavior = ServiceBehavior::default().service_throttling(set);
    let throttling = behavior.throttling(4);
    assert_eq!(throttling.max_concurrent_calls, 5);
    assert_eq!(throttling.max_concurrent_sessions, 400);
    assert_eq!(throttling.max_concurrent_instances, 464);
    assert_eq!(ServiceBehavior::default().throttling(0).max_concurrent_calls, 16);
}
