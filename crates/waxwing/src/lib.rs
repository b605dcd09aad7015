//! Secure reliable SOAP messaging with WCF services and clients.

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

mod authentication;
pub mod certificates;
pub mod check;
pub mod client;
pub mod configuration;
pub mod contract;
mod encoding;
pub mod environment;
pub mod error;
pub mod events;
pub mod files;
mod future;
pub mod layer;
mod log;
pub mod manual;
pub mod net;
mod panics;
pub mod reliable;
mod requirements;
pub mod security;
pub mod service;
pub mod trace;

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
pub use waxwing_macros::DataContract;
pub use waxwing_session::{Diagnosis, SessionError};
pub use waxwing_soap as soap;
pub use waxwing_xml as xml;

/// The examples of the README are compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;
