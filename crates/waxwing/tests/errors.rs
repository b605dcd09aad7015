//! The texts of errors: nothing twice, everything that helps, and `docs/errors.md` as the types have it.

#![allow(clippy::disallowed_methods)]

mod common;
#[path = "common/log.rs"]
mod log;

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use common::*;
use log::Log;
use waxwing::contract::CallError;
use waxwing::{
    ChannelError, ChannelFactory, ConfigurationFile, Diagnosis, HostError, ServiceHostBuilder,
    ServiceInstances,
};

/// A person prints an error with its sources below; no text may stand there twice. `Debug` is what a `main` prints.
fn assert_readable(error: &(dyn Error + 'static)) {
    let text = error.to_string();
    assert_eq!(format!("{error:?}"), text, "Debug is the text");
    let mut parent = text;
    let mut source = error.source();
    while let Some(error) = source {
        let text = error.to_string();
        assert!(!parent.contains(&text), "'{text}' is said twice: {parent}");
        parent = text;
        source = error.source();
    }
}

fn assert_says(error: &(dyn Error + 'static), parts: &[&str]) {
    assert_readable(error);
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "'{part}' is not in: {text}");
    }
}

fn client(folder: &Path) -> ConfigurationFile {
    let binding = Binding::certificate(false);
    client_config(&binding, folder, "http://127.0.0.1:9/calc", "CN=", "localhost")
}

fn factory_error(file: &ConfigurationFile, name: &str) -> ChannelError {
    ChannelFactory::from_config(file, name, &CALCULATOR_CONTRACT).expect_err("refused")
}

#[test]
fn wrong_names_list_the_right_ones() {
    let folder = stores("alice", "ca", &["service"]);
    let file = client(folder.path());
    assert_says(&factory_error(&file, "calk"), &["'calk'", "did you mean 'calc'?"]);
    let text = std::fs::read_to_string(folder.path().join("client.config")).unwrap();
    let change = |from: &str, to: &str| {
        let path = folder.path().join("changed.config");
        std::fs::write(&path, text.replace(from, to)).unwrap();
        ConfigurationFile::load(&path)
    };
    let other = change("contract=\"Microsoft.ServiceModel.Samples.", "contract=\"Other.").unwrap();
    assert_says(&factory_error(&other, "calc"), &["with the contract 'Other.ICalculator'"]);
    assert_says(&factory_error(&other, "*"), &["did you mean 'Other.ICalculator'?"]);
    let file = change("bindingConfiguration=\"B\"", "bindingConfiguration=\"Bee\"").unwrap();
    assert_says(&factory_error(&file, "calc"), &["Bee", "the bindings of this type are: B"]);

    let folder = stores("service", "ca", &[]);
    let file = service_config(&Binding::none(), folder.path());
    let error = ServiceHostBuilder::from_config(&file, "Calculator", &CALCULATOR_CONTRACT);
    assert_says(
        &error.expect_err("no such service"),
        &["The file has the services 'CalculatorService'"],
    );
}

#[tokio::test]
async fn an_address_without_http_says_what_is_missing() {
    let folder = stores("alice", "ca", &["service"]);
    let of = |address: &str| {
        let file =
            client_config(&Binding::certificate(true), folder.path(), address, "CN=", "localhost");
        ChannelFactory::from_config(&file, "calc", &CALCULATOR_CONTRACT)
    };
    let error = of("localhost:8000/calc").expect_err("nowhere to send to");
    let wcf = "The provided URI scheme 'localhost' is invalid; expected 'http'.";
    assert_says(&error, &["localhost:8000/calc: ", "begin it with http://", wcf]);
    // The scheme may be written in any case.
    let error = of("HTTP://127.0.0.1:1/calc").unwrap().open_channel().await.expect_err("refused");
    assert_eq!(error.code(), Some("connection-refused"), "{error}");
    assert_says(&error, &["opening the channel failed: there was no endpoint listening"]);
    assert!(!error.to_string().contains("handshake"), "none took place: {error}");
}

#[test]
fn files_that_cannot_be_used_are_told_once() {
    let missing = ConfigurationFile::load("nowhere/app.config").expect_err("is not there");
    assert_says(&missing, &["nowhere/app.config", "cannot be read"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.config");
    for content in [
        &b"<configuration"[..],
        b"\xff\xfe\x00",
        b"<configuration><system.serviceModel><x/></system.serviceModel></configuration>",
    ] {
        std::fs::write(&path, content).unwrap();
        assert_readable(&ConfigurationFile::load(&path).expect_err("cannot be used"));
    }
}

#[test]
fn certificates_are_told_with_folder_password_and_key() {
    // No store at all.
    let folder = stores("alice", "ca", &["service"]);
    std::fs::remove_dir_all(folder.path().join("certificates/My")).unwrap();
    let factory = ChannelFactory::from_config(&client(folder.path()), "calc", &CALCULATOR_CONTRACT);
    let error = factory.unwrap().create_channel().expect_err("no store");
    assert_says(&error, &["certificates/My", "which does not exist"]);

    // A file with a password that nobody gave.
    let folder = stores("alice", "ca", &["service"]);
    let store = folder.path().join("certificates/My");
    for name in ["alice.cert.pem", "alice.key.pem"] {
        std::fs::remove_file(store.join(name)).unwrap();
    }
    std::fs::copy(pki().join("alice.p12"), store.join("alice.p12")).unwrap();
    let factory = ChannelFactory::from_config(&client(folder.path()), "calc", &CALCULATOR_CONTRACT);
    let error = factory.unwrap().create_channel().expect_err("no password");
    assert_says(&error, &["alice.p12", "WAXWING_PKCS12_PASSWORD"]);

    // A certificate without its key, at a service.
    let folder = stores("service", "ca", &[]);
    std::fs::remove_file(folder.path().join("certificates/My/service.key.pem")).unwrap();
    let file = service_config(&Binding::certificate(false), folder.path());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let builder = ServiceHostBuilder::from_config(&file, "CalculatorService", &CALCULATOR_CONTRACT);
    let instances = ServiceInstances::single(CalculatorService::new(Counting::default()));
    let error = runtime.block_on(builder.unwrap().open(instances)).expect_err("no key");
    assert!(matches!(error, HostError::Certificate { .. }));
    assert_says(&error, &["has no private key", "service.key.pem"]);
}

async fn host(folder: &Path) -> (waxwing::ServiceHost, String) {
    let file = service_config(&Binding::certificate(true), folder);
    let builder = ServiceHostBuilder::from_config(&file, "CalculatorService", &CALCULATOR_CONTRACT);
    let instances = ServiceInstances::single(CalculatorService::new(Counting::default()));
    let host = builder.unwrap().open(instances).await.unwrap();
    let address = format!("http://{}/calc", host.local_addresses()[0]);
    (host, address)
}

fn factory(folder: &Path, address: &str) -> ChannelFactory {
    let file = client_config(&Binding::certificate(true), folder, address, "CN=", "localhost");
    ChannelFactory::from_config(&file, "calc", &CALCULATOR_CONTRACT).unwrap()
}

#[tokio::test]
async fn refusals_of_certificates_name_the_folder_that_was_looked_at_and_the_clients_own_date() {
    let service = stores("service", "ca", &[]);
    let (_host, address) = host(service.path()).await;
    // The client trusts another authority.
    let folder = stores("alice", "rogue-ca", &[]);
    let error = factory(folder.path(), &address).open_channel().await.expect_err("untrusted");
    assert_eq!(error.diagnosis(), Some(Diagnosis::UntrustedService));
    assert_says(&error, &["Trusted roots: the folder", "certificates/Root"]);
    // The client's own certificate has expired.
    let folder = stores("expired", "ca", &[]);
    let error = factory(folder.path(), &address).open_channel().await.expect_err("expired");
    assert_eq!(error.diagnosis(), Some(Diagnosis::FailedAuthentication));
    assert_says(&error, &["noticed: the client's own certificate 'CN=expired' has expired at"]);
}

#[tokio::test]
async fn what_takes_long_says_so() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let folder = stores("alice", "ca", &["service"]);
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut factory =
        factory(folder.path(), &format!("http://{}/calc", silent.local_addr().unwrap()));
    factory.endpoint_mut().timeouts.open = waxwing::binding::TimeSpan::seconds(4);
    let error = tokio::time::timeout(Duration::from_secs(9), factory.open_channel());
    let error = error.await.unwrap().expect_err("nobody answers");
    assert_eq!(error.diagnosis(), Some(Diagnosis::NoAnswer), "{error}");
    let call = CallError::from(error);
    assert_readable(&call);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("INFO"), "{log}");
    assert!(
        log.contains(
            "opening the channel has taken 2 s so far: the security handshake is not answered"
        ),
        "{log}"
    );
}

/// `docs/errors.md` is what the types say. `UPDATE=1` rewrites it.
#[test]
fn the_page_of_errors_is_that_of_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (start, end) = ("| code | meaning | what to do |", "\n\n<!-- end of the table -->");
    let (from, to) = (page.find(start).unwrap(), page.find(end).unwrap());
    let mut table = format!("{start}\n| --- | --- | --- |");
    for diagnosis in Diagnosis::ALL.iter().copied() {
        let escape = |text: &str| text.replace('|', "\\|").replace('<', "&lt;");
        let (meaning, action) = (escape(diagnosis.meaning()), escape(diagnosis.action()));
        table += &format!("\n| `{}` | {meaning} | {action} |", diagnosis.code());
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, format!("{}{table}{}", &page[..from], &page[to..])).unwrap();
        return;
    }
    assert!(page[from..to] == table, "docs/errors.md has drifted; rewrite it with UPDATE=1");
}
