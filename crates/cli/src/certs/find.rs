//! `waxwing certs find`: what WCF would find.

use std::path::PathBuf;

use serde_json::{Value, json};
use waxwing::ConfigurationFile;
use waxwing::binding::{CertificateReference, StoreLocation, StoreName, X509FindType};
use waxwing::certificates::{CertificateStores, StoredCertificate};

use super::list::{now, stored_json, until, uses};
use super::{DONE, NOT_AS_IT_SHOULD_BE};
use crate::authority::Failure;

/// What the command takes.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// What to look for (findValue)
    #[arg(value_name = "VALUE")]
    find_value: String,
    /// How to look (x509FindType)
    #[arg(long = "type", value_name = "X509FINDTYPE", default_value = "FindBySubjectDistinguishedName", value_parser = word::<X509FindType>)]
    find_type: X509FindType,
    /// Where to look (storeLocation)
    #[arg(long, value_name = "LOCATION", default_value = "CurrentUser", value_parser = word::<StoreLocation>)]
    store_location: StoreLocation,
    /// In which store (storeName)
    #[arg(long, value_name = "NAME", default_value = "My", value_parser = word::<StoreName>)]
    store_name: StoreName,
    /// The folder of the stores
    #[arg(long, value_name = "FOLDER", default_value = "certificates", conflicts_with = "config")]
    stores: PathBuf,
    /// A configuration file, whose section waxwing says where the stores are
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON for machines
    #[arg(long)]
    json: bool,
}

/// A word of the configuration file, as it is written there.
fn word<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let stores = match &arguments.config {
        None => CertificateStores::new(&arguments.stores),
        Some(file) => ConfigurationFile::load(file)?.certificate_stores(),
    };
    let reference = CertificateReference::find(
        arguments.store_location,
        arguments.store_name,
        arguments.find_type,
        arguments.find_value.clone(),
    );
    let found = stores.matching(&reference)?;
    // What a WCF program would say, where it finds none or several.
    let refusal = stores.certificate(&reference).err().map(|error| error.to_string());
    if arguments.json {
        print_json(&reference, &found, refusal.as_deref())?;
    } else {
        print(&reference, &found, refusal.as_deref());
    }
    Ok(if found.len() == 1 && refusal.is_none() { DONE } else { NOT_AS_IT_SHOULD_BE })
}

fn print(reference: &CertificateReference, found: &[StoredCertificate], refusal: Option<&str>) {
    println!("{}", reference.criteria());
    for stored in found {
        let certificate = &stored.certificate;
        let key = if stored.key.is_some() { "with its key" } else { "without a key" };
        println!("  {stored}");
        println!("    issuer    {}", certificate.issuer());
        println!("    for       {}", uses(certificate).join(", "));
        println!("    until     {}", until(certificate, now()).replace('\n', ", "));
        println!("    file      {}, {key}", stored.file.display());
    }
    match (found.len(), refusal) {
        (_, Some(refusal)) => println!("WCF would not take it: {refusal}"),
        (_, None) => println!("WCF would take it: it is the only one"),
    }
}

fn print_json(
    reference: &CertificateReference,
    found: &[StoredCertificate],
    refusal: Option<&str>,
) -> Result<(), Failure> {
    let found: Vec<Value> = found.iter().map(|stored| stored_json(stored, now())).collect();
    let all = json!({
        "criteria": reference.criteria(),
        "found": found,
        "refusal": refusal,
    });
    println!("{}", serde_json::to_string_pretty(&all)?);
    Ok(())
}
