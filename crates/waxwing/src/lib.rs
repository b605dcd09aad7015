//! Secure reliable SOAP messaging with WCF services and clients.
