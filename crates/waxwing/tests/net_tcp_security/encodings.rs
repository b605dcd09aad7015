//! Message security over net.tcp in text and MTOM, by custom bindings: secure conversation with each credential, and the credential
//! inside TLS; with callbacks; what of it stands on the wire how.

use std::io::Write;
use std::sync::{Arc, Mutex};

use waxwing::binding::{Binding, Configuration, ServiceBehavior};
use waxwing::contract::{CallbackInstance, OperationContext, OperationFault, service_contract};
use waxwing::security::ExpectedIdentity;
use waxwing::trace::Trace;
use waxwing::{ChannelFactory, ServiceHostBuilder, ServiceInstances};

use crate::kit::{client_trust, identity, service_trust, user_names};

#[service_contract(namespace = "urn:store", name = "IStore", callback = Watcher)]
pub trait Store {
    async fn put(&self, ctx: &OperationContext, data: Vec<u8>) -> Result<i32, OperationFault>;
    async fn echo(&self, data: Vec<u8>) -> Result<Vec<u8>, OperationFault>;
}

#[service_contract(namespace = "urn:store", name = "IStore")]
pub trait Watcher {
    #[operation(one_way)]
    async fn stored(&self, data: Vec<u8>) -> Result<(), OperationFault>;
}

struct Shelf;

impl Store for Shelf {
    async fn put(&self, ctx: &OperationContext, data: Vec<u8>) -> Result<i32, OperationFault> {
        let length = i32::try_from(data.len())?;
        ctx.callback::<WatcherClient<_>>()?.stored(data).await?;
        Ok(length)
    }

    async fn echo(&self, data: Vec<u8>) -> Result<Vec<u8>, OperationFault> {
        Ok(data)
    }
}

#[derive(Clone, Default)]
struct Eye(Arc<Mutex<Vec<usize>>>);

impl Watcher for Eye {
    async fn stored(&self, data: Vec<u8>) -> Result<(), OperationFault> {
        self.0.lock().unwrap().push(data.len());
        Ok(())
    }
}

#[derive(Clone, Default)]
struct Wire(Arc<Mutex<Vec<u8>>>);

impl Write for Wire {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Wire {
    fn count(&self, octets: &[u8]) -> usize {
        self.0.lock().unwrap().windows(octets.len()).filter(|window| *window == octets).count()
    }
}

/// `first` is the authentication of the bootstrap.
fn binding(first: &str, session: &str, encoding: &str) -> Binding {
    let version =
        "WSSecurity11WSTrustFebruary2005WSSecureConversationFebruary2005WSSecurityPolicy11";
    let tls = if first.ends_with("OverTransport") { "<sslStreamSecurity/>" } else { "" };
    let text = format!(
        "<configuration><system.serviceModel><bindings><customBinding><binding name=\"B\" sendTimeout=\"00:00:30\">{session}\
         <security authenticationMode=\"SecureConversation\" messageSecurityVersion=\"{version}\">\
         <secureConversationBootstrap authenticationMode=\"{first}\" messageSecurityVersion=\"{version}\"/></security>\
         <{encoding}MessageEncoding/>{tls}<tcpTransport/></binding></customBinding></bindings></system.serviceModel>\
         </configuration>"
    );
    let file = Configuration::parse(&text).unwrap_or_else(|error| panic!("{error:?}"));
    file.binding("customBinding", "B").expect("the binding")
}

/// Octets that are found where they are not encrypted, once in each message: the first 64 are text, which a trace shows as it is.
fn data() -> Vec<u8> {
    let next = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    let noise = std::iter::successors(Some(7_u32), next).map(|state| (state >> 24) as u8);
    b"what is found ".iter().copied().cycle().take(64).chain(noise).take(12_000).collect()
}

async fn calls(first: &str, session: &str, encoding: &str) {
    let case = format!("{first} {session} {encoding}");
    let own = || binding(first, session, encoding);
    let address = "net.tcp://127.0.0.1:0/store";
    let host = ServiceHostBuilder::new()
        .endpoint(own(), address, &STORE_CONTRACT, ServiceBehavior::default())
        .unwrap_or_else(|error| panic!("{case}: {error}"))
        .certificate(identity("service"))
        .client_trust(client_trust)
        .user_names(user_names)
        .open(ServiceInstances::per_session(|| StoreService::new(Shelf)))
        .await
        .unwrap_or_else(|error| panic!("{case}: {error}"));
    let (eye, wire) = (Eye::default(), Wire::default());
    let address = format!("net.tcp://{}/store", host.local_addresses()[0]);
    let channel = ChannelFactory::new(own(), &address, &STORE_CONTRACT)
        .unwrap_or_else(|error| panic!("{case}: {error}"))
        .identity(ExpectedIdentity::Dns("localhost".into()))
        .client_certificate(identity("alice"))
        .user_name("alice", "secret")
        .service_certificate(identity("service").certificate)
        .service_trust(service_trust)
        .callback(CallbackInstance::from(WatcherService::new(eye.clone())))
        .trace(Trace::new(wire.clone(), false))
        .open_channel()
        .await
        .unwrap_or_else(|error| panic!("{case}: {error}"));
    let (client, data) = (StoreClient::new(&channel), data());
    assert_eq!(client.echo(data.clone()).await.unwrap_or_else(|e| panic!("{case}: {e}")), data);
    assert_eq!(client.echo(vec![1, 2, 3]).await.unwrap(), [1, 2, 3], "{case}");
    assert_eq!(client.put(data.clone()).await.unwrap(), 12_000, "{case}");
    channel.close().await.unwrap_or_else(|error| panic!("{case}: {error}"));
    assert_eq!(*eye.0.lock().unwrap(), [12_000], "{case}");
    assert!(host.close().await, "{case}");
    let is_encrypted = !first.ends_with("OverTransport");
    let readable = wire.count(&data[..64]);
    match encoding {
        // The ciphertext of the four large messages, each a part of octets; inside TLS what the contract says.
        "mtom" => {
            assert!(wire.count(b"Content-Transfer-Encoding: binary") >= 4, "{case}");
            assert_eq!(readable, if is_encrypted { 0 } else { 4 }, "{case}");
        }
        _ => {
            assert_eq!((wire.count(b"Content-Transfer-Encoding"), readable), (0, 0), "{case}");
        }
    }
    assert_eq!(wire.count(b"CipherData") > 0, is_encrypted, "{case}");
}

const ENCODINGS: [&str; 2] = ["text", "mtom"];

#[tokio::test]
async fn encrypted_messages() {
    for encoding in ENCODINGS {
        for session in ["", "<reliableSession/>"] {
            for first in
                ["MutualCertificate", "UserNameForCertificate", "AnonymousForSslNegotiated"]
            {
                calls(first, session, encoding).await;
            }
        }
        let version = "<reliableSession reliableMessagingVersion=\"WSReliableMessaging11\"/>";
        calls("MutualSslNegotiated", version, encoding).await;
    }
}

#[tokio::test]
async fn a_credential_inside_tls() {
    for encoding in ENCODINGS {
        for session in ["", "<reliableSession/>"] {
            calls("UserNameOverTransport", session, encoding).await;
            calls("CertificateOverTransport", session, encoding).await;
        }
    }
}
