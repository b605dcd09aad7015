//! `<node>` of a configuration file.

use std::path::Path;
use std::time::Duration;

use waxwing_binding::{Node, TimeSpan};
use waxwing_crypto::{Certificate, Identity, KeyRing};

use super::options::{NodeError, NodeOptions};

/// The most octets of a file of certificates.
const MAX_FILE: u64 = 1 << 20;

impl NodeOptions {
    /// What a configuration file says of this process among others; none: it is alone. `folder` is that of the file, `keys` those
    /// that all nodes have.
    ///
    /// # Errors
    /// Something is missing or cannot be read; what, and what to write.
    pub(crate) fn of(
        node: &Node,
        folder: &Path,
        keys: impl FnOnce() -> Result<Option<KeyRing>, String>,
    ) -> Result<Option<Self>, NodeError> {
        let Some(name) = &node.name else {
            return match *node == Node::default() {
                true => Ok(None),
                false => wrong("it has no name: write name=\"…\", another one for each node"),
            };
        };
        if node.certificate.is_empty() || node.authorities.is_empty() {
            return wrong(
                "it has no certificate, or does not say whose certificates the other nodes have: write certificate=\"…\" and \
                 authorities=\"…\", files of PEM",
            );
        }
        let Some(keys) = keys().map_err(NodeError::Options)? else {
            return wrong(
                "it has no keys to share with the other nodes: write keyFile=\"…\" (32 random octets in base64, the same file at \
                 all nodes)",
            );
        };
        let mut pem = read(folder, &node.certificate)?;
        if let Some(key) = &node.key {
            pem.push(b'\n');
            pem.extend_from_slice(&read(folder, key)?);
        }
        let identity = Identity::from_pem(&pem)?;
        let authorities = Certificate::from_pem(&read(folder, &node.authorities)?)?;
        let names = node.names.split_whitespace().map(|name| name.trim_matches(','));
        let mut options = Self::new(name, &*node.address, identity, authorities, names, keys);
        if let Some(listen) = &node.listen {
            options.listen.clone_from(listen);
        }
        // Without an end is as long as anybody can mean.
        let length = |span: TimeSpan| span.duration().unwrap_or(Duration::from_secs(24 * 3600));
        options.silence_timeout = length(node.silence_timeout);
        options.answer_timeout = length(node.answer_timeout);
        options.balancer_cookie = node.balancer_cookie;
        options.connect_timeout = length(node.connect_timeout);
        options.max_requests = node.max_requests as usize;
        options.max_message = usize::try_from(node.max_message).unwrap_or(usize::MAX);
        options.check()?;
        Ok(Some(options))
    }
}

fn wrong<T>(text: &str) -> Result<T, NodeError> {
    Err(NodeError::Options(format!("<node> of the section <waxwing>: {text}")))
}

/// A file whose name counts from the folder. A private key may be in it.
fn read(folder: &Path, name: &str) -> Result<zeroize::Zeroizing<Vec<u8>>, NodeError> {
    use std::io::Read as _;
    let path = folder.join(name);
    let mut octets = zeroize::Zeroizing::new(Vec::new());
    let file = std::fs::File::open(&path);
    let all = file.and_then(|file| file.take(MAX_FILE).read_to_end(&mut octets));
    all.map(|_| octets).map_err(|error| {
        NodeError::Options(format!("the file {} of <node> cannot be read: {error}", path.display()))
    })
}

#[cfg(test)]
mod tests {
    use waxwing_crypto::SealingKey;
    use zeroize::Zeroizing;

    use super::*;

    fn of(node: &Node, has_keys: bool) -> Result<Option<NodeOptions>, String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pki");
        let ring = || KeyRing::new(SealingKey::new(Zeroizing::new([7; SealingKey::LENGTH])));
        let keys = || Ok(has_keys.then(ring));
        NodeOptions::of(node, &folder, keys).map_err(|error| error.to_string())
    }

    #[test]
    fn a_node_is_what_its_element_says() {
        let node = Node {
            name: Some("a".to_owned()),
            address: "localhost:7443".to_owned(),
            listen: Some("127.0.0.1:7444".to_owned()),
            certificate: "service.cert.pem".to_owned(),
            key: Some("service.key.pem".to_owned()),
            authorities: "ca.cert.pem".to_owned(),
            names: "localhost, *.nodes.example".to_owned(),
            ..Node::default()
        };
        let options = of(&node, true).unwrap().unwrap();
        assert_eq!(
            (options.listen.as_str(), options.address.0.as_str()),
            ("127.0.0.1:7444", "localhost:7443")
        );
        assert_eq!(options.names, ["localhost", "*.nodes.example"]);
        assert_eq!(options.silence_timeout.as_secs(), 5);
        assert_eq!(
            (options.connect_timeout.as_secs(), options.max_requests, options.max_message),
            (3, 1024, 64 << 20)
        );
        let said = of(&node.clone().max_requests(7_u32).max_message(9_u64), true).unwrap().unwrap();
        assert_eq!((said.max_requests, said.max_message), (7, 9));
        assert!(of(&Node::default(), true).unwrap().is_none());
        let without = |change: fn(&mut Node)| {
            let mut node = node.clone();
            change(&mut node);
            of(&node, true).unwrap_err()
        };
        assert!(of(&node, false).unwrap_err().contains("keyFile"));
        assert!(without(|node| node.name = None).contains("no name"));
        assert!(without(|node| node.key = None).contains("key"));
        assert!(without(|node| node.certificate.clear()).contains("certificate=\"…\""));
        assert!(without(|node| node.certificate = "nobody.pem".into()).contains("nobody.pem"));
        assert!(without(|node| node.names.clear()).contains("which names"));
        assert!(without(|node| node.address.clear()).contains("node1.example:7443"));
    }
}
