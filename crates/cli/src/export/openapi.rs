//! OpenAPI of the contracts of a source.

use std::sync::Arc;

use waxwing_metadata::QName;
use waxwing_metadata::contract::ContractSet;
use waxwing_metadata::json::{Codec, OpenApiOptions};
use waxwing_metadata::judge::{JudgeOptions, PortVerdict, best, judge};

use crate::peer::Problem;
use crate::source::Source;

/// The text of the document: of each port type the best port counts, since several ports offer the same operations.
///
/// # Errors
/// The source cannot be read, or has no operations.
pub(super) fn document(
    source: &Source,
    title: &Option<String>,
    servers: &[String],
) -> Result<String, Problem> {
    let set = source.load()?;
    let which = &source.which;
    let ignore = which.ignore.iter().map(|(ns, name)| QName::new(ns.as_str(), name.as_str()));
    let options = JudgeOptions { ignore: ignore.collect(), address: which.address.clone() };
    let mut ports = judge(&set, &options);
    which.choose(&mut ports).map_err(Problem::usage)?;
    let mut types: Vec<QName> = Vec::new();
    for name in ports.iter().filter_map(|port| port.port_type.clone()) {
        if !types.contains(&name) {
            types.push(name);
        }
    }
    let bindings: Vec<QName> = types
        .iter()
        .filter_map(|name| {
            let own = |port: &&PortVerdict| port.port_type.as_ref() == Some(name);
            let own: Vec<_> = ports.iter().filter(own).cloned().collect();
            best(&own).map(|port| port.binding.clone())
        })
        .collect();
    let codec = Codec::new(Arc::new(ContractSet::of_bindings(&set, &bindings)));
    let contracts: Vec<_> = codec.contracts().contracts.iter().collect();
    if contracts.is_empty() {
        return Err(Problem::unreadable("the source describes no operations"));
    }
    let options = OpenApiOptions {
        title: title.clone(),
        servers: servers.to_vec(),
        ..OpenApiOptions::default()
    };
    Ok(codec.openapi(&contracts, &options).to_pretty())
}
