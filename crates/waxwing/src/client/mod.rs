//! Clients: a factory for channels to one endpoint, and the channels.

mod abandoned;
mod calls;
mod channel;
mod credentials;
mod demarcation;
mod dialing;
mod due;
mod duplex;
mod durable;
mod error;
mod exchange;
mod factory;
mod given_transport;
mod held;
mod https;
mod job;
mod news;
mod post;
mod prepared;
mod proxies;
mod state;
mod streamed;
mod tcp;
mod timer;
mod waiting;
mod watch;
mod web_socket;

pub use channel::ClientChannel;
pub use error::{ChannelError, ChannelErrorKind};
pub use factory::ChannelFactory;
pub(crate) use news::ChannelNews;
pub use watch::{ChannelEvent, ChannelStatistics};
