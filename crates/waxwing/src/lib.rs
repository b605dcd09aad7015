//! Secure reliable SOAP messaging with WCF services and clients.
//!
//! WCF's `wsHttpBinding` with message security inside a reliable session is spoken by thousands of services, and by nothing
//! else that still lives: messages are signed and encrypted one by one, numbered, sent again when they are lost, and
//! executed once. This crate is a **client** and a **service host** for it, set up in code or by WCF's own configuration
//! file. The peer can be a WCF program that nobody is going to change.
//!
//! ```no_run
//! use waxwing::binding::{MessageCredentialType, SecurityMode, ServiceBehavior, WsHttpBinding};
//! use waxwing::contract::{OperationFault, service_contract};
//! use waxwing::crypto::Identity;
//! use waxwing::{ChannelFactory, ServiceHostBuilder, ServiceInstances};
//!
//! // The contract: the C# interface as a trait.
//! #[service_contract(namespace = "http://Microsoft.ServiceModel.Samples", name = "ICalculator")]
//! pub trait Calculator {
//!     async fn add(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
//! }
//!
//! // The binding: the same at both ends. Message security, a reliable session, users with passwords.
//! fn binding() -> WsHttpBinding {
//!     WsHttpBinding::new(SecurityMode::Message, true).message_credential(MessageCredentialType::UserName)
//! }
//!
//! // A client…
//! async fn call() -> Result<(), Box<dyn std::error::Error>> {
//!     let channel = ChannelFactory::new(binding(), "http://localhost:8000/calculator", &CALCULATOR_CONTRACT)?
//!         .user_name("alice", "secret")
//!         .open_channel()
//!         .await?;
//!     println!("{}", CalculatorClient::new(&channel).add(100.0, 15.99).await?);
//!     channel.close().await?;
//!     Ok(())
//! }
//!
//! // …and a service.
//! struct MyCalculator;
//!
//! impl Calculator for MyCalculator {
//!     async fn add(&self, n1: f64, n2: f64) -> Result<f64, OperationFault> {
//!         Ok(n1 + n2)
//!     }
//! }
//!
//! async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//!     let host = ServiceHostBuilder::new()
//!         .base_address("http://localhost:8000")?
//!         .endpoint(binding(), "calculator", &CALCULATOR_CONTRACT, ServiceBehavior::default())?
//!         .certificate(Identity::from_pem(&std::fs::read("service.pem")?)?)
//!         .user_names(|name: &str, password: Option<&str>| match (name, password) {
//!             ("alice", Some("secret")) => Ok(()),
//!             _ => Err("the password is wrong".to_owned()),
//!         })
//!         .open(ServiceInstances::per_session(|| CalculatorService::new(MyCalculator)))
//!         .await?;
//!     tokio::signal::ctrl_c().await?;
//!     host.close().await;
//!     Ok(())
//! }
//! ```
//!
//! Whom a client trusts is said by [`service_trust`](ChannelFactory::service_trust); as above it is who has a certificate of
//! an authority in the folder `certificates/CurrentUser/Root`, with its revocation list. Over HTTPS TLS decides: by the
//! authorities of the system, of that folder and of [`https_roots`](ChannelFactory::https_roots), and by the host's name. The
//! page [certificates and users](manual::_04_certificates) has other ways.
//!
//! # The manual
//!
//! [`manual`] tells how things are done: [a client](manual::_01_client), [a service](manual::_02_service),
//! [the configuration file](manual::_03_configuration_file), [certificates and users](manual::_04_certificates),
//! [sessions and reliability](manual::_05_sessions), [errors and diagnosis](manual::_06_errors),
//! [hosting](manual::_07_hosting), [limits](manual::_08_limits), [troubleshooting](manual::_09_troubleshooting),
//! [proxies and load balancers](manual::_10_network), [HTTPS](manual::_11_https),
//! [WSDL and other metadata](manual::_12_metadata), [net.tcp](manual::_13_net_tcp), [callbacks](manual::_14_callbacks).
//!
//! # Where things are
//!
//! | module | what |
//! | --- | --- |
//! | [`contract`] | contracts, what an operation knows of its call, faults |
//! | [`client`] | [`ChannelFactory`], [`ClientChannel`] and what it tells |
//! | [`cluster`] | nodes that share a store: how one is set up |
//! | [`outbox`], [`store`] | a client's calls that survive crashes, and where what survives is kept |
//! | [`service`] | [`ServiceHost`] and its builder, instances, authorization, statistics and events |
//! | [`binding`] | typed bindings with WCF's defaults, behaviors, the model of the configuration file |
//! | [`configuration`], [`check`] | configuration files: read, and judged |
//! | [`certificates`], [`security`], [`crypto`] | certificate stores, decisions about trust, certificates and keys |
//! | [`revocation`] | whether certificates were revoked: OCSP and lists, fetched and kept |
//! | [`error`](mod@error) | every error of the crate, in one place |
//! | [`events`], [`reliable`], [`trace`] | watching: streams of events, the reliable session, every message as text |
//! | [`layer`], [`net`] | `tower` layers around calls; transports of one's own |
//! | [`metadata`] | what services say of themselves: WSDL, schemas, policies, metadata exchange |
//! | [`soap`], [`xml`], [`datacontract`] | envelopes and faults, the document tree, data contracts |
//!
//! The crates below know no sockets, files, clocks and random sources: they can be used alone. This one needs a `tokio`
//! runtime. It logs by `tracing`.
//!
//! # What it does not do
//!
//! Named pipes, queues, issued tokens and Windows accounts are not there, nor message security over WebSockets, which WCF cannot use, either; sessions over net.tcp,
//! WebSockets and `wsDualHttpBinding` are not kept in a store. A configuration file that wants them is refused by name, and
//! `waxwing check` says so beforehand.

// The async face reads the clock and opens files and sockets; the crates below get all that as inputs.
#![allow(clippy::disallowed_methods)]

/// `Debug` of an error is its text: it is what a `main` prints that returns it.
macro_rules! debug_is_display {
    ($($error:ty),+) => {
        $(impl std::fmt::Debug for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        })+
    };
}

/// Takes in a contract that a build script has written to `OUT_DIR` with the crate `waxwing-build`: that of `orders.wsdl` is
/// `orders`. It belongs into a module of its own.
///
/// ```ignore
/// mod orders {
///     #![allow(dead_code)]
///     waxwing::include_contract!("orders");
/// }
/// ```
#[macro_export]
macro_rules! include_contract {
    ($name:literal) => {
        include!(concat!(env!("OUT_DIR"), "/", $name, ".rs"));
    };
}

mod alarms;
mod authentication;
mod backlog;
mod callback_hosts;
pub mod certificates;
pub mod check;
pub mod client;
pub mod cluster;
pub mod configuration;
pub mod contract;
mod cookie_keys;
mod digest;
mod encoding;
pub mod environment;
pub mod error;
pub mod events;
pub mod files;
mod future;
pub mod kept;
pub mod layer;
mod link_encoding;
mod log;
pub mod manual;
pub mod metadata;
pub mod net;
pub mod outbox;
mod panics;
mod quotas;
pub mod reliable;
mod requirements;
pub mod revocation;
pub mod security;
pub mod service;
pub mod store;
mod streaming;
pub mod trace;
mod turns;

pub use client::{ChannelError, ChannelFactory, ClientChannel};
pub use configuration::{ConfigurationFile, ConfigurationFileError};
pub use service::{
    HostError, ServiceAuthorization, ServiceHost, ServiceHostBuilder, ServiceInstances,
    ServiceObject,
};

pub use jiff;
pub use waxwing_binding as binding;
pub use waxwing_crypto as crypto;
pub use waxwing_datacontract as datacontract;
pub use waxwing_macros::{DataContract, XmlType};
pub use waxwing_session::{Diagnosis, SessionError};
pub use waxwing_soap as soap;
pub use waxwing_xml as xml;

/// The examples of the README are compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;
