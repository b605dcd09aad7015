//! TLS: what the server speaks and shows, and whether it is believed.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};
use waxwing::certificates::CertificateStores;
use waxwing::crypto::Certificate;
use waxwing::jiff::Timestamp;

use super::report::{Report, Step};
use crate::peer::hint;

/// A certificate that ends sooner is told beforehand: days.
const SOON: i64 = 30;
/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// Whom we believe beside the system.
pub(super) struct Trust {
    pub(super) authorities: Vec<Certificate>,
    pub(super) all: bool,
}

/// What a server spoke and showed.
struct Shown {
    version: &'static str,
    cipher: String,
    chain: Vec<Certificate>,
}

/// A handshake on a connection, whatever the certificate; then the verdict on it. Gives whether it is believed.
pub(super) async fn handshake(
    stream: TcpStream,
    host: &str,
    trust: Trust,
    timeout: Duration,
    report: &mut Report,
) -> bool {
    let began = Instant::now();
    let name = host.to_owned();
    let done = tokio::task::spawn_blocking(move || shake(stream, &name, timeout)).await;
    let shown = match done.unwrap_or_else(|error| Err(error.to_string())) {
        Ok(shown) => shown,
        Err(text) => {
            let help = "does TLS listen there, and not plain HTTP? A server that only knows TLS 1.0 or 1.1 is refused: \
                        update it, or see oldestVersion of <https> in the section <waxwing>";
            report.add(Step::failed("tls", began.elapsed(), text).help(help));
            return false;
        }
    };
    report.add(Step::good("tls", began.elapsed(), format!("{}, {}", shown.version, shown.cipher)));
    certificate(&shown.chain, host, &trust, report)
}

fn shake(stream: TcpStream, host: &str, timeout: Duration) -> Result<Shown, String> {
    let told = |error: &dyn std::fmt::Display| error.to_string();
    for set in [TcpStream::set_read_timeout, TcpStream::set_write_timeout] {
        set(&stream, Some(timeout)).map_err(|error| told(&error))?;
    }
    let mut builder = SslConnector::builder(SslMethod::tls_client()).map_err(|e| told(&e))?;
    // The verdict comes behind the handshake: what is shown is to be told even if nobody believes it. Nothing is sent.
    builder.set_verify(SslVerifyMode::NONE);
    let mut configuration = builder.build().configure().map_err(|error| told(&error))?;
    configuration.set_verify_hostname(false);
    if host.parse::<std::net::IpAddr>().is_ok() {
        configuration.set_use_server_name_indication(false);
    }
    let stream = configuration.connect(host, stream).map_err(|error| told(&error))?;
    let ssl = stream.ssl();
    let chain = ssl.peer_cert_chain().into_iter().flatten();
    let chain = chain.filter_map(|one| Certificate::of_any_key(&one.to_der().ok()?).ok());
    let cipher = ssl.current_cipher().map_or("no cipher", |cipher| cipher.name());
    Ok(Shown { version: ssl.version_str(), cipher: cipher.to_owned(), chain: chain.collect() })
}

fn certificate(chain: &[Certificate], host: &str, trust: &Trust, report: &mut Report) -> bool {
    let began = Instant::now();
    let Some(own) = chain.first() else {
        report.add(Step::failed("certificate", began.elapsed(), "the server showed none"));
        return false;
    };
    let now = Timestamp::now();
    let days = own.not_after().duration_since(now).as_secs() / DAY;
    let names = own.dns_names();
    let text = format!(
        "{}, issued by {}, for {}, until {} ({days} days), SHA-1 {}",
        own.subject_windows(),
        own.issuer().common_name().unwrap_or("a nameless authority"),
        if names.is_empty() { "no name of a host".to_owned() } else { names.join(", ") },
        own.not_after().strftime("%Y-%m-%d"),
        own.thumbprint_hex(),
    );
    let stores = CertificateStores::new("certificates");
    let judged = match trust.all {
        true => Ok(()),
        false => stores.https_verdict(chain, host, trust.authorities.clone(), now),
    };
    match judged {
        Ok(()) => {
            let step = Step::good("certificate", began.elapsed(), text);
            let soon = days < SOON;
            report.add(if soon { step.help("it ends soon: renew it") } else { step });
            true
        }
        Err(why) => {
            let step = Step::failed("certificate", began.elapsed(), format!("{text}\n{why}"));
            // Neither another name nor another day comes by it.
            let is_unknown = why.contains("has no chain to a trusted root");
            let help = hint(Some("tls-certificate")).filter(|_| is_unknown);
            report.add(match help {
                Some(help) => step.help(help),
                None => step,
            });
            false
        }
    }
}
