//! Clients: a factory for channels to one endpoint, and the channels.

mod abandoned;
mod calls;
mod channel;
mod demarcation;
mod error;
mod factory;
mod post;
mod prepared;
mod state;

pub use channel::{ChannelStatistics, ClientChannel};
pub use error::{ChannelError, ChannelErrorKind};
pub use factory::ChannelFactory;
