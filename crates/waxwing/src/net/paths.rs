//! Which receiver a request is for: those that share a port are told apart by host name and path, as http.sys does.

use std::io;
use std::sync::Arc;

use waxwing_soap::Address;

use super::listener::{HostNames, ListenError, Receiver, Route};
use super::tls::ServiceTls;

/// The receivers that share a host and port.
#[derive(Clone, Default)]
pub(super) struct Paths {
    receivers: Vec<Entry>,
}

#[derive(Clone)]
struct Entry {
    names: Names,
    /// As [`Address::path_key`] has it.
    path: Vec<u8>,
    /// As it stands in the address, and mostly in requests.
    written: String,
    receiver: Arc<dyn Receiver>,
    /// How it speaks TLS.
    tls: Option<ServiceTls>,
}

/// The names that are asked for, those first that go first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Names {
    Strong,
    One(String),
    Weak,
}

impl Paths {
    /// Adds the receiver of a route with this path.
    pub(super) fn add(&mut self, path: Vec<u8>, route: Route) {
        let Route { address, receiver, tls, hosts } = route;
        let names = match hosts {
            HostNames::StrongWildcard => Names::Strong,
            HostNames::Exact => {
                let host = Address::of(&address).host().unwrap_or_default();
                Names::One(host.to_ascii_lowercase())
            }
            HostNames::WeakWildcard => Names::Weak,
        };
        let written = Address::of(&address).path().to_owned();
        self.receivers.push(Entry { names, path, written, receiver, tls });
    }

    /// Who takes a request for this host (as the `Host` header has it, with or without port) and path: first those that take
    /// every name, then those of this name, then those that take what is left; of each, the one with the longest path that
    /// the request's begins with. Escapes, capitals and a slash at the end make no difference.
    pub(super) fn find(&self, host: Option<&str>, path: &str) -> Option<Arc<dyn Receiver>> {
        self.entry(host, path).map(|entry| Arc::clone(&entry.receiver))
    }

    /// The same with how TLS is spoken there.
    pub(super) fn find_with_tls(
        &self,
        host: Option<&str>,
        path: &str,
    ) -> Option<(Arc<dyn Receiver>, Option<ServiceTls>)> {
        self.entry(host, path).map(|entry| (Arc::clone(&entry.receiver), entry.tls.clone()))
    }

    fn entry(&self, host: Option<&str>, path: &str) -> Option<&Entry> {
        if let [only] = &*self.receivers
            && !matches!(only.names, Names::One(_))
            && only.written == path
        {
            return Some(only);
        }
        let path = Address::of(path).path_key();
        let host = host.map(|host| format!("http://{host}"));
        let host = host.as_deref().and_then(|host| Address::of(host).host());
        let asked = |names: &Names| match names {
            Names::Strong | Names::Weak => true,
            Names::One(own) => host.is_some_and(|host| host.eq_ignore_ascii_case(own)),
        };
        let takes = |entry: &&Entry| asked(&entry.names) && is_below(&path, &entry.path);
        let rank = |names: &Names| match names {
            Names::Strong => 2,
            Names::One(_) => 1,
            Names::Weak => 0,
        };
        let found = self.receivers.iter().filter(takes);
        found.max_by_key(|entry| (rank(&entry.names), entry.path.len()))
    }

    /// Takes those of another name of the same machine.
    ///
    /// # Errors
    /// A path is there already: its second receiver would never get a message.
    pub(super) fn join(&mut self, others: &Self, place: &str) -> Result<(), ListenError> {
        for other in &others.receivers {
            let same = |own: &Entry| own.path == other.path && own.names == other.names;
            if self.receivers.iter().any(same) {
                let text = "two endpoints have this place and path, under two names of one machine; give one of \
                            them another path, or both hostNameComparisonMode=\"Exact\" (WCF: A registration already exists \
                            for URI)";
                let error = io::Error::new(io::ErrorKind::AddrInUse, text);
                let address = format!("{place}{}", String::from_utf8_lossy(&other.path));
                return Err(ListenError { address, error });
            }
            self.receivers.push(other.clone());
        }
        Ok(())
    }

    /// # Errors
    /// One port cannot speak with TLS and without, nor show two certificates.
    pub(super) fn agree(&self, place: &str) -> Result<(), ListenError> {
        let mut all = self.receivers.iter().map(|entry| &entry.tls);
        let Some(first) = all.next() else { return Ok(()) };
        let differs = |other: &&Option<ServiceTls>| match (first, other) {
            (None, None) => false,
            (Some(first), Some(other)) => !first.is_like(other),
            _ => true,
        };
        let Some(other) = all.find(differs) else { return Ok(()) };
        let text = match (first, other) {
            (Some(_), Some(_)) => {
                "two endpoints have this port with different certificates or versions of TLS: give one of them another port"
            }
            _ => "one port speaks http or https, not both: give one of the endpoints another port",
        };
        let error = io::Error::new(io::ErrorKind::AddrInUse, text);
        Err(ListenError { address: place.to_owned(), error })
    }

    /// How TLS is spoken: asking clients for their certificate if any of the endpoints needs it.
    pub(super) fn tls(&self) -> Option<ServiceTls> {
        let all = || self.receivers.iter().filter_map(|entry| entry.tls.as_ref());
        all().find(|tls| tls.is_asking()).or_else(|| all().next()).cloned()
    }

    /// All of them.
    pub(super) fn receivers(&self) -> impl Iterator<Item = &Arc<dyn Receiver>> {
        self.receivers.iter().map(|entry| &entry.receiver)
    }

    /// The most octets of a message for any of them.
    pub(super) fn max_message(&self) -> usize {
        self.receivers.iter().map(|entry| entry.receiver.max_message()).max().unwrap_or(0)
    }
}

/// Whether a path is another one or below it, segment by segment; both as [`Address::path_key`] has them.
fn is_below(path: &[u8], folder: &[u8]) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::future::BoxFuture;
    use crate::net::listener::{Incoming, Reply};
    use crate::net::place::place_of;

    /// Told apart by how large its messages may be.
    struct Numbered(usize);

    impl Receiver for Numbered {
        fn max_message(&self) -> usize {
            self.0
        }

        fn receive(self: Arc<Self>, _: Incoming) -> BoxFuture<'static, Reply> {
            Box::pin(async { Reply::Accepted })
        }
    }

    fn paths(routes: &[(&str, HostNames)]) -> Paths {
        let mut paths = Paths::default();
        for (number, (address, hosts)) in routes.iter().enumerate() {
            let receiver = Arc::new(Numbered(number));
            let route =
                Route { address: (*address).to_owned(), receiver, tls: None, hosts: *hosts };
            paths.add(place_of(address).expect("a place").1, route);
        }
        paths
    }

    fn found(paths: &Paths, host: &str, path: &str) -> Option<usize> {
        let host = Some(host).filter(|host| !host.is_empty());
        paths.find(host, path).map(|receiver| receiver.max_message())
    }

    #[test]
    fn the_longest_path_takes_it() {
        use HostNames::StrongWildcard as Strong;
        let paths = paths(&[
            ("http://h/calc", Strong),
            ("http://h/calc/v1/", Strong),
            ("http://h/Gr%C3%BC%C3%9Fe", Strong),
        ]);
        for (path, number) in [
            ("/calc", Some(0)),
            ("/CALC/", Some(0)),
            ("/calc/x", Some(0)),
            ("/calculator", None),
            ("/calc/v1", Some(1)),
            ("/calc/V1/add", Some(1)),
            ("/calc/v10", Some(0)),
            ("/", None),
            ("/gr%c3%bc%c3%9fe", Some(2)),
        ] {
            assert_eq!(found(&paths, "any", path), number, "{path}");
        }
        assert_eq!(found(&self::paths(&[("http://h/", Strong)]), "", "/x/y"), Some(0));
    }

    #[test]
    fn strong_wildcards_go_before_names_and_those_before_weak_ones() {
        use HostNames::{Exact, StrongWildcard, WeakWildcard};
        let paths = paths(&[
            ("http://a.example:80/calc", Exact),
            ("http://b.example/calc", Exact),
            ("http://a.example/calc", WeakWildcard),
            ("http://a.example/calc/v1", StrongWildcard),
            ("http://[::1]/calc", Exact),
        ]);
        for (host, path, number) in [
            ("a.example", "/calc", 0),
            ("A.Example:8080", "/calc/x", 0),
            ("b.example:80", "/calc", 1),
            ("c.example", "/calc", 2),
            ("", "/calc", 2),
            ("[::1]:80", "/calc", 4),
            ("b.example", "/calc/v1/x", 3),
        ] {
            assert_eq!(found(&paths, host, path), Some(number), "{host}{path}");
        }
        let exact = self::paths(&[("http://a.example/calc", Exact)]);
        assert_eq!(found(&exact, "b.example", "/calc"), None);
        assert_eq!(found(&exact, "", "/calc"), None);
    }

    #[test]
    fn two_that_nothing_tells_apart_are_refused() {
        use HostNames::{Exact, StrongWildcard};
        let one = |hosts| paths(&[("http://a.example/calc", hosts)]);
        let other = |hosts| paths(&[("http://b.example/calc", hosts)]);
        assert!(one(StrongWildcard).join(&other(StrongWildcard), "p").is_err());
        assert!(one(Exact).join(&one(Exact), "p").is_err());
        assert!(one(Exact).join(&other(Exact), "p").is_ok());
        assert!(one(StrongWildcard).join(&other(Exact), "p").is_ok());
    }
}
