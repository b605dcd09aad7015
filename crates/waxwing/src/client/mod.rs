//! Clients: a factory for channels to one endpoint, and the channels.

mod abandoned;
mod calls;
mod channel;
mod credentials;
mod demarcation;
mod error;
mod factory;
mod held;
mod https;
mod post;
mod prepared;
mod proxies;
mod state;
mod watch;

pub use channel::ClientChannel;
pub use error::{ChannelError, ChannelErrorKind};
pub use factory::ChannelFactory;
pub use watch::{ChannelEvent, ChannelStatistics};
