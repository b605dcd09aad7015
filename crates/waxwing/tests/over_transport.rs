//! `TransportWithMessageCredential` as custom bindings spell it out, over a connection that somebody in front of the
//! service would protect (`allowInsecureTransport`): a service and a client, each with its own file and folder.

#![allow(clippy::disallowed_methods)]

mod common;

use std::path::Path;
use std::sync::atomic::Ordering;

use common::*;
use waxwing::{
    ChannelFactory, ConfigurationFile, ServiceHost, ServiceHostBuilder, ServiceInstances,
};

const NEWER: &str =
    "WSSecurity11WSTrust13WSSecureConversation13WSSecurityPolicy12BasicSecurityProfile10";
const OLDER: &str = "WSSecurity11WSTrustFebruary2005WSSecureConversationFebruary2005WSSecurityPolicy11BasicSecurityProfile10";

/// The elements of a custom binding.
#[derive(Clone)]
struct Elements {
    reliable: &'static str,
    security: String,
    encoding: &'static str,
}

impl Elements {
    fn one_shot(mode: &str, version: &str) -> Self {
        Self::of(format!(
            "<security authenticationMode=\"{mode}\" messageSecurityVersion=\"{version}\" allowInsecureTransport=\"true\"/>"
        ))
    }

    fn conversation(mode: &str, version: &str, more: &str) -> Self {
        Self::of(format!(
            "<security authenticationMode=\"SecureConversation\" messageSecurityVersion=\"{version}\" \
             allowInsecureTransport=\"true\" {more}><secureConversationBootstrap authenticationMode=\"{mode}\" \
             messageSecurityVersion=\"{version}\" allowInsecureTransport=\"true\"/></security>"
        ))
    }

    fn of(security: String) -> Self {
        Self { reliable: "", security, encoding: "<textMessageEncoding/>" }
    }

    fn reliable(mut self, newer: bool) -> Self {
        self.reliable = match newer {
            true => "<reliableSession reliableMessagingVersion=\"WSReliableMessaging11\"/>",
            false => "<reliableSession/>",
        };
        self
    }

    fn binding(&self) -> String {
        let Self { reliable, security, encoding } = self;
        format!(
            "<bindings><customBinding><binding name=\"B\" openTimeout=\"00:00:20\" sendTimeout=\"00:00:20\" \
             closeTimeout=\"00:00:10\">{reliable}{security}{encoding}<httpTransport/></binding></customBinding></bindings>"
        )
    }
}

/// A file of either side, in which the bindings are others.
fn file(folder: &Path, name: &str, elements: &Elements) -> ConfigurationFile {
    let path = folder.join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    let (start, rest) = text.split_once("<bindings>").unwrap();
    let (_, end) = rest.split_once("</bindings>").unwrap();
    let start = start.replace("binding=\"wsHttpBinding\"", "binding=\"customBinding\"");
    std::fs::write(&path, format!("{start}{}{end}", elements.binding())).unwrap();
    ConfigurationFile::load(&path).unwrap_or_else(|e| panic!("{e}"))
}

struct Pair {
    host: ServiceHost,
    service: Counting,
    factory: ChannelFactory,
    _folders: [tempfile::TempDir; 2],
}

async fn host(elements: &Elements, folder: &Path) -> Result<(ServiceHost, Counting), String> {
    service_config(&Binding::none(), folder);
    let config = file(folder, "service.config", elements);
    let service = Counting::default();
    let builder =
        ServiceHostBuilder::from_config(&config, "CalculatorService", &CALCULATOR_CONTRACT);
    let host = builder
        .map_err(|e| e.to_string())?
        .user_names(|name: &str, password: Option<&str>| match (name, password) {
            ("alice", Some("secret")) => Ok(()),
            _ => Err("the password is wrong".to_owned()),
        })
        .open(ServiceInstances::single(CalculatorService::new(service.clone())))
        .await;
    Ok((host.map_err(|e| e.to_string())?, service))
}

async fn pair(elements: &Elements, client: &str) -> Pair {
    // The service has no certificate: the connection would have one.
    let folders = [stores("service", "ca", &[]), stores(client, "ca", &[])];
    let (host, service) = host(elements, folders[0].path()).await.unwrap();
    let address = format!("http://{}/calc", host.local_addresses()[0]);
    client_config(&Binding::none(), folders[1].path(), &address, "CN=", "localhost");
    let config = file(folders[1].path(), "client.config", elements);
    let factory = ChannelFactory::from_config(&config, "calc", &CALCULATOR_CONTRACT).unwrap();
    let factory = factory.user_name("alice", "secret");
    Pair { host, service, factory, _folders: folders }
}

async fn call(factory: &ChannelFactory) -> Result<(), String> {
    let channel = factory.open_channel().await.map_err(|e| e.to_string())?;
    let client = CalculatorClient::new(&channel);
    for n in 0..3 {
        match client.add(f64::from(n), 2.0).await {
            Ok(sum) => assert_eq!(sum, f64::from(n) + 2.0),
            Err(error) => {
                channel.abort("the test is over");
                return Err(error.to_string());
            }
        }
    }
    let fault = client.divide(1.0, 0.0).await.unwrap_err().to_string();
    assert!(fault.contains("Division by zero"), "{fault}");
    channel.close().await.map_err(|e| e.to_string())
}

/// Both credentials, both dialects; each message by itself, in sessions, with sequences over either.
#[tokio::test]
async fn every_kind_runs() {
    for mode in ["UserNameOverTransport", "CertificateOverTransport"] {
        for (version, newer) in [(OLDER, false), (NEWER, true)] {
            let cookies = "requireSecurityContextCancellation=\"false\"";
            let kinds = [
                ("alone", Elements::one_shot(mode, version)),
                ("alone, in a sequence", Elements::one_shot(mode, version).reliable(newer)),
                ("in a session", Elements::conversation(mode, version, "")),
                ("in both", Elements::conversation(mode, version, "").reliable(newer)),
                ("by a cookie", Elements::conversation(mode, version, cookies)),
            ];
            for (what, elements) in kinds {
                let pair = pair(&elements, "alice").await;
                call(&pair.factory)
                    .await
                    .unwrap_or_else(|e| panic!("{mode} {version} {what}: {e}"));
                assert!(pair.service.executed.load(Ordering::SeqCst) >= 3, "{mode} {what}");
                let caller = pair.service.caller.lock().unwrap().clone().unwrap_or_default();
                let expected = if mode.starts_with("User") { "alice" } else { "CN=alice; " };
                assert!(caller.starts_with(expected), "{mode} {what}: '{caller}'");
                pair.host.close().await;
            }
        }
    }
}

#[tokio::test]
async fn by_mtom() {
    let mut elements =
        Elements::conversation("CertificateOverTransport", OLDER, "").reliable(false);
    elements.encoding = "<mtomMessageEncoding/>";
    let pair = pair(&elements, "alice").await;
    call(&pair.factory).await.unwrap();
    pair.host.close().await;
}

/// As WCF: the unsecured fault is told with what it says.
#[tokio::test]
async fn who_is_not_accepted_hears_it() {
    let said = "At least one security token in the message could not be validated.";
    for conversation in [false, true] {
        let of = |mode: &str| match conversation {
            false => Elements::one_shot(mode, OLDER),
            true => Elements::conversation(mode, OLDER, "").reliable(false),
        };
        let by_name = pair(&of("UserNameOverTransport"), "alice").await;
        let error = call(&by_name.factory.clone().user_name("alice", "guess")).await.unwrap_err();
        assert!(error.contains("FailedAuthentication") && error.contains(said), "{error}");
        let strangers = pair(&of("CertificateOverTransport"), "mallory").await;
        let error = call(&strangers.factory).await.unwrap_err();
        assert!(error.contains("FailedAuthentication") && error.contains(said), "{error}");
        let executed = [&by_name, &strangers].map(|p| p.service.executed.load(Ordering::SeqCst));
        assert_eq!(executed, [0, 0]);
    }
}

/// A binding that does not say so never goes over a connection that protects nothing.
#[tokio::test]
async fn a_bare_connection_is_allowed_by_name() {
    let bare = Elements::of("<security authenticationMode=\"UserNameOverTransport\"/>".to_owned());
    let folder = stores("service", "ca", &[]);
    let error = host(&bare, folder.path()).await.err().expect("refused");
    let said = "However the transport cannot provide integrity and confidentiality.";
    assert!(error.contains(said) && error.contains("allowInsecureTransport"), "{error}");
    let folder = stores("alice", "ca", &[]);
    client_config(&Binding::none(), folder.path(), "http://127.0.0.1:9/calc", "CN=", "localhost");
    let config = file(folder.path(), "client.config", &bare);
    let factory = ChannelFactory::from_config(&config, "calc", &CALCULATOR_CONTRACT);
    let error = factory.expect_err("refused").to_string();
    assert!(error.contains(said) && error.contains("allowInsecureTransport"), "{error}");
}

/// A pair of `wsHttpBinding` or `ws2007HttpBinding` over real TLS.
async fn over_tls(section: &str, message: &str, reliable: bool) -> Result<String, String> {
    let folders = [stores("service", "ca", &[]), stores("alice", "ca", &[])];
    let binding = format!(
        "<bindings><{section}><binding name=\"B\" openTimeout=\"00:00:20\" sendTimeout=\"00:00:20\">\
         <reliableSession enabled=\"{reliable}\"/><security mode=\"TransportWithMessageCredential\">\
         <message {message}/></security></binding></{section}></bindings>"
    );
    let contract = "Microsoft.ServiceModel.Samples.ICalculator";
    let service_text = format!(
        "<configuration><system.serviceModel><services><service name=\"CalculatorService\" behaviorConfiguration=\"S\">\
         <host><baseAddresses><add baseAddress=\"https://127.0.0.1:0\"/></baseAddresses></host>\
         <endpoint address=\"/calc\" binding=\"{section}\" bindingConfiguration=\"B\" contract=\"{contract}\"/>\
         </service></services>{binding}<behaviors><serviceBehaviors><behavior name=\"S\"><serviceCredentials>\
         <serviceCertificate findValue=\"localhost\" x509FindType=\"FindBySubjectName\" storeName=\"My\" \
         storeLocation=\"LocalMachine\"/><clientCertificate><authentication certificateValidationMode=\"ChainTrust\" \
         revocationMode=\"NoCheck\"/></clientCertificate></serviceCredentials></behavior></serviceBehaviors></behaviors>\
         </system.serviceModel></configuration>"
    );
    let load = |folder: &Path, text: &str| {
        let path = folder.join("file.config");
        std::fs::write(&path, text).unwrap();
        ConfigurationFile::load(&path).unwrap_or_else(|e| panic!("{e}"))
    };
    let config = load(folders[0].path(), &service_text);
    let service = Counting::default();
    let host = ServiceHostBuilder::from_config(&config, "CalculatorService", &CALCULATOR_CONTRACT)
        .map_err(|e| e.to_string())?
        .user_names(|name: &str, password: Option<&str>| match (name, password) {
            ("alice", Some("secret")) => Ok(()),
            _ => Err("the password is wrong".to_owned()),
        })
        .open(ServiceInstances::single(CalculatorService::new(service.clone())))
        .await
        .map_err(|e| e.to_string())?;
    let port = host.local_addresses()[0].port();
    let client_text = format!(
        "<configuration><system.serviceModel><client><endpoint name=\"calc\" address=\"https://localhost:{port}/calc\" \
         binding=\"{section}\" bindingConfiguration=\"B\" behaviorConfiguration=\"C\" contract=\"{contract}\"/></client>\
         {binding}<behaviors><endpointBehaviors><behavior name=\"C\"><clientCredentials><clientCertificate \
         findValue=\"alice\" x509FindType=\"FindBySubjectName\" storeName=\"My\" storeLocation=\"CurrentUser\"/>\
         </clientCredentials></behavior></endpointBehaviors></behaviors></system.serviceModel></configuration>"
    );
    let config = load(folders[1].path(), &client_text);
    let factory = ChannelFactory::from_config(&config, "calc", &CALCULATOR_CONTRACT);
    let factory = factory.map_err(|e| e.to_string())?.user_name("alice", "secret");
    call(&factory).await?;
    host.close().await;
    let caller = service.caller.lock().unwrap().clone();
    Ok(caller.unwrap_or_default())
}

/// `mode="TransportWithMessageCredential"` as files have it, over TLS.
#[tokio::test]
async fn the_mode_runs_over_tls() {
    for section in ["wsHttpBinding", "ws2007HttpBinding"] {
        for (credential, expected) in [("UserName", "alice"), ("Certificate", "CN=alice; ")] {
            for (session, reliable) in [("false", false), ("true", false), ("true", true)] {
                let message = format!(
                    "clientCredentialType=\"{credential}\" establishSecurityContext=\"{session}\""
                );
                let caller = over_tls(section, &message, reliable).await;
                let caller =
                    caller.unwrap_or_else(|e| panic!("{section} {message} {reliable}: {e}"));
                assert!(caller.starts_with(expected), "{section} {message}: '{caller}'");
            }
        }
    }
}

/// TLS ends before the service: what comes over it goes on as it is.
async fn front_end(outside: tokio::net::TcpListener, service: std::net::SocketAddr) {
    use openssl::ssl::{Ssl, SslAcceptor, SslFiletype, SslMethod};
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    acceptor.set_certificate_file(pki().join("service.cert.pem"), SslFiletype::PEM).unwrap();
    acceptor.set_private_key_file(pki().join("service.key.pem"), SslFiletype::PEM).unwrap();
    let acceptor = acceptor.build();
    while let Ok((stream, _)) = outside.accept().await {
        let ssl = Ssl::new(acceptor.context()).unwrap();
        let mut stream = tokio_openssl::SslStream::new(ssl, stream).unwrap();
        tokio::spawn(async move {
            if std::pin::Pin::new(&mut stream).accept().await.is_ok() {
                let mut inside = tokio::net::TcpStream::connect(service).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut inside).await;
            }
        });
    }
}

/// The files of the examples, at free ports: a `wsHttpBinding` at the client, and behind the front end the custom binding that
/// has the same over plain HTTP.
#[tokio::test]
async fn the_example_behind_a_front_end_that_ends_tls() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/https");
    let outside = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = outside.local_addr().unwrap().port();
    let read = |folder: &Path, name: &str| {
        let text = std::fs::read_to_string(examples.join(name)).unwrap();
        assert!(text.contains("//localhost:8443/calculator"), "{name}");
        let text = text.replace(":8443/", &format!(":{port}/"));
        let path = folder.join(name);
        std::fs::write(&path, text.replace(":8000/", ":0/")).unwrap();
        ConfigurationFile::load(&path).unwrap_or_else(|e| panic!("{e}"))
    };
    let folders = [stores("service", "ca", &[]), stores("alice", "ca", &[])];
    let config = read(folders[0].path(), "front-end.service.config");
    let (service, name) = (Counting::default(), "Microsoft.ServiceModel.Samples.CalculatorService");
    let host = ServiceHostBuilder::from_config(&config, name, &CALCULATOR_CONTRACT)
        .unwrap_or_else(|e| panic!("{e}"))
        .user_names(|name: &str, password: Option<&str>| match (name, password) {
            ("alice", Some("secret")) => Ok(()),
            _ => Err("the password is wrong".to_owned()),
        })
        .open(ServiceInstances::single(CalculatorService::new(service.clone())))
        .await
        .unwrap_or_else(|e| panic!("{e}"));
    let front = tokio::spawn(front_end(outside, host.local_addresses()[0]));
    let config = read(folders[1].path(), "user-name.client.config");
    let factory = ChannelFactory::from_config(&config, "*", &CALCULATOR_CONTRACT).unwrap();
    call(&factory.user_name("alice", "secret")).await.unwrap();
    assert_eq!(service.caller.lock().unwrap().as_deref(), Some("alice"));
    host.close().await;
    front.abort();
}
