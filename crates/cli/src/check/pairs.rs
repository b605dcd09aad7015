//! Client and service endpoints of one address, among all files: whether they fit together.

use waxwing::binding::{Configuration, EffectiveEndpoint};

use super::pair::{Pair, meets};
use super::{Checked, Outcome, live};

/// An endpoint and the file that it stands in.
struct End<'a> {
    file: &'a str,
    endpoint: EffectiveEndpoint,
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
    let mut found: Vec<Pair> = clients.iter().flat_map(of_client).collect();
    for service in checked {
        let Outcome::Live(live) = &service.outcome else { continue };
        let pairs =
            clients.iter().filter_map(|c| live::pair(&c.endpoint, c.file, live, &service.name));
        found.extend(pairs);
    }
    found
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
