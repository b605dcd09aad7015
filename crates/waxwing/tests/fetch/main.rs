//! Metadata fetched from files, folders and addresses.

#![allow(clippy::disallowed_methods, unreachable_pub, dead_code, missing_docs)]

mod addresses;
#[path = "../common/mod.rs"]
mod common;
mod exchanges;
mod folders;
mod logins;
mod over_tcp;
mod server;

use waxwing::metadata::{Metadata, MetadataError, MetadataReader};

/// What a set says, for comparisons: services with addresses, operations, and the names of all global things.
pub fn told(metadata: &Metadata) -> Vec<String> {
    let set = &metadata.set;
    let mut found = Vec::new();
    for service in set.services() {
        for port in &service.ports {
            found.push(format!("port {} {} {:?}", service.name, port.name, port.address));
        }
    }
    for port_type in set.port_types() {
        let operations = port_type.operations.iter();
        found.extend(operations.map(|o| format!("operation {} {}", port_type.name, o.name)));
    }
    for schema in set.schemas() {
        found.extend(schema.elements.iter().map(|e| format!("element {}", e.name)));
        found
            .extend(schema.types.iter().filter_map(|t| Some(format!("type {}", t.name.as_ref()?))));
    }
    found.sort();
    found
}

pub async fn read(source: &str) -> Result<Metadata, MetadataError> {
    MetadataReader::new().no_proxy().read([source]).await
}

pub fn attempts(metadata: &Metadata) -> Vec<String> {
    metadata.attempts.iter().map(|a| format!("{} {}", a.how, a.outcome.is_ok())).collect()
}

pub fn codes(metadata: &Metadata) -> Vec<&'static str> {
    metadata.set.findings().iter().map(|finding| finding.code).collect()
}
