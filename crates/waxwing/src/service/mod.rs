//! Services: a host with endpoints, and the instances that execute calls.

mod builder;
mod credentials;
mod direct;
mod endpoint;
mod error;
mod host;
mod instances;
mod reliable;
mod throttle;

pub use builder::ServiceHostBuilder;
pub use error::HostError;
pub use host::{HostStatistics, ServiceHost};
pub use instances::{Instances, ServiceInstances};
