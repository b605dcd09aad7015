//! Why there are no metadata.

use std::io;

use waxwing_metadata::mex::how_wcf_publishes;

use super::attempt::Attempt;

/// Why a source cannot be read.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// No such file or folder, or it cannot be read.
    #[error("{path} cannot be read: {error}")]
    File {
        /// The file or folder.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// A folder has no file that may hold metadata.
    #[error(
        "the folder {0} has no files: expected are .wsdl and .xsd, or a Reference.svcmap with the files that it names"
    )]
    EmptyFolder(String),
    /// The network does not lead to the address: nobody listens, an unknown host, no answer in time.
    #[error("{address} cannot be reached: {reason}{}", advice_of_tls(address, reason).map(|a| format!("\n{a}")).unwrap_or_default())]
    Unreachable {
        /// The address.
        address: String,
        /// What the network says.
        reason: String,
    },
    /// Nobody at the address says anything of itself.
    #[error("no metadata at {address}. Tried:{}\n{}", list(attempts), advice(address, attempts))]
    Nothing {
        /// The address.
        address: String,
        /// What was tried, in order.
        attempts: Vec<Attempt>,
    },
    /// The address is of a transport that nobody has.
    #[error(
        "{address} cannot be asked: this version asks over http, https and net.tcp. Give the address of the service's metadata over \
         HTTP (<serviceMetadata httpGetEnabled=\"true\" httpGetUrl=\"http://…\"/> in the service's behavior), or a file that \
         svcutil /t:metadata has written"
    )]
    Scheme {
        /// The address.
        address: String,
    },
    /// What the connections need cannot be set up: certificates, the proxy.
    #[error("{address} cannot be asked: {reason}")]
    Setup {
        /// The address.
        address: String,
        /// Why, and what to do.
        reason: String,
    },
}

debug_is_display!(MetadataError);

/// The first sentence of a fault, which has long ones; other reasons say what to do in their last.
fn short(why: &str) -> String {
    const LONGEST: usize = 400;
    let is_fault = why.starts_with("a fault came");
    let first = why.split_once(". ").filter(|_| is_fault).map_or(why, |(first, _)| first);
    match first.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &first[..at]),
        None => first.to_owned(),
    }
}

/// A line for each address and way: `GET http://h/calc, ?singleWsdl, ?wsdl: HTTP 405 Method Not Allowed`.
fn list(attempts: &[Attempt]) -> String {
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut last: Option<(&str, &str)> = None;
    for attempt in attempts {
        let outcome = match &attempt.outcome {
            Ok(kind) => (*kind).to_owned(),
            Err(why) => short(why),
        };
        let (way, more) = attempt.how.split_once(", ").unwrap_or((attempt.how, ""));
        let cut = attempt.address.find('?').unwrap_or(attempt.address.len());
        let (path, query) = attempt.address.split_at(cut);
        let shown = if more.is_empty() { String::new() } else { format!(" ({more})") };
        let again = if more.is_empty() { query } else { more };
        match lines.last_mut() {
            Some((line, known))
                if last == Some((way, path)) && *known == outcome && !again.is_empty() =>
            {
                line.push_str(&format!(", {again}"));
            }
            _ => lines.push((format!("{way} {}{shown}", attempt.address), outcome)),
        }
        last = Some((way, path));
    }
    lines.iter().map(|(line, outcome)| format!("\n  {line}: {outcome}")).collect()
}

/// What helps where TLS has failed for this reason.
fn advice_of_tls(address: &str, reason: &str) -> Option<String> {
    if reason.contains("has no chain to a trusted root") {
        return Some(
            "--ca FILE believes one more authority (in code: MetadataReader::https_roots)"
                .to_owned(),
        );
    }
    // Alert 116 of TLS 1.3, and what OpenSSL calls the same of a server with TLS 1.2 that ends the handshake.
    let alerts = ["alert certificate required", "alert handshake failure"];
    alerts.iter().any(|alert| reason.contains(alert)).then(|| {
        format!(
            "Probably {address} wants a client certificate: --client-certificate FILE (in code: \
             MetadataReader::client_certificate)"
        )
    })
}

fn advice(address: &str, attempts: &[Attempt]) -> String {
    let mut reasons = attempts.iter().filter_map(|one| one.outcome.as_ref().err());
    if let Some(advice) = reasons.find_map(|reason| advice_of_tls(address, reason)) {
        return advice;
    }
    if attempts.iter().any(Attempt::is_of_login) {
        return "Metadata that were saved in another way can be given as files.".to_owned();
    }
    format!(
        "Is {address} the address of the service, and does it publish metadata? WCF does {}.",
        how_wcf_publishes(address)
    )
}
