//! HTTP Basic and Digest over TLS.

use crate::common::{self, Counting};
use crate::kit::{Wire, builder, call, client_file, factory, instances, service_file};
use waxwing::security::DigestSecret;
use waxwing::{ServiceHost, ServiceHostBuilder};

fn wire(scheme: &str, reliable: bool) -> Wire {
    match reliable {
        false => Wire::transport(scheme),
        true => Wire::reliable(
            "WSReliableMessaging11",
            &format!("authenticationScheme=\"{scheme}\" realm=\"calc\""),
        ),
    }
}

async fn open(builder: ServiceHostBuilder, calculator: &Counting) -> ServiceHost {
    let validator = |name: &str, password: Option<&str>| match (name, password) {
        ("alice", Some("secret")) => Ok(()),
        _ => Err("no such user".to_owned()),
    };
    let store =
        |name: &str, _: &str| Ok((name == "alice").then(|| DigestSecret::password("secret")));
    let builder = builder.user_names(validator).digest_store(store);
    builder.open(instances(calculator)).await.unwrap_or_else(|e| panic!("{e}"))
}

#[tokio::test]
async fn users_log_in_over_tls() {
    for (scheme, refused) in [
        ("Basic", "The HTTP request was forbidden with client authentication scheme 'Basic'."),
        ("Digest", "The HTTP request is unauthorized with client authentication scheme 'Digest'."),
    ] {
        for reliable in [false, true] {
            let wire = wire(scheme, reliable);
            let (own, peer) =
                (common::stores("service", "ca", &[]), common::stores("alice", "ca", &[]));
            let calculator = Counting::default();
            let host = open(builder(&service_file(&wire, own.path())), &calculator).await;
            let to = host.local_addresses()[0];
            let factory = factory(&client_file(&wire, peer.path(), to, ""));
            assert_eq!(call(&factory.clone().user_name("alice", "secret")).await, Ok(3.0));
            assert_eq!(calculator.caller.lock().unwrap().as_deref(), Some("alice"));
            let text = call(&factory.clone().user_name("alice", "wrong")).await.unwrap_err();
            assert!(text.contains(refused), "{text}");
            // A password for HTTPS goes nowhere else, though the file says where to.
            let plain = factory.user_name("alice", "secret").via(format!("http://{to}/calc"));
            let text = call(&plain).await.unwrap_err();
            assert!(!text.contains("secret"), "{text}");
            assert_eq!(calculator.executed.load(std::sync::atomic::Ordering::SeqCst), 4);
            assert!(host.close().await);
        }
    }
}
