//! What of a security context must survive a crash (durable sessions): keys, and whose they are.
//!
//! Memories of replays and timers are not in it: they are made anew when a context is restored. In a reliable session the
//! numbers are the barrier against repetition. How the keys of one's own messages are derived is in it, although it is no
//! secret and new ones would do: by them an own message is told that somebody sends back ([`Reflected`](crate::Reason::Reflected)), also one from before the crash.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A security context of a service, as it is kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedContext {
    /// The identifier, a URI.
    pub identifier: String,
    /// Who opened it.
    pub caller: SavedCaller,
    /// The generations of its key: the current one, those that were issued and not used, the former one.
    pub keys: Vec<SavedKey>,
    /// Whether a message was verified in it. One that was not is forgotten after two minutes; whoever restores it with the
    /// sequences in it sets this, since they were made by messages.
    pub used: bool,
}

/// The security context of a client, as it is kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedClientContext {
    /// The generations of its key: the current one first, then the former ones.
    pub keys: Vec<SavedKey>,
    /// The certificate of the service (DER), once it was trusted.
    pub service_certificate: Option<Vec<u8>>,
    /// Whether the service has answered a message under the context. Only of one whose state is in a cookie.
    pub accepted: bool,
}

/// Who a caller was proven to be.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SavedCaller {
    /// Nobody said who he is.
    Anonymous,
    /// The holder of this certificate (DER).
    Certificate(Vec<u8>),
    /// The owner of this user name.
    UserName(String),
}

/// One generation of a key. Wiped when dropped, and not shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct SavedKey {
    /// Which.
    #[zeroize(skip)]
    pub generation: Generation,
    /// The identifier of the context.
    #[zeroize(skip)]
    pub identifier: String,
    /// The name of the generation, present after a renewal.
    #[zeroize(skip)]
    pub instance: Option<String>,
    /// The `SecurityContextToken` element as it was handed out.
    #[zeroize(skip)]
    pub element: String,
    /// The `u:Id` of that element.
    #[zeroize(skip)]
    pub id: String,
    /// The key.
    pub octets: Vec<u8>,
    /// How the keys of one's own messages are derived from it: that for signatures, that for encryption. None without derived
    /// keys.
    #[zeroize(skip)]
    pub derived: Option<[SavedDerivedKey; 2]>,
    /// From when on it is valid: milliseconds of Unix time.
    #[zeroize(skip)]
    pub created: i64,
    /// Until when: milliseconds of Unix time.
    #[zeroize(skip)]
    pub expires: i64,
    /// When a client received it by its own clock: milliseconds of Unix time. 0 at a service.
    #[zeroize(skip)]
    pub received: i64,
}

/// How a key is derived, which messages say in clear (WS-SecureConversation §7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedDerivedKey {
    /// The `u:Id` of the `DerivedKeyToken`.
    pub id: String,
    /// The nonce. The length follows from the suite.
    pub nonce: Vec<u8>,
}

/// Which generation of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Generation {
    /// The one in use.
    Current,
    /// Issued by a renewal and not used yet.
    Pending,
    /// Replaced; still accepted until then: milliseconds of Unix time.
    Former(i64),
    /// At a client whose service knows generations by what references say: the first one, by which it proves that a
    /// renewal is its own.
    First,
}

impl fmt::Debug for SavedContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SavedContext({}, {} keys)", self.identifier, self.keys.len())
    }
}

impl fmt::Debug for SavedClientContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SavedClientContext({} keys)", self.keys.len())
    }
}

impl fmt::Debug for SavedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SavedKey({:?} of {})", self.generation, self.identifier)
    }
}
