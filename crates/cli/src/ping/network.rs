//! The name of the host, and a connection to it.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use waxwing::soap::Address;

use super::report::{Report, Step};
use crate::peer::Problem;

/// Scheme, host and port of an address.
pub(super) fn place(address: &Address<'_>) -> Result<(String, String, u16), Problem> {
    let scheme = address.scheme().unwrap_or_default().to_ascii_lowercase();
    let default = match scheme.as_str() {
        "http" => 80,
        "https" => 443,
        "net.tcp" => 808,
        other => {
            return Err(Problem::usage(format!(
                "there is no way to {other}: give an address that begins with http:// or https://"
            )));
        }
    };
    let authority = address.authority().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => {
            let wrong = |_| Problem::usage(format!("{port} is no port"));
            (host, port.parse().map_err(wrong)?)
        }
        _ => (authority, default),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Ok((scheme, host.to_owned(), port))
}

/// The addresses of a host.
pub(super) async fn resolve(host: &str, port: u16, report: &mut Report) -> Option<Vec<SocketAddr>> {
    let began = Instant::now();
    let found = tokio::net::lookup_host((host, port)).await.map(Iterator::collect::<Vec<_>>);
    match found {
        Ok(addresses) if !addresses.is_empty() => {
            let texts: Vec<_> = addresses.iter().map(|address| address.ip().to_string()).collect();
            let text = format!("{host} is {}", texts.join(", "));
            report.add(Step::good("name", began.elapsed(), text));
            Some(addresses)
        }
        other => {
            let why = other.err().map(|error| format!(": {error}")).unwrap_or_default();
            let step = Step::failed("name", began.elapsed(), format!("{host} has no address{why}"));
            let help =
                "is the name right, and known to the DNS of this machine? A VPN may have to be up";
            report.add(step.help(help));
            None
        }
    }
}

/// A connection to the first address that takes one.
pub(super) async fn connect(
    addresses: &[SocketAddr],
    port: u16,
    timeout: Duration,
    report: &mut Report,
) -> Option<TcpStream> {
    let began = Instant::now();
    let all = addresses.to_vec();
    let tried = tokio::task::spawn_blocking(move || {
        let mut last = None;
        for address in all {
            match TcpStream::connect_timeout(&address, timeout) {
                Ok(stream) => return Ok((address, stream)),
                Err(error) => last = Some((address, error)),
            }
        }
        Err(last)
    });
    match tried.await {
        Ok(Ok((address, stream))) => {
            report.add(Step::good("connection", began.elapsed(), format!("to {address}")));
            Some(stream)
        }
        Ok(Err(Some((address, error)))) => {
            let help = match error.kind() {
                std::io::ErrorKind::ConnectionRefused => format!(
                    "nothing listens on port {port}: is the service started, and is the port that of its endpoint?"
                ),
                _ => "the host, or a firewall on the way, lets nothing through; a proxy (HTTPS_PROXY, <defaultProxy>) is \
                      not asked by this step"
                    .to_owned(),
            };
            let text = format!("to {address}: {error}");
            report.add(Step::failed("connection", began.elapsed(), text).help(help));
            None
        }
        Ok(Err(None)) | Err(_) => {
            report.add(Step::failed("connection", began.elapsed(), "no address to connect to"));
            None
        }
    }
}
