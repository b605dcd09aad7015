//! A service and its clients over loopback, with bindings of every kind.

use std::sync::atomic::Ordering;

use waxwing::binding::{
    Binding, Configuration, MessageCredentialType, NetTcpBinding, SecurityMode, ServiceBehavior,
    TcpClientCredentialType,
};
use waxwing::crypto::{Certificate, Identity};
use waxwing::jiff::Timestamp;
use waxwing::security::ExpectedIdentity;
use waxwing::{ChannelFactory, ServiceHost, ServiceHostBuilder, ServiceInstances};

use crate::common::*;

/// How a binding is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    pub mode: SecurityMode,
    pub credential: MessageCredentialType,
    /// Whether the service's certificate comes by negotiation; otherwise by a custom binding.
    pub negotiated: bool,
    pub reliable: bool,
}

pub const NONE: MessageCredentialType = MessageCredentialType::None;
pub const USER: MessageCredentialType = MessageCredentialType::UserName;
pub const CERTIFICATE: MessageCredentialType = MessageCredentialType::Certificate;

impl Kind {
    pub fn message(credential: MessageCredentialType, reliable: bool) -> Self {
        Self { mode: SecurityMode::Message, credential, negotiated: true, reliable }
    }

    pub fn mixed(credential: MessageCredentialType, reliable: bool) -> Self {
        let mode = SecurityMode::TransportWithMessageCredential;
        Self { mode, credential, negotiated: true, reliable }
    }

    /// Every one that netTcpBinding and custom bindings can say.
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for reliable in [false, true] {
            for credential in [CERTIFICATE, USER, NONE] {
                for negotiated in [true, false] {
                    all.push(Self { negotiated, ..Self::message(credential, reliable) });
                }
            }
            all.extend([USER, CERTIFICATE].map(|credential| Self::mixed(credential, reliable)));
        }
        all
    }

    pub fn binding(self) -> Binding {
        if !self.negotiated {
            return self.custom("");
        }
        let mut binding = NetTcpBinding::new(self.mode, self.reliable);
        binding.security.message.client_credential_type = self.credential;
        if self.mode == SecurityMode::TransportWithMessageCredential {
            binding.security.transport.client_credential_type = TcpClientCredentialType::None;
        }
        binding.into()
    }

    /// The same as a custom binding, without negotiation. `more`: attributes of the reliable session.
    pub fn custom(self, more: &str) -> Binding {
        self.custom_with(more, "")
    }

    /// The same with more elements of the secure conversation.
    pub fn custom_with(self, more: &str, elements: &str) -> Binding {
        let version =
            "WSSecurity11WSTrustFebruary2005WSSecureConversationFebruary2005WSSecurityPolicy11";
        let mode = match self.credential {
            MessageCredentialType::Certificate => "MutualCertificate",
            MessageCredentialType::UserName => "UserNameForCertificate",
            _ => "AnonymousForCertificate",
        };
        let reliable =
            if self.reliable { format!("<reliableSession {more}/>") } else { String::new() };
        let text = format!(
            "<configuration><system.serviceModel><bindings><customBinding><binding name=\"B\">{reliable}\
             <security authenticationMode=\"SecureConversation\" messageSecurityVersion=\"{version}\">\
             <secureConversationBootstrap authenticationMode=\"{mode}\" messageSecurityVersion=\"{version}\"/>{elements}</security>\
             <binaryMessageEncoding/><tcpTransport/></binding></customBinding></bindings></system.serviceModel>\
             </configuration>"
        );
        let file = Configuration::parse(&text).unwrap_or_else(|error| panic!("{error:?}"));
        file.binding("customBinding", "B").expect("the binding")
    }
}

pub fn identity(name: &str) -> Identity {
    let read = |kind: &str| std::fs::read(pki().join(format!("{name}.{kind}.pem"))).unwrap();
    Identity::from_pem(&[read("cert"), read("key")].concat()).unwrap()
}

pub fn user_names(name: &str, password: Option<&str>) -> Result<(), String> {
    match (name, password) {
        ("alice", Some("secret")) => Ok(()),
        _ => Err("the password is wrong".to_owned()),
    }
}

/// Alice alone.
pub fn client_trust(own: &Certificate, _: &[Certificate], _: Timestamp) -> Result<(), String> {
    match own.subject_windows().as_str() {
        "CN=alice" => Ok(()),
        other => Err(format!("{other} is a stranger")),
    }
}

pub fn service_trust(_: &Certificate, _: &[Certificate], _: Timestamp) -> Result<(), String> {
    Ok(())
}

pub fn builder(binding: Binding) -> ServiceHostBuilder {
    ServiceHostBuilder::new()
        .endpoint(
            binding,
            "net.tcp://127.0.0.1:0/calc",
            &CALCULATOR_CONTRACT,
            ServiceBehavior::default(),
        )
        .unwrap_or_else(|error| panic!("{error}"))
        .certificate(identity("service"))
        .client_trust(client_trust)
        .user_names(user_names)
}

pub async fn host(binding: Binding) -> (ServiceHost, Counting) {
    let service = Counting::default();
    let instances = ServiceInstances::per_session({
        let service = service.clone();
        move || CalculatorService::new(service.clone())
    });
    let host = builder(binding).open(instances).await.unwrap_or_else(|error| panic!("{error}"));
    (host, service)
}

/// A client who is alice.
pub fn factory(binding: Binding, host: &ServiceHost) -> ChannelFactory {
    let address = format!("net.tcp://{}/calc", host.local_addresses()[0]);
    ChannelFactory::new(binding, &address, &CALCULATOR_CONTRACT)
        .unwrap_or_else(|error| panic!("{error}"))
        .identity(ExpectedIdentity::Dns("localhost".into()))
        .client_certificate(identity("alice"))
        .user_name("alice", "secret")
        .service_certificate(identity("service").certificate)
        .service_trust(service_trust)
}

pub fn executed(service: &Counting) -> u64 {
    service.executed.load(Ordering::SeqCst)
}
