//! Names of what the service's engines speak about with each other and with their owner.

use std::net::SocketAddr;

use waxwing_security::conversation::ProvenCaller;
use waxwing_security::{Link, PeerTag};

/// Where a message came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Peer {
    /// By this the tables of the security are shared out.
    pub tag: PeerTag,
    /// The address, where there is one: for operations and for who watches the service.
    pub address: Option<SocketAddr>,
    /// Whether the transport kept the message from being read and changed on its way (TLS).
    pub protected: bool,
}

impl Peer {
    /// The same over a transport that protects messages, or does not.
    #[must_use]
    pub fn over(self, protected: bool) -> Self {
        Self { protected, ..self }
    }

    /// What the security is told of it.
    pub(super) fn link(self) -> Link {
        Link { peer: self.tag, protected: self.protected }
    }
}

impl From<PeerTag> for Peer {
    fn from(tag: PeerTag) -> Self {
        Self { tag, address: None, protected: false }
    }
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        Self { tag: PeerTag::of_address(address.ip()), address: Some(address), protected: false }
    }
}

/// Where a message came from, and who its transport knows to have sent it. At an endpoint with message security the message
/// says itself who its sender is, and what the transport knows is not looked at.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Where from.
    pub peer: Peer,
    /// Who by; anonymous where the transport asks nobody.
    pub caller: ProvenCaller,
}

impl From<Peer> for Origin {
    /// From somebody whom the transport does not know.
    fn from(peer: Peer) -> Self {
        Self { peer, caller: ProvenCaller::anonymous() }
    }
}

impl From<PeerTag> for Origin {
    fn from(tag: PeerTag) -> Self {
        Peer::from(tag).into()
    }
}

impl From<SocketAddr> for Origin {
    fn from(address: SocketAddr) -> Self {
        Peer::from(address).into()
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
    /// The turn alone of a call that waits for its client meanwhile. It is given back, and wanted again with the place.
    Turn(DispatchId),
}
