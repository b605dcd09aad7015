//! The manual: how things are done, page by page. Each item's own documentation says what it does.
//!
//! 1. [A client](_01_client)
//! 2. [A service](_02_service)
//! 3. [The configuration file](_03_configuration_file)
//! 4. [Certificates and users](_04_certificates)
//! 5. [Sessions and reliability](_05_sessions)
//! 6. [Errors and diagnosis](_06_errors)
//! 7. [Hosting: contracts, instances, authorization, watching](_07_hosting)
//! 8. [Limits](_08_limits)
//! 9. [Troubleshooting](_09_troubleshooting)
//! 10. [What stands between: proxies, load balancers](_10_network)
//! 11. [HTTPS, and services that WCF runs over HTTPS](_11_https)
//! 12. [What services say of themselves](_12_metadata)
//! 13. [net.tcp and WebSockets, streams](_13_net_tcp)
//! 14. [Callbacks](_14_callbacks)
//!
//! Its examples are compiled with the tests.

#[doc = include_str!("01-client.md")]
pub mod _01_client {}

#[doc = include_str!("02-service.md")]
pub mod _02_service {}

#[doc = include_str!("03-configuration-file.md")]
pub mod _03_configuration_file {}

#[doc = include_str!("04-certificates.md")]
pub mod _04_certificates {}

#[doc = include_str!("05-sessions.md")]
pub mod _05_sessions {}

#[doc = include_str!("06-errors.md")]
pub mod _06_errors {}

#[doc = include_str!("07-hosting.md")]
pub mod _07_hosting {}

#[doc = include_str!("08-limits.md")]
pub mod _08_limits {}

#[doc = include_str!("09-troubleshooting.md")]
pub mod _09_troubleshooting {}

#[doc = include_str!("10-network.md")]
pub mod _10_network {}

#[doc = include_str!("11-https.md")]
pub mod _11_https {}

#[doc = include_str!("12-metadata.md")]
pub mod _12_metadata {}

#[doc = include_str!("13-net-tcp.md")]
pub mod _13_net_tcp {}

#[doc = include_str!("14-callbacks.md")]
pub mod _14_callbacks {}
