//! A client's configuration file in place of what a description says.

use std::path::Path;

use waxwing::binding::ClientEndpoint;
use waxwing::contract::OwnedContract;
use waxwing::soap::Address;
use waxwing::{ChannelError, ChannelFactory, ConfigurationFile};

use super::problem::Problem;

/// Whether a source is a configuration file.
pub(crate) fn is_configuration(source: &str) -> bool {
    let extension = Path::new(source).extension();
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("config"))
}

/// A configuration file, the endpoint in it, and the contract as that endpoint calls it.
///
/// # Errors
/// The file cannot be read, or has no such endpoint.
pub(crate) fn configured(
    path: &Path,
    endpoint: Option<&str>,
    contract: OwnedContract,
) -> Result<(ConfigurationFile, String, OwnedContract), Problem> {
    let file = load(path)?;
    let endpoints = &file.configuration().client.endpoints;
    let shown = path.display();
    if endpoints.is_empty() {
        let whose = match file.configuration().services.services.is_empty() {
            true => "",
            false => ": it is the file of a service; give that of a client",
        };
        return Err(Problem::usage(format!("{shown} has no client endpoint{whose}")));
    }
    // The name of the contract in the file is that of somebody's code: the last part is that of the port type.
    let last = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
    let fits = |own: &&ClientEndpoint| match endpoint {
        Some(name) => own.name == name,
        None => last(&own.contract) == last(contract.name()),
    };
    let mut found = endpoints.iter().filter(fits);
    let chosen = match (found.next(), found.next(), endpoints.as_slice()) {
        (Some(one), None, _) => Some(one),
        (None, _, [only]) if endpoint.is_none() => Some(only),
        _ => None,
    };
    let Some(chosen) = chosen else {
        let names = endpoints.iter().map(|own| match own.name.as_str() {
            "" => format!("\"\" (contract {})", own.contract),
            name => name.to_owned(),
        });
        let names = names.collect::<Vec<_>>().join(", ");
        let wanted = match (endpoint, contract.name()) {
            (Some(name), _) => format!("no client endpoint {name}"),
            (None, "*") => "several client endpoints".to_owned(),
            (None, contract) => format!("not one client endpoint for {contract}"),
        };
        return Err(Problem::usage(format!(
            "{shown} has {wanted}: choose by --endpoint one of {names}"
        )));
    };
    let (name, known) = (chosen.name.clone(), contract.with_configuration_name(&chosen.contract));
    Ok((file, name, known))
}

fn load(path: &Path) -> Result<ConfigurationFile, Problem> {
    ConfigurationFile::load(path).map_err(|error| Problem::unreadable(error.to_string()))
}

/// The addresses of the client endpoints in a file, or that of the one that is meant. A file that cannot be read has none:
/// whoever takes the binding from it says so.
pub(crate) fn addresses(path: &Path, endpoint: Option<&str>) -> Vec<String> {
    let Ok(file) = load(path) else { return Vec::new() };
    let all = file.configuration().client.endpoints.iter();
    let meant = all.filter(|own| endpoint.is_none_or(|name| own.name == name));
    meant.filter_map(|own| own.address.clone()).collect()
}

/// The factory of channels with the binding and the credentials of a file, to the address of the service as it says itself
/// or as it was given: a file is often that of another machine. That they differ is told, unless the address was `given`.
///
/// # Errors
/// As [`configured`]; or what the endpoint says cannot run.
pub(crate) fn factory_of(
    path: &Path,
    endpoint: Option<&str>,
    contract: OwnedContract,
    address: Option<&str>,
    given: bool,
) -> Result<ChannelFactory, Problem> {
    let (file, name, contract) = configured(path, endpoint, contract)?;
    let failed = |error: ChannelError| Problem::failed(error.to_string());
    let factory = ChannelFactory::from_config(&file, &name, contract).map_err(failed)?;
    // `REPLACE_WITH_ACTUAL_URL` and the like are no addresses.
    let Some(address) = address.filter(|own| Address::of(own).authority().is_some()) else {
        return Ok(factory);
    };
    let own = &factory.endpoint().address;
    if !given && !own.is_empty() && !same(own, address) {
        let file = path.display();
        eprintln!(
            "note: {file} has the address {own}; called is {address}, as the service describes itself (--address calls another)"
        );
    }
    Ok(factory.address(address))
}

/// Whether two addresses are the same but for a slash at the end and the case of letters, which WCF does not tell apart.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.trim_end_matches('/').eq_ignore_ascii_case(other.trim_end_matches('/'))
}
