//! Passwords as digest, for peers that are not WCF: by name at either end, over both kinds of protection, with stores that
//! block and that wait.

#![allow(clippy::disallowed_methods)]

mod common;

use std::path::Path;

use common::*;
use waxwing::check::FileCheck;
use waxwing::crypto::Certificate;
use waxwing::security::{PasswordType, Zeroizing};
use waxwing::{
    ChannelFactory, ConfigurationFile, ServiceHost, ServiceHostBuilder, ServiceInstances,
};

type Kept = Result<Option<Zeroizing<String>>, String>;

fn password(name: &str) -> Kept {
    match name {
        "alice" => Ok(Some(Zeroizing::new("secret".to_owned()))),
        "broken" => Err("the database is away".to_owned()),
        _ => Ok(None),
    }
}

const KINDS: [&str; 2] = [
    "<security authenticationMode=\"UserNameOverTransport\" allowInsecureTransport=\"true\"/>",
    "<security authenticationMode=\"SecureConversation\"><secureConversationBootstrap \
     authenticationMode=\"UserNameForCertificate\"/></security>",
];

/// A file of either side with this security, and with this in the section `<waxwing>`.
fn file(folder: &Path, name: &str, security: &str, more: &str) -> ConfigurationFile {
    let path = folder.join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    let (start, rest) = text.split_once("<bindings>").unwrap();
    let (_, end) = rest.split_once("</bindings>").unwrap();
    let start = start.replace("binding=\"wsHttpBinding\"", "binding=\"customBinding\"");
    let end = match end.contains("<waxwing>") {
        true => end.replace("<waxwing>", &format!("<waxwing>{more}")),
        false => {
            end.replace("</configuration>", &format!("<waxwing>{more}</waxwing></configuration>"))
        }
    };
    let bindings = format!(
        "<bindings><customBinding><binding name=\"B\" openTimeout=\"00:00:20\" sendTimeout=\"00:00:20\" \
         closeTimeout=\"00:00:10\"><reliableSession/>{security}<textMessageEncoding/><httpTransport/></binding></customBinding>\
         </bindings>"
    );
    std::fs::write(&path, format!("{start}{bindings}{end}")).unwrap();
    ConfigurationFile::load(&path).unwrap_or_else(|e| panic!("{e}"))
}

struct Pair {
    host: ServiceHost,
    file: ConfigurationFile,
    folders: [tempfile::TempDir; 2],
}

async fn pair(
    security: &str,
    more: &str,
    set_up: impl FnOnce(ServiceHostBuilder) -> ServiceHostBuilder,
) -> Pair {
    let folders = [stores("service", "ca", &["service"]), stores("alice", "ca", &["service"])];
    service_config(&Binding::none(), folders[0].path());
    let config = file(folders[0].path(), "service.config", security, "");
    let builder =
        ServiceHostBuilder::from_config(&config, "CalculatorService", &CALCULATOR_CONTRACT);
    let service = ServiceInstances::single(CalculatorService::new(Counting::default()));
    let host = set_up(builder.unwrap()).open(service).await.unwrap();
    let address = format!("http://{}/calc", host.local_addresses()[0]);
    client_config(&Binding::none(), folders[1].path(), &address, "CN=alice", "localhost");
    let file = file(folders[1].path(), "client.config", security, more);
    Pair { host, file, folders }
}

impl Pair {
    fn factory(&self) -> ChannelFactory {
        let pem = std::fs::read(pki().join("service.cert.pem")).unwrap();
        ChannelFactory::from_config(&self.file, "calc", &CALCULATOR_CONTRACT)
            .unwrap()
            .service_certificate(Certificate::from_pem(&pem).unwrap().remove(0))
    }
}

async fn call(factory: ChannelFactory) -> Result<(), String> {
    let channel = factory.open_channel().await.map_err(|e| e.to_string())?;
    let sum = CalculatorClient::new(&channel).add(1.0, 2.0).await;
    match sum {
        Ok(sum) => assert_eq!(sum, 3.0),
        Err(error) => {
            channel.abort("the test is over");
            return Err(error.to_string());
        }
    }
    channel.close().await.map_err(|e| e.to_string())
}

const DIGEST: &str = "<userName passwordType=\"PasswordDigest\"/>";

#[tokio::test]
async fn it_runs_by_name() {
    for security in KINDS {
        for waits in [false, true] {
            let pair = pair(security, DIGEST, |builder| match waits {
                false => builder.password_store(password),
                true => builder.password_store_async(|name: String| async move {
                    tokio::task::yield_now().await;
                    password(&name)
                }),
            })
            .await;
            let factory = || pair.factory();
            call(factory().user_name("alice", "secret")).await.unwrap();
            for (name, word) in
                [("alice", "wrong"), ("bob", "secret"), ("bob", ""), ("broken", "secret")]
            {
                let refused = call(factory().user_name(name, word)).await.unwrap_err();
                assert!(!refused.contains("database"), "{refused}");
            }
            // What code says goes before the file.
            let clear = factory().user_name("alice", "secret").password_type(PasswordType::Text);
            call(clear).await.unwrap_err();
            pair.host.close().await;
        }
    }
}

/// A service that nobody has told takes passwords in clear alone, and a client that nobody has told shows them so.
#[tokio::test]
async fn nobody_else_takes_a_digest() {
    for security in KINDS {
        let pair = pair(security, "", |builder| {
            builder.user_names(|name: &str, password: Option<&str>| match (name, password) {
                ("alice", Some("secret")) => Ok(()),
                _ => Err("the password is wrong".to_owned()),
            })
        })
        .await;
        let factory = || pair.factory().user_name("alice", "secret");
        call(factory()).await.unwrap();
        call(factory().password_type(PasswordType::Digest)).await.unwrap_err();
        pair.host.close().await;
    }
}

#[tokio::test]
async fn check_says_what_it_is_good_for() {
    let pair = pair(KINDS[0], DIGEST, |builder| builder.password_store(password)).await;
    let folder = pair.folders[1].path();
    let said = |text: &str| {
        let check = FileCheck::of(
            waxwing::binding::Configuration::load(text),
            folder,
            waxwing::jiff::Timestamp::now(),
        );
        let all: Vec<_> =
            check.findings().filter(|f| f.code == "password-digest").cloned().collect();
        all.into_iter().map(|f| format!("{:?} {}", f.severity, f.message)).collect::<Vec<_>>()
    };
    let text = std::fs::read_to_string(folder.join("client.config")).unwrap();
    let found = said(&text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("Warning") && found[0].contains("a service of WCF refuses it"));
    let found = said(&text.replace("UserNameOverTransport", "CertificateOverTransport"));
    assert!(found.iter().all(|f| f.contains("does nothing for this endpoint")), "{found:?}");
    assert_eq!(said(&text.replace("PasswordDigest", "PasswordText")), Vec::<String>::new());
    pair.host.close().await;
}
