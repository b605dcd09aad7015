//! Typed WCF bindings and the system.serviceModel configuration file.
