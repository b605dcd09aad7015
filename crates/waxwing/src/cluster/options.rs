//! How a node is set up.

use std::fmt;
use std::time::Duration;

use waxwing_crypto::{Certificate, CryptoError, Identity, KeyRing};
use waxwing_store::NodeAddress;

/// A node of several that share a store: how the others reach it, and who may. The fields that are not in
/// [`new`](Self::new) have their defaults there.
///
/// Nodes hand requests to each other over TLS (1.2 or 1.3), where both show a certificate: of one of the authorities, and with
/// one of the names. Nobody else gets as far as a request there. Give the nodes authorities of their own: whoever has a
/// certificate that fits can send messages in everybody's name, as far as the transport says who somebody is.
#[derive(Clone)]
#[non_exhaustive]
pub struct NodeOptions {
    /// The node's name: unique among those that live, at most 256 octets.
    pub name: String,
    /// Where it listens for the other nodes: `host:port`. Default: its [`address`](Self::address).
    pub listen: String,
    /// Where the others reach it: `host:port`. No proxy or load balancer that ends TLS may stand before it.
    pub address: NodeAddress,
    /// Its certificate, with the private key. Where it says what it may be used for, that must be both: server and client.
    pub identity: Identity,
    /// The authorities whose certificates nodes have.
    pub authorities: Vec<Certificate>,
    /// The names that certificates of nodes have, one of them at least: DNS names or addresses. `*.nodes.example` is every name
    /// with one more label.
    pub names: Vec<String>,
    /// The keys that seal what nodes hand to clients instead of remembering it (negotiated tokens): the same in all nodes. Those
    /// of the store will do.
    pub keys: KeyRing,
    /// How long another node may take to be connected to. Default: 3 s.
    pub connect_timeout: Duration,
    /// How long another node may take to answer when it does not say that it lives: it is asked as often. Default: 5 s.
    pub silence_timeout: Duration,
    /// How long a request that was handed on is waited for at most. Default: 60 s, the time that a WCF client waits for an
    /// answer: an operation may take that long. Whoever waits no longer says nothing of the request; the client repeats it.
    pub answer_timeout: Duration,
    /// How many requests may be under way to one other node; more are answered 503. Default: 1,024.
    pub max_requests: usize,
    /// The most octets of a message that is handed on, or of its answer. Default: 64 MiB. What an endpoint takes is less as a
    /// rule.
    pub max_message: usize,
    /// Whether the security contexts of this node carry its name, in base64, for a load balancer that looks into messages
    /// (`<c:SecurityContextToken>…<dnse:Cookie>`). Default: no. WCF's clients repeat it in every message of the session and when
    /// they renew its key; a session that another node has taken over tells that one's name from its next key on.
    pub balancer_cookie: bool,
}

/// Why a node cannot begin.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// Its options cannot be meant, in words for the user.
    #[error("{0}")]
    Options(String),
    /// Its certificate or key cannot be used.
    #[error("the certificate of the node cannot be used: {0}")]
    Certificate(#[from] CryptoError),
    /// The store does not say which nodes there are.
    #[error(transparent)]
    Store(#[from] waxwing_store::StoreError),
    /// It cannot listen for the other nodes.
    #[error("the node cannot be reached by the others: {0}")]
    Listen(String),
}

impl NodeOptions {
    /// With a name, an address for the other nodes, a certificate, whose authorities, the names of all nodes, and the keys that
    /// they share; the rest by default.
    pub fn new(
        name: impl Into<String>,
        address: impl Into<String>,
        identity: Identity,
        authorities: impl IntoIterator<Item = Certificate>,
        names: impl IntoIterator<Item = impl Into<String>>,
        keys: KeyRing,
    ) -> Self {
        let address = address.into();
        Self {
            name: name.into(),
            listen: address.clone(),
            address: NodeAddress(address),
            identity,
            authorities: authorities.into_iter().collect(),
            names: names.into_iter().map(Into::into).collect(),
            keys,
            connect_timeout: Duration::from_secs(3),
            silence_timeout: Duration::from_secs(5),
            answer_timeout: Duration::from_secs(60),
            max_requests: 1024,
            max_message: 64 << 20,
            balancer_cookie: false,
        }
    }

    /// Whether they can be meant.
    ///
    /// # Errors
    /// What cannot, and what to write instead.
    pub(super) fn check(&self) -> Result<(), NodeError> {
        let wrong = |text: String| Err(NodeError::Options(text));
        if self.name.is_empty() || self.name.len() > 256 {
            return wrong("a node needs a name (at most 256 octets)".to_owned());
        }
        for (what, address) in [("address", &self.address.0), ("listen", &self.listen)] {
            if !is_host_and_port(address) {
                return wrong(format!(
                    "the {what} of the node '{}' is '{address}': write a host and a port, as in node1.example:7443",
                    self.name
                ));
            }
        }
        if self.authorities.is_empty() {
            return wrong(format!(
                "the node '{}' knows no authority whose certificates the other nodes have",
                self.name
            ));
        }
        if self.names.is_empty()
            || self.names.iter().any(|name| name.trim().is_empty() || name == "*")
        {
            return wrong(format!(
                "the node '{}' does not say which names the certificates of nodes have: whoever has one of the same authority \
                 could send messages to it",
                self.name
            ));
        }
        if self.max_requests == 0 || self.max_message == 0 {
            return wrong("a node must take one request of one octet, at least".to_owned());
        }
        Ok(())
    }
}

fn is_host_and_port(address: &str) -> bool {
    let Some((host, port)) = address.rsplit_once(':') else { return false };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_literal = host.starts_with('[') && host.ends_with(']');
    !bare.is_empty()
        && (is_literal || !bare.contains(':'))
        && !host.contains(['/', ' ', '@', '?', '#'])
        && port.parse::<u16>().is_ok_and(|port| port > 0)
}

impl fmt::Debug for NodeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeOptions")
            .field("name", &self.name)
            .field("listen", &self.listen)
            .field("address", &self.address)
            .field("certificate", &self.identity.certificate.subject_windows())
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use waxwing_crypto::SealingKey;
    use zeroize::Zeroizing;

    use super::*;

    fn file(name: &str) -> Vec<u8> {
        let path = format!("{}/../../testdata/pki/{name}.pem", env!("CARGO_MANIFEST_DIR"));
        std::fs::read(path).unwrap()
    }

    #[test]
    fn options_that_cannot_be_meant_are_refused() {
        let keys = KeyRing::new(SealingKey::new(Zeroizing::new([7; SealingKey::LENGTH])));
        let identity = Identity::from_pem(&[file("service.cert"), file("service.key")].concat());
        let authorities = Certificate::from_pem(&file("ca.cert")).unwrap();
        let good = NodeOptions::new(
            "a",
            "localhost:7443",
            identity.unwrap(),
            authorities,
            ["localhost"],
            keys,
        );
        good.check().unwrap();
        type Change = fn(&mut NodeOptions);
        let changes: [(Change, &str); 9] = [
            (|options| options.name.clear(), "a name"),
            (|options| options.address.0 = "localhost".into(), "node1.example:7443"),
            (|options| options.listen = "::1:0".into(), "the listen of the node 'a'"),
            (|options| options.listen = "x:0".into(), "a host and a port"),
            (|options| options.address.0 = "https://x:1".into(), "a host and a port"),
            (|options| options.authorities.clear(), "no authority"),
            (|options| options.names.clear(), "which names"),
            (|options| options.names.push("*".into()), "which names"),
            (|options| options.max_requests = 0, "one request"),
        ];
        for (change, says) in changes {
            let mut options = good.clone();
            change(&mut options);
            let text = options.check().unwrap_err().to_string();
            assert!(text.contains(says), "{text}");
        }
        for address in ["10.0.0.1:1", "[::1]:7443", "node-1.example:7443"] {
            assert!(is_host_and_port(address), "{address}");
        }
        assert!(!format!("{good:?}").contains("key"), "{good:?}");
    }
}
