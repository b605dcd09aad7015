//! From the address of a service to its metadata: what is asked, in which order.

use waxwing_metadata::load::{Loader, kind_of};
use waxwing_metadata::{DocumentKind, Location};

use super::attempt::Attempt;
use super::error::MetadataError;
use super::exchange::exchange;
use super::page::links;
use super::remote::Remote;

/// Asks an address, and gives the loader what comes.
///
/// # Errors
/// Nothing came that is metadata.
pub(super) async fn discover(
    remote: &mut Remote<'_>,
    loader: &mut Loader,
    address: &str,
    attempts: &mut Vec<Attempt>,
) -> Result<(), MetadataError> {
    let location = Location::new(address);
    let before = attempts.len();
    let is_http = matches!(location.scheme().as_deref(), Some("http" | "https"));
    let mut is_there = true;
    if is_http {
        match pages(remote, loader, address, attempts).await {
            Asked::Found => return Ok(()),
            Asked::Unreachable => is_there = false,
            Asked::Nothing => {}
        }
    }
    if is_there && is_http && takes_only_messages(&attempts[before..]) {
        // The endpoint would take other questions for an attack on its security.
        if above(remote, loader, address, attempts).await {
            return Ok(());
        }
    }
    if is_there {
        for place in places_of_exchange(address) {
            if let Ok(octets) = exchange(remote, &place, attempts).await? {
                loader.give(Location::new(place), octets);
                return Ok(());
            }
        }
    }
    let attempts = attempts[before..].to_vec();
    Err(MetadataError::Nothing { address: address.to_owned(), attempts })
}

enum Asked {
    Found,
    Nothing,
    Unreachable,
}

/// GET of the address, of its usual queries, and of what a page names.
async fn pages(
    remote: &mut Remote<'_>,
    loader: &mut Loader,
    address: &str,
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

/// How many folders above an endpoint are asked.
const MAX_FOLDERS: usize = 3;

/// Whether the address is that of an endpoint that shows no pages.
fn takes_only_messages(attempts: &[Attempt]) -> bool {
    attempts.iter().any(|attempt| attempt.outcome.as_ref().is_err_and(|why| why.contains("405")))
}

/// GET above the address: a service publishes at its base address, and its endpoints are below. What is found there has to
/// speak of the endpoint; another service may be above.
async fn above(
    remote: &mut Remote<'_>,
    loader: &mut Loader,
    address: &str,
    attempts: &mut Vec<Attempt>,
) -> bool {
    let whole = address.split(['?', '#']).next().unwrap_or(address).trim_end_matches('/');
    let start = whole.find("://").map_or(0, |at| at + 3);
    let Some(path) = whole[start..].find('/').map(|at| start + at) else { return false };
    let endpoint = &whole[path..];
    let ends = whole.rmatch_indices('/').map(|(at, _)| at).take_while(|at| *at >= path);
    for end in ends.take(MAX_FOLDERS) {
        let folder = if end == path { &whole[..=end] } else { &whole[..end] };
        for query in ["?singleWsdl", "?wsdl"] {
            let at = format!("{folder}{query}");
            let (actual, octets) = match remote.get(&at).await {
                Ok(got) => got,
                Err(failed) => {
                    attempts.push(Attempt::new("GET", &at, Err(failed.reason)));
                    if failed.is_unreachable {
                        return false;
                    }
                    continue;
                }
            };
            let kind = kind_of(&octets);
            let speaks = octets.windows(endpoint.len()).any(|part| part == endpoint.as_bytes());
            if is_metadata(kind) && speaks {
                attempts.push(Attempt::new("GET", &at, Ok(kind.as_str())));
                loader.give(actual, octets);
                return true;
            }
            let told = "nothing about this endpoint".to_owned();
            attempts.push(Attempt::new("GET", &at, Err(told)));
        }
    }
    false
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
