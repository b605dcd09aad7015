//! Names of what the service's engines speak about with each other and with their owner.

use std::net::SocketAddr;

use waxwing_security::PeerTag;

/// Where a message came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Peer {
    /// By this the tables of the security are shared out.
    pub tag: PeerTag,
    /// The address, where there is one: for operations and for who watches the service.
    pub address: Option<SocketAddr>,
}

impl From<PeerTag> for Peer {
    fn from(tag: PeerTag) -> Self {
        Self { tag, address: None }
    }
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        Self { tag: PeerTag::of_address(address.ip()), address: Some(address) }
    }
}

/// An endpoint of a host, by a number that the host gives.
pub type EndpointId = usize;

/// A call that is or will be executed, by a number that is used once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DispatchId(pub(super) u64);

/// An instance of the service, by a number that is used once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstanceId(pub(super) u64);

impl InstanceId {
    /// The one that all calls share (`InstanceContextMode.Single`). It is always there and never released.
    pub const SHARED: Self = Self(0);
}

/// A place of the host that an endpoint wants, has, or gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// For a session, by a number of the endpoint that is used once.
    Session(u64),
    /// For an instance.
    Instance(InstanceId),
    /// For a call.
    Call {
        /// Which.
        call: DispatchId,
        /// Whether it has to have its turn, too, at the instance that all share.
        turn: bool,
    },
}
