//! Client and service endpoints of one address, among all files: whether they fit together.

use waxwing::binding::{Configuration, Disagreement, EffectiveEndpoint};

use super::{Checked, Outcome};

/// An endpoint and the file that it stands in.
struct End<'a> {
    file: &'a str,
    endpoint: EffectiveEndpoint,
}

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

/// Every pair in the good files.
pub(super) fn pairs(checked: &[Checked]) -> Vec<Pair> {
    let mut clients = Vec::new();
    let mut services = Vec::new();
    for file in checked.iter().filter(|file| file.is_good()) {
        if let Outcome::Read { check, .. } = &file.outcome {
            let configuration = &check.loaded.configuration;
            let end = |endpoint| End { file: &file.name, endpoint };
            clients.extend(client_ends(configuration).map(end));
            services.extend(service_ends(configuration).map(end));
        }
    }
    let of_client = |client: &End<'_>| -> Vec<Pair> {
        let same = |service: &&End<'_>| meets(&client.endpoint.address, &service.endpoint.address);
        services.iter().filter(same).map(|service| pair(client, service)).collect()
    };
    clients.iter().flat_map(of_client).collect()
}

fn client_ends(configuration: &Configuration) -> impl Iterator<Item = EffectiveEndpoint> {
    configuration.client.endpoints.iter().filter_map(|e| configuration.resolve_client(e).ok())
}

fn service_ends(configuration: &Configuration) -> impl Iterator<Item = EffectiveEndpoint> {
    let services = configuration.services.services.iter();
    services.filter_map(|s| configuration.resolve_service(s, &[]).ok()).flat_map(|s| s.endpoints)
}

fn pair(client: &End<'_>, service: &End<'_>) -> Pair {
    Pair {
        client: client.endpoint.name.clone(),
        client_file: client.file.to_owned(),
        service: service.endpoint.name.clone(),
        service_file: service.file.to_owned(),
        address: client.endpoint.address.clone(),
        disagreements: client.endpoint.disagreements(&service.endpoint),
    }
}

/// Whether a client with one address reaches a service with the other: port and path are the same,
/// and so is the host, unless one of them only knows it as the machine itself.
fn meets(client: &str, service: &str) -> bool {
    let (Some(client), Some(service)) = (parts(client), parts(service)) else { return false };
    let here =
        |host: &str| matches!(host, "localhost" | "127.0.0.1" | "[::1]" | "0.0.0.0" | "*" | "+");
    let host = client.host == service.host || here(&client.host) || here(&service.host);
    host && client.port == service.port && client.path == service.path
}

#[derive(Debug, PartialEq)]
struct Parts {
    host: String,
    port: String,
    path: String,
}

fn parts(address: &str) -> Option<Parts> {
    let (scheme, rest) = address.split_once("://")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, port),
        _ => (authority, if scheme.eq_ignore_ascii_case("https") { "443" } else { "80" }),
    };
    Some(Parts {
        host: host.to_ascii_lowercase(),
        port: port.to_owned(),
        path: path.trim_end_matches('/').to_owned(),
    })
}

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
