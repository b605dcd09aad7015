//! Hears what is posted to where a factory's channels are called back, and gives it to the channel that it is for.
//!
//! WCF's rule: `To` is the address, host and port included, and the header `ChannelInstance` names the channel; the first
//! channel of a process has none, and gets what names nobody. Every message is answered with 202 at once; what is for nobody
//! is dropped.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use tokio::sync::mpsc;
use waxwing_soap::encoder::{DecodeError, Decoder};
use waxwing_soap::{Address, Addressing, EndpointReference, Envelope};

use crate::encoding::Encoding;
use crate::future::BoxFuture;
use crate::net::{Hold, Incoming, Receiver, Refusal, Reply, SharedPath};

/// WCF's namespace of composite duplex.
const NAMESPACE: &str = "http://schemas.microsoft.com/ws/2005/02/duplex";

/// How many messages wait for a channel before the service is told to come again (503): it has a window of 8 and
/// acknowledgements, and each is looked at at once.
const WAITING: usize = 64;

/// How many channels there were in this process.
static CHANNELS: AtomicU64 = AtomicU64::new(0);

/// A message of the service.
pub(super) struct Came {
    pub(super) envelope: Envelope,
    /// As it came, for traces.
    pub(super) octets: Bytes,
    /// What holds its memory.
    pub(super) hold: Hold,
}

/// Hears what is posted to one address.
pub(super) struct CallbackListener {
    encoding: Encoding,
    /// The address; not known before it is listened on.
    address: OnceLock<(String, SharedPath)>,
    channels: Mutex<HashMap<u64, mpsc::Sender<Came>>>,
}

impl CallbackListener {
    pub(super) fn new(encoding: Encoding) -> Self {
        Self { encoding, address: OnceLock::new(), channels: Mutex::default() }
    }

    /// It is listened on, as long as there is this.
    pub(super) fn listens(&self, address: String, listened: SharedPath) {
        let _ = self.address.set((address, listened));
    }

    fn address(&self) -> &str {
        self.address.get().map_or("", |(address, _)| address)
    }

    fn channels(&self) -> MutexGuard<'_, HashMap<u64, mpsc::Sender<Came>>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more channel.
    pub(super) fn attach(self: Arc<Self>) -> Attachment {
        let instance = CHANNELS.fetch_add(1, Ordering::Relaxed) + 1;
        let (sender, came) = mpsc::channel(WAITING);
        self.channels().insert(instance, sender);
        let mut address = EndpointReference::new(self.address());
        if instance > 1 {
            let parameter =
                format!("<ChannelInstance xmlns=\"{NAMESPACE}\">{instance}</ChannelInstance>");
            address.reference_parameters.push(parameter);
        }
        Attachment { address, came, instance, listener: self }
    }

    /// The channel that a message is for.
    fn channel_of(&self, envelope: &Envelope) -> Option<mpsc::Sender<Came>> {
        let to = Addressing::read(envelope).ok()?.to?;
        if !Address::of(&to).is_same(&Address::of(self.address())) {
            return None;
        }
        let named = envelope.headers().find(|header| header.is(NAMESPACE, "ChannelInstance"));
        let named = named.and_then(|header| header.text().trim().parse().ok());
        let channels = self.channels();
        let of_instance = named.and_then(|instance: u64| channels.get(&instance));
        of_instance.or_else(|| channels.get(&1)).cloned()
    }
}

impl Receiver for CallbackListener {
    fn max_message(&self) -> usize {
        self.encoding.max_message()
    }

    fn receive(self: Arc<Self>, incoming: Incoming) -> BoxFuture<'static, Reply> {
        Box::pin(async move {
            if incoming.octets.len() > self.encoding.max_message() {
                return Reply::Refused(Refusal::TooLarge);
            }
            let content_type = incoming.content_type.as_deref().unwrap_or_default();
            let mut decoder = self.encoding;
            let envelope = match decoder.read(content_type, &incoming.octets) {
                Ok(envelope) => envelope,
                Err(DecodeError::ContentType { .. }) => {
                    return Reply::Refused(Refusal::ContentType);
                }
                Err(_) => return Reply::Refused(Refusal::Malformed),
            };
            let Some(channel) = self.channel_of(&envelope) else {
                tracing::debug!(address = self.address(), peer = %incoming.peer, "a message for no channel was dropped");
                return Reply::Accepted;
            };
            match channel.try_send(Came { envelope, octets: incoming.octets, hold: incoming.hold })
            {
                Err(mpsc::error::TrySendError::Full(_)) => Reply::Refused(Refusal::Unavailable),
                Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => Reply::Accepted,
            }
        })
    }
}

/// A channel that is called back there. Dropped, it is so no more.
pub(super) struct Attachment {
    /// What the service is told.
    pub(super) address: EndpointReference,
    /// What comes for it.
    pub(super) came: mpsc::Receiver<Came>,
    instance: u64,
    listener: Arc<CallbackListener>,
}

impl Drop for Attachment {
    fn drop(&mut self) {
        self.listener.channels().remove(&self.instance);
    }
}
