//! `waxwing certs list`: what lies in stores, folders and files.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Value, json};
use waxwing::binding::{StoreLocation, StoreName};
use waxwing::certificates::{
    CertificateError, CertificateStores, StoredCertificate, Survey, certificates_of_file,
    every_store,
};
use waxwing::crypto::{Certificate, Usage};
use waxwing::environment::Clock;
use waxwing::jiff::tz::TimeZone;
use waxwing::jiff::{SignedDuration, Timestamp};

use super::{DONE, FAILED, NOT_AS_IT_SHOULD_BE, password_of};
use crate::authority::Failure;

/// Columns of the table.
const WIDTH: u16 = 140;

/// What the command takes.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Folders with stores (LocalMachine/My…), folders with certificates, or files
    #[arg(value_name = "PATH", default_value = "certificates")]
    paths: Vec<PathBuf>,
    /// Print JSON for machines
    #[arg(long)]
    json: bool,
    /// Fail (exit code 1) when a certificate expires within so many days
    #[arg(long, value_name = "DAYS")]
    expires_within: Option<u32>,
    /// A file whose first line is the password of PKCS#12 files; by default WAXWING_PKCS12_PASSWORD has it
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

/// A place that was looked at.
struct Place {
    /// `CurrentUser/My`, or the path.
    name: String,
    found: Survey,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let mut places = Vec::new();
    for path in &arguments.paths {
        places.extend(look(path, arguments)?);
    }
    let now = now();
    let soon = arguments.expires_within.map_or(now, |days| now + days_of(days));
    let stdout = io::stdout();
    let mut out = io::BufWriter::new(stdout.lock());
    if arguments.json {
        let all: Vec<Value> = places.iter().map(|place| place_json(place, now)).collect();
        serde_json::to_writer_pretty(&mut out, &json!({ "places": all }))?;
        writeln!(out)?;
    } else {
        print(&places, now, &mut out)?;
    }
    out.flush()?;
    let ends = places.iter().flat_map(|place| &place.found.certificates);
    let ending = ends.map(|stored| &stored.certificate).any(|c| ends_before(c, soon));
    Ok(if places.iter().any(|place| !place.found.problems.is_empty()) {
        FAILED
    } else if ending {
        NOT_AS_IT_SHOULD_BE
    } else {
        DONE
    })
}

/// The option that opens what does not open without a password.
fn hint(problem: &CertificateError) {
    if matches!(problem, CertificateError::Password { is_set: false, .. }) {
        eprintln!("note: --password-file FILE gives the password of the file");
    }
}

/// The stores under a folder, or what else it is.
fn look(path: &Path, arguments: &Arguments) -> Result<Vec<Place>, Failure> {
    if path.is_file() {
        let password = password_of(arguments.password_file.as_deref())?;
        let found = match certificates_of_file(path, password) {
            Ok(certificates) => Survey { certificates, problems: Vec::new() },
            Err(problem) => {
                hint(&problem);
                Survey { certificates: Vec::new(), problems: vec![problem] }
            }
        };
        return Ok(vec![Place { name: path.display().to_string(), found }]);
    }
    if !path.is_dir() {
        return Err(format!(
            "there is no {}; name a folder with stores (waxwing certs make makes one) or a file",
            path.display()
        )
        .into());
    }
    let stores = CertificateStores::new(path);
    let mut places = Vec::new();
    let below: Vec<(StoreLocation, StoreName)> = every_store()
        .filter(|(location, name)| path.join(format!("{location}/{name}")).is_dir())
        .collect();
    for (location, name) in below {
        places.push(Place {
            name: format!("{}/{location}/{name}", path.display()),
            found: stores.survey(location, name),
        });
    }
    let own = CertificateStores::survey_of_folder(path);
    if places.is_empty() || !own.certificates.is_empty() || !own.problems.is_empty() {
        places.insert(0, Place { name: path.display().to_string(), found: own });
    }
    Ok(places)
}

fn print(places: &[Place], now: Timestamp, out: &mut dyn Write) -> io::Result<()> {
    for place in places {
        writeln!(out, "{}", place.name)?;
        if place.found.certificates.is_empty() {
            writeln!(out, "  no certificates")?;
        } else {
            writeln!(out, "{}", table(&place.found.certificates, now))?;
        }
        for problem in &place.found.problems {
            writeln!(out, "  cannot be used: {problem}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn table(certificates: &[StoredCertificate], now: Timestamp) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    table.set_header(["subject", "for", "key", "good until", "thumbprint", "file"]);
    for stored in certificates {
        let certificate = &stored.certificate;
        table.add_row([
            described(certificate),
            uses(certificate).join(", "),
            if stored.key.is_some() { "yes" } else { "no" }.to_owned(),
            until(certificate, now),
            certificate.thumbprint_hex(),
            file_name(stored),
        ]);
    }
    table
}

/// Whose it is, by whom, and which names it has for WCF.
fn described(certificate: &Certificate) -> String {
    let mut text = certificate.subject_windows();
    if certificate.is_self_issued() {
        text.push_str("\nself-signed");
    } else {
        text.push_str(&format!("\nby {}", certificate.issuer()));
    }
    let names = certificate.dns_names();
    if !certificate.is_authority() && !names.is_empty() {
        text.push_str(&format!("\nnames: {}", names.join(", ")));
    }
    text
}

/// What it may be used for.
pub(super) fn uses(certificate: &Certificate) -> Vec<&'static str> {
    if certificate.is_authority() {
        return vec!["authority"];
    }
    let mut uses = Vec::new();
    if certificate.allows(Usage::Service) {
        uses.push("service");
    }
    if certificate.allows(Usage::Client) {
        uses.push("client");
    }
    if certificate.require_rsa().is_err() {
        uses.push("TLS only: message security needs RSA");
    }
    uses
}

/// Until when, and what that means now.
pub(super) fn until(certificate: &Certificate, now: Timestamp) -> String {
    let (from, until) = (certificate.not_before(), certificate.not_after());
    let day = |at: Timestamp| TimeZone::UTC.to_datetime(at).date();
    if now < from {
        return format!("{}\nnot before {}", day(until), day(from));
    }
    if now > until {
        return format!("{}\nexpired", day(until));
    }
    let left = (until - now).as_hours() / 24;
    match left {
        0 => format!("{}\nless than a day", day(until)),
        1 => format!("{}\n1 day", day(until)),
        left => format!("{}\n{left} days", day(until)),
    }
}

fn file_name(stored: &StoredCertificate) -> String {
    stored.file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn ends_before(certificate: &Certificate, at: Timestamp) -> bool {
    certificate.not_after() <= at
}

fn days_of(days: u32) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(days))
}

/// The time of day.
pub(super) fn now() -> Timestamp {
    Clock::system().wall()
}

fn place_json(place: &Place, now: Timestamp) -> Value {
    let certificates: Vec<Value> =
        place.found.certificates.iter().map(|stored| stored_json(stored, now)).collect();
    let problems: Vec<Value> = place
        .found
        .problems
        .iter()
        .map(|problem| json!({ "code": problem.code(), "text": problem.to_string() }))
        .collect();
    json!({ "place": place.name, "certificates": certificates, "problems": problems })
}

/// A certificate for machines.
pub(super) fn stored_json(stored: &StoredCertificate, now: Timestamp) -> Value {
    let certificate = &stored.certificate;
    json!({
        "subject": certificate.subject_windows(),
        "issuer": certificate.issuer().to_string(),
        "serialNumber": certificate.serial_number(),
        "thumbprint": certificate.thumbprint_hex(),
        "notBefore": certificate.not_before().to_string(),
        "notAfter": certificate.not_after().to_string(),
        "expired": certificate.not_after() < now,
        "names": certificate.dns_names(),
        "uses": uses(certificate),
        "key": stored.key.is_some(),
        "file": stored.file.display().to_string(),
    })
}
