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
