//! Where the channels of a factory are called back: an address of this machine, listened on from the first channel on.

use std::io;
use std::sync::{Arc, LazyLock, Weak};

use tokio::sync::OnceCell;
use waxwing_session::{TransportCause, TransportFailure};
use waxwing_soap::{Address, uuid_v4};

use super::listener::{Attachment, CallbackListener};
use crate::encoding::Encoding;
use crate::environment::SystemRandom;
use crate::net::{ListenError, Receiver, listen_at};

/// One for each process, in the address that WCF takes where none is given.
static PROCESS: LazyLock<String> = LazyLock::new(guid);

/// Where the channels of a factory are called back.
pub(in crate::client) struct CallbackPlace {
    /// `clientBaseAddress`; none: WCF's default.
    base: Option<String>,
    encoding: Encoding,
    listener: OnceCell<Arc<CallbackListener>>,
}

impl CallbackPlace {
    pub(in crate::client) fn new(base: Option<String>, encoding: Encoding) -> Self {
        let base = base.filter(|base| !base.trim().is_empty());
        Self { base, encoding, listener: OnceCell::new() }
    }

    /// Listens, unless that was begun, and makes one more channel known.
    ///
    /// # Errors
    /// The address cannot be listened on, in words for the user.
    pub(super) async fn attach(&self) -> Result<Attachment, TransportFailure> {
        let listener = self.listener.get_or_try_init(|| self.listen()).await?;
        Ok(Arc::clone(listener).attach())
    }

    async fn listen(&self) -> Result<Arc<CallbackListener>, TransportFailure> {
        let address = match &self.base {
            Some(base) => format!("{}/{}", base.trim().trim_end_matches('/'), guid()),
            None => default_address(),
        };
        let listener = Arc::new(CallbackListener::new(self.encoding));
        let receiver: Weak<dyn Receiver> = Arc::downgrade(&(Arc::clone(&listener) as Arc<_>));
        let listened = listen_at(&address, receiver, self.encoding.max_message()).await;
        let listened = listened.map_err(|error| self.not_listening(&address, &error))?;
        let address = with_port(&address, listened.local_port());
        listener.listens(address, listened);
        Ok(listener)
    }

    /// In WCF's words where it has some, with what to do.
    fn not_listening(&self, address: &str, error: &ListenError) -> TransportFailure {
        let why = match error.error.kind() {
            io::ErrorKind::PermissionDenied => {
                "HTTP could not register the URL: this process does not have access rights to the port. "
            }
            io::ErrorKind::AddrInUse => {
                "HTTP could not register the URL because the TCP port is being used by another application. "
            }
            _ => "",
        };
        let whose = match self.base {
            None => ", WCF's address where the binding has no clientBaseAddress",
            Some(_) => ", the clientBaseAddress of the binding",
        };
        let reason = format!(
            "the client cannot listen for the service at {address}{whose}: {why}{}",
            error.error
        );
        TransportFailure { cause: TransportCause::Listening, reason }
    }
}

/// `http://MACHINE/Temporary_Listen_Addresses/PROCESS/LISTENER`, at port 80.
fn default_address() -> String {
    let machine = gethostname::gethostname();
    let machine = machine.to_string_lossy();
    format!("http://{machine}/Temporary_Listen_Addresses/{}/{}", *PROCESS, guid())
}

fn guid() -> String {
    uuid_v4(&mut SystemRandom).to_string()
}

/// The address with the port that is listened on, where it left that to the operating system.
fn with_port(address: &str, port: Option<u16>) -> String {
    let of = Address::of(address);
    match (of.port(), of.place(), port) {
        (Some(0), Some(place), Some(port)) => {
            let named = place.strip_suffix(":0").unwrap_or(place);
            address.replacen(place, &format!("{named}:{port}"), 1)
        }
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_is_told() {
        assert_eq!(with_port("http://h:0/cb/1", Some(4711)), "http://h:4711/cb/1");
        assert_eq!(with_port("http://[::1]:0/0:0", Some(80)), "http://[::1]:80/0:0");
        assert_eq!(with_port("http://h:8001/cb", Some(8001)), "http://h:8001/cb");
    }

    #[test]
    fn the_default_address_is_wcf_s() {
        let (one, other) = (default_address(), default_address());
        assert_ne!(one, other, "each listener has its own");
        let of = |address: &str| address.rsplit_once('/').unwrap().0.to_owned();
        assert_eq!(of(&one), of(&other), "the process has one");
        assert!(
            one.contains("/Temporary_Listen_Addresses/") && Address::of(&one).port() == Some(80)
        );
    }
}
