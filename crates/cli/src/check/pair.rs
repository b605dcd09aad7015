//! Two ends of one address.

use waxwing::binding::{Address, Contracts, Disagreement};

/// The two ends of an address.
pub(super) struct Pair {
    /// Name of the client endpoint.
    pub(super) client: String,
    /// The file that it stands in.
    pub(super) client_file: String,
    /// Name of the service endpoint.
    pub(super) service: String,
    /// The file that it stands in.
    pub(super) service_file: String,
    /// The address as the client has it.
    pub(super) address: String,
    /// What keeps them from understanding each other.
    pub(super) disagreements: Vec<Disagreement>,
}

impl Pair {
    /// Whether they would not understand each other, whatever the contract is.
    pub(super) fn is_apart(&self) -> bool {
        self.disagreements.iter().any(|d| d.contracts == Contracts::All)
    }
}

/// Whether a client with one address reaches a service with the other: port and path are the same,
/// and so is the host, unless one of them only knows it as the machine itself.
pub(super) fn meets(client: &str, service: &str) -> bool {
    let (client, service) = (Address::of(client), Address::of(service));
    let (Some(to), Some(at)) = (client.host(), service.host()) else { return false };
    let here = |host: &str| HERE.iter().any(|here| here.eq_ignore_ascii_case(host));
    let path = |address: &Address<'_>| address.path().trim_end_matches('/').to_owned();
    (to.eq_ignore_ascii_case(at) || here(to) || here(at))
        && client.port() == service.port()
        && path(&client) == path(&service)
}

/// Hosts that each machine takes for itself.
const HERE: &[&str] = &["localhost", "127.0.0.1", "::1", "0.0.0.0", "*", "+"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_meet_by_port_and_path() {
        assert!(meets("http://calc.example/calc", "http://localhost:80/calc/"));
        assert!(meets("http://CALC.example:8000/calc", "http://calc.example:8000/calc"));
        assert!(meets("https://h/x", "https://h:443/x"));
        assert!(!meets("http://a:8000/calc", "http://b:8000/calc"));
        assert!(!meets("http://h:8000/calc", "http://h:8001/calc"));
        assert!(!meets("http://h/calc", "http://h/Calc"));
        assert!(!meets("calc", "http://h/calc"));
    }
}
