//! Secure reliable SOAP messaging with WCF services and clients.

pub mod contract;
pub mod transport;
