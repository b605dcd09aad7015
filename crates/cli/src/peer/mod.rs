//! The other side of `call` and `ping`: a service as its metadata or a configuration file says it, and who we are to it.

pub(crate) mod access;
mod configured;
mod contract;
mod credentials;
pub(crate) mod destination;
mod fit;
pub(crate) mod problem;
mod service;

pub(crate) use configured::{addresses, configured, factory_of, is_configuration};
pub(crate) use contract::owned;
pub(crate) use credentials::Credentials;
pub(crate) use problem::{Problem, hint};
pub(crate) use service::{Described, factory, read, read_with};
