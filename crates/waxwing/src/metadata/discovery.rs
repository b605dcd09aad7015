//! From the address of a service to its metadata: what is asked, in which order.

use waxwing_metadata::load::{Loader, kind_of};
use waxwing_metadata::{DocumentKind, Location};
use waxwing_soap::Address;

use super::attempt::Attempt;
use super::error::MetadataError;
use super::exchange::exchange;
use super::page::links;
use super::remote::Remote;

/// How many paths above an address are asked, from the nearest: base addresses are seldom further away.
const MAX_PARENTS: usize = 4;

/// Asks an address, and gives the loader what comes: its own description, or else one of an address above it (WCF publishes
/// at the base address of a service, and its endpoints lie below) that has a port with this address.
///
/// # Errors
/// Nobody is there, or nothing came that is metadata of this address.
pub(super) async fn discover(
    remote: &mut Remote<'_>,
    loader: &mut Loader,
    address: &str,
    attempts: &mut Vec<Attempt>,
) -> Result<(), MetadataError> {
    let location = Location::new(address);
    let before = attempts.len();
    let is_http = matches!(location.scheme().as_deref(), Some("http" | "https"));
    let unreachable = |attempts: &[Attempt]| MetadataError::Unreachable {
        address: address.to_owned(),
        reason: attempts.last().and_then(|last| last.outcome.clone().err()).unwrap_or_default(),
    };
    if is_http {
        match pages(remote, loader, address, None, attempts).await {
            Asked::Found => return Ok(()),
            Asked::Unreachable => return Err(unreachable(attempts)),
            Asked::Nothing => {}
        }
    }
    let only_messages = is_http && takes_only_messages(&attempts[before..]);
    // The endpoint would take other questions for an attack on its security.
    if only_messages && above(remote, loader, address, attempts).await? {
        return Ok(());
    }
    let mut is_there = is_http;
    for place in places_of_exchange(address) {
        match exchange(remote, &place, attempts).await? {
            Ok(octets) => {
                loader.give(Location::new(place), octets);
                return Ok(());
            }
            // Nobody who is not there is asked at another path.
            Err(failed) if failed.is_unreachable && !is_http => break,
            Err(failed) => is_there |= !failed.is_unreachable,
        }
    }
    if !is_there {
        return Err(unreachable(attempts));
    }
    if is_http && !only_messages && above(remote, loader, address, attempts).await? {
        return Ok(());
    }
    let attempts = attempts[before..].to_vec();
    Err(MetadataError::Nothing { address: address.to_owned(), attempts })
}

/// Whether the address is that of an endpoint that shows no pages.
fn takes_only_messages(attempts: &[Attempt]) -> bool {
    attempts.iter().any(|attempt| attempt.outcome.as_ref().is_err_and(|why| why.contains("405")))
}

/// Asks the addresses above an endpoint: a service publishes at its base address, and its endpoints are below.
async fn above(
    remote: &mut Remote<'_>,
    loader: &mut Loader,
    address: &str,
    attempts: &mut Vec<Attempt>,
) -> Result<bool, MetadataError> {
    for parent in parents(address) {
        match pages(remote, loader, &parent, Some(address), attempts).await {
            Asked::Found => return Ok(true),
            Asked::Unreachable => break,
            Asked::Nothing => {}
        }
        let place = format!("{}/mex", parent.trim_end_matches('/'));
        if place == address {
            continue;
        }
        if let Ok(octets) = exchange(remote, &place, attempts).await? {
            match ports_elsewhere(remote, &Location::new(place.as_str()), &octets, address) {
                None => {
                    loader.give(Location::new(place), octets);
                    return Ok(true);
                }
                Some(why) => attempts.push(Attempt::new("MEX", &place, Err(why))),
            }
        }
    }
    Ok(false)
}

/// The addresses above one, the nearest first: `http://h/a/b` has `http://h/a` and `http://h/`.
fn parents(address: &str) -> Vec<String> {
    let path = address.split(['?', '#']).next().unwrap_or(address).trim_end_matches('/');
    let root = path.find("://").map_or(0, |at| at + 3);
    let mut rest = path;
    let mut found = Vec::new();
    while found.len() < MAX_PARENTS {
        let Some(cut) = rest[root..].rfind('/').map(|at| root + at) else { break };
        rest = &rest[..cut];
        found.push(if rest[root..].contains('/') { rest.to_owned() } else { format!("{rest}/") });
    }
    found
}

/// Why a description that was found above an address is not that of the address: it has other ports.
fn ports_elsewhere(
    remote: &Remote<'_>,
    actual: &Location,
    octets: &[u8],
    address: &str,
) -> Option<String> {
    let mut trial = Loader::new(remote.load.clone());
    trial.give(actual.clone(), octets.to_vec());
    let set = trial.finish();
    let wanted = address.split(['?', '#']).next().unwrap_or(address).trim_end_matches('/');
    let wanted = Address::of(wanted);
    let mut others = Vec::new();
    for port in set.services().flat_map(|service| &service.ports) {
        let Some(at) = &port.address else { continue };
        // Services publish the name that they know of their machine: the path tells one from another.
        if Address::of(at.trim_end_matches('/')).has_path_of(&wanted) {
            return None;
        }
        if !others.contains(at) {
            others.push(at.clone());
        }
    }
    Some(match others.len() {
        0 => "a description without an address".to_owned(),
        1..=4 => format!("a description of other addresses: {}", others.join(", ")),
        more => {
            format!(
                "a description of other addresses: {} and {} more",
                others[..3].join(", "),
                more - 3
            )
        }
    })
}

enum Asked {
    Found,
    Nothing,
    Unreachable,
}

/// GET of the address, of its usual queries, and of what a page names. What is found must have a port at `of`, if given.
async fn pages(
    remote: &mut Remote<'_>,
    loader: &mut Loader,
    address: &str,
    of: Option<&str>,
    attempts: &mut Vec<Attempt>,
) -> Asked {
    let mut addresses = vec![address.to_owned()];
    let path = address.split('#').next().unwrap_or(address);
    if !path.contains('?') {
        addresses.extend([format!("{path}?singleWsdl"), format!("{path}?wsdl")]);
    }
    let mut number = 0;
    while let Some(at) = addresses.get(number).cloned() {
        number += 1;
        let (actual, octets) = match remote.get(&at).await {
            Ok(got) => got,
            Err(failed) => {
                let is_unreachable = failed.is_unreachable;
                attempts.push(Attempt::new("GET", &at, Err(failed.reason)));
                if is_unreachable {
                    return Asked::Unreachable;
                }
                continue;
            }
        };
        let kind = kind_of(&octets);
        let other = of.filter(|_| is_metadata(kind));
        if let Some(why) = other.and_then(|of| ports_elsewhere(remote, &actual, &octets, of)) {
            attempts.push(Attempt::new("GET", &at, Err(why)));
            continue;
        }
        if is_metadata(kind) {
            attempts.push(Attempt::new("GET", &at, Ok(kind.as_str())));
            loader.give(actual, octets);
            return Asked::Found;
        }
        let told = match kind {
            DocumentKind::Html => "a page for people",
            DocumentKind::Other => "XML that is no metadata",
            _ => "no XML",
        };
        attempts.push(Attempt::new("GET", &at, Err(told.to_owned())));
        if kind == DocumentKind::Html {
            let further = links(&actual, &octets).into_iter();
            let new: Vec<_> = further.filter(|link| !addresses.contains(link)).collect();
            addresses.extend(new);
        }
    }
    Asked::Nothing
}

fn is_metadata(kind: DocumentKind) -> bool {
    !matches!(kind, DocumentKind::Html | DocumentKind::Other | DocumentKind::Unreadable)
}

/// The address itself, and with `/mex`.
fn places_of_exchange(address: &str) -> Vec<String> {
    let path = address.split(['?', '#']).next().unwrap_or(address);
    let path = path.trim_end_matches('/');
    let mut places = vec![address.to_owned()];
    if !path.ends_with("/mex") {
        places.push(format!("{path}/mex"));
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_are_the_paths_above() {
        assert_eq!(parents("http://h:1/a/b/?wsdl"), ["http://h:1/a", "http://h:1/"]);
        assert_eq!(parents("http://h/a"), ["http://h/"]);
        assert_eq!(parents("http://h/"), [""; 0]);
        assert_eq!(parents("http://h?x=/a"), [""; 0]);
        assert_eq!(parents("http://h/1/2/3/4/5/6").len(), MAX_PARENTS);
    }
}
