//! In what an endpoint of a file differs from what the metadata say.

use std::collections::BTreeMap;

use waxwing_binding::{ClientEndpoint, Configuration, Role};

/// The differences of an endpoint that two files have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Apart {
    /// Of the endpoint itself: address, identity, contract.
    pub endpoint: Vec<String>,
    /// Of the binding: settings by which the two ends would not understand each other.
    pub binding: Vec<String>,
}

impl Apart {
    /// Whether the bindings are the same on the wire.
    pub(super) fn fits(&self) -> bool {
        self.binding.is_empty()
    }

    /// All of them.
    pub(super) fn words(&self) -> Vec<String> {
        self.endpoint.iter().chain(&self.binding).cloned().collect()
    }
}

/// By the names of the endpoints that are in both files: where the one that exists differs. What only it has (headers,
/// behaviors, timeouts, quotas) is no difference.
pub fn apart(existing: &str, new: &str) -> BTreeMap<String, Apart> {
    let old = Configuration::load(existing).configuration;
    let new = Configuration::load(new).configuration;
    let mut found = BTreeMap::new();
    for endpoint in &new.client.endpoints {
        let twin = old.client.endpoints.iter().find(|twin| twin.name == endpoint.name);
        if let Some(twin) = twin {
            let endpoint_differs = of_endpoint(twin, endpoint);
            let binding = of_binding((&old, twin), (&new, endpoint));
            found.insert(endpoint.name.clone(), Apart { endpoint: endpoint_differs, binding });
        }
    }
    found
}

fn of_endpoint(old: &ClientEndpoint, new: &ClientEndpoint) -> Vec<String> {
    let mut found = Vec::new();
    let (here, there) = (old.address.as_deref(), new.address.as_deref());
    let (here, there) = (here.unwrap_or_default(), there.unwrap_or_default());
    if here != there {
        found.push(format!("address: the file has {here}, the metadata {there}"));
    }
    if old.contract != new.contract {
        let (here, there) = (&old.contract, &new.contract);
        found.push(format!("contract: the file has {here}, the metadata {there}"));
    }
    if new.identity.is_some() && old.identity != new.identity {
        found.push("identity".to_owned());
    }
    found
}

fn of_binding(
    (old_file, old): (&Configuration, &ClientEndpoint),
    (new_file, new): (&Configuration, &ClientEndpoint),
) -> Vec<String> {
    // Behaviors are the client's own, and say nothing of the binding.
    let mut old = old.clone();
    old.behavior_configuration = Default::default();
    let (Ok(here), Ok(mut there)) = (old_file.resolve_client(&old), new_file.resolve_client(new))
    else {
        return vec!["binding: that of the file cannot be used".to_owned()];
    };
    there.role = Role::Service;
    // The scheme of an address is told as the address.
    let differs = here.disagreements(&there).into_iter();
    differs
        .map(|d| {
            let of = d.contracts.words();
            format!("{}{of}: the file has {}, the metadata {}", d.setting, d.here, d.there)
        })
        .collect()
}
