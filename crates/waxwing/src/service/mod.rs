//! Services: a host with endpoints, and the instances that execute calls.

mod addresses;
mod admittance;
mod authorization;
mod builder;
mod contracts;
mod cookies;
mod credentials;
mod drive;
mod endpoint;
mod error;
mod execute;
mod host;
mod https;
mod instances;
mod listening;
mod metadata;
mod opening;
mod published;
mod publishing;
mod sessions;
mod throttle;
mod watch;

pub use authorization::ServiceAuthorization;
pub use builder::ServiceHostBuilder;
pub use contracts::ContractList;
pub use error::HostError;
pub use host::ServiceHost;
pub use instances::{Instances, ServiceInstances, ServiceObject};
pub use metadata::{MetadataDocument, MetadataOptions, ServiceMetadata};
pub use watch::{HostEvent, HostStatistics, Refusals};
pub use waxwing_session::{AddressFilterMode, ConcurrencyMode, DispatchModes, InstanceContextMode};
