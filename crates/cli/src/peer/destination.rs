//! Whether credentials may go where a stranger's document says.

use waxwing_metadata::Location;
use waxwing_metadata::judge::PortVerdict;

use super::credentials::Credentials;
use super::problem::Problem;
use crate::source::{Limits, Which};

/// A description that came from the network names an address; what we prove ourselves with goes there only where it is the
/// host that we asked, without giving up TLS, or where the user has said so.
///
/// # Errors
/// It is not.
pub(crate) fn check(
    sources: &[String],
    port: &PortVerdict,
    which: &Which,
    limits: &Limits,
    credentials: &Credentials,
) -> Result<(), Problem> {
    let (Some(address), None) = (&port.address, &which.address) else { return Ok(()) };
    let to = Location::new(address.as_str());
    let asked: Vec<Location> =
        sources.iter().map(|source| Location::new(source.as_str())).collect();
    // Files are the user's own.
    let mut asked = asked.iter().filter(|source| source.origin().is_some()).peekable();
    if !credentials.are_given() || asked.peek().is_none() {
        return Ok(());
    }
    let allowed = limits.reader_options().allows_origin(&to.origin().unwrap_or_default());
    let Some(first) = asked.peek().map(|source| source.to_string()) else { return Ok(()) };
    if allowed || asked.any(|from| may_go(from, &to)) {
        return Ok(());
    }
    Err(Problem::usage(format!(
        "the service at {first} says that its port {} is at {address}, which is another host or without TLS: the credentials \
         are not sent there. If it is meant, say --address {address}",
        port.port
    )))
}

fn may_go(from: &Location, to: &Location) -> bool {
    let (from_host, to_host) = (from.host(), to.host());
    let is_downgrade =
        from.scheme().as_deref() == Some("https") && to.scheme().as_deref() == Some("http");
    from_host.is_some() && from_host == to_host && !is_downgrade
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_stay_with_the_host_that_was_asked() {
        let go = |from: &str, to: &str| may_go(&Location::new(from), &Location::new(to));
        assert!(go("https://h/calc?wsdl", "https://H:8443/calc"));
        assert!(go("http://h/calc?wsdl", "https://h/calc"));
        assert!(go("http://h:8001/mex", "net.tcp://h:808/calc"));
        assert!(go("http://[::1]:80/calc?wsdl", "http://[::1]/calc"));
        assert!(!go("https://h/calc?wsdl", "http://h/calc"));
        assert!(!go("https://h/calc?wsdl", "https://evil/calc"));
        assert!(!go("https://h/calc?wsdl", "https://h@evil/calc"));
        assert!(!go("https://h/calc?wsdl", "https://h.evil/calc"));
        assert!(!go("http://[::1]/calc?wsdl", "http://[::2]/calc"));
        assert!(!go("https://h/calc?wsdl", "calc"));
    }
}
