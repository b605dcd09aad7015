//! `waxwing certs find`: what WCF would find.

use std::path::PathBuf;

use serde_json::{Value, json};
use waxwing::ConfigurationFile;
use waxwing::binding::{CertificateReference, StoreLocation, StoreName, X509FindType};
use waxwing::certificates::{CertificateStores, StoredCertificate};

use super::list::{now, stored_json, until, uses};
use super::references::{Named, references};
use super::{DONE, NOT_AS_IT_SHOULD_BE};
use crate::authority::Failure;

/// What the command takes.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// What to look for (findValue); without it, what every reference in the file of --config finds
    #[arg(value_name = "VALUE", required_unless_present = "config")]
    find_value: Option<String>,
    /// How to look (x509FindType): FindByThumbprint, FindBySubjectName, FindBySubjectDistinguishedName, FindByIssuerName,
    /// FindByIssuerDistinguishedName, FindBySerialNumber, FindByTimeValid, FindByTimeNotYetValid, FindByTimeExpired,
    /// FindByTemplateName, FindByApplicationPolicy, FindByCertificatePolicy, FindByExtension, FindByKeyUsage,
    /// FindBySubjectKeyIdentifier
    #[arg(long = "type", value_name = "X509FINDTYPE", default_value = "FindBySubjectDistinguishedName", value_parser = find_type)]
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

/// How to look; what else it could be is told.
fn find_type(text: &str) -> Result<X509FindType, String> {
    // As `SubjectName` is meant.
    text.parse().map_err(|error| match format!("FindBy{text}").parse::<X509FindType>() {
        Ok(meant) => format!("did you mean {meant}?"),
        Err(_) => format!("{error}; `waxwing certs find --help` lists them"),
    })
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let file = arguments.config.as_ref().map(ConfigurationFile::load).transpose()?;
    let stores = match &file {
        None => CertificateStores::new(&arguments.stores),
        Some(file) => file.certificate_stores(),
    };
    let Some(value) = &arguments.find_value else {
        let all = file.map(|file| references(file.configuration())).unwrap_or_default();
        return of_file(&stores, &all, arguments.json);
    };
    let (location, name) = (arguments.store_location, arguments.store_name);
    let reference = CertificateReference::find(location, name, arguments.find_type, value);
    let looked = Looked::up(&stores, &reference)?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&looked.json(&reference))?);
        return Ok(looked.code());
    }
    print(&reference, &looked.found, looked.refusal.as_deref());
    let by_name = X509FindType::FindBySubjectName;
    if looked.found.is_empty() && arguments.find_type != by_name {
        let other = CertificateReference::find(location, name, by_name, value);
        if let number @ 1.. = stores.matching(&other)?.len() {
            println!("--type {by_name} would find {number}: it takes a part of the subject");
        }
    }
    Ok(looked.code())
}

/// What every reference of a file finds.
fn of_file(stores: &CertificateStores, all: &[Named], json: bool) -> Result<u8, Failure> {
    let mut code = DONE;
    let mut told = Vec::new();
    for Named { place, reference } in all {
        let looked = Looked::up(stores, reference)?;
        code = code.max(looked.code());
        if json {
            let mut own = looked.json(reference);
            own["place"] = Value::from(place.as_str());
            told.push(own);
            continue;
        }
        println!("{place}");
        print(reference, &looked.found, looked.refusal.as_deref());
        println!();
    }
    match (json, all.is_empty()) {
        (true, _) => println!("{}", serde_json::to_string_pretty(&json!({ "references": told }))?),
        (false, true) => println!("the file has no reference to a certificate"),
        (false, false) => {}
    }
    Ok(code)
}

/// What was found, and what a WCF program would say, where it finds none or several.
struct Looked {
    found: Vec<StoredCertificate>,
    refusal: Option<String>,
}

impl Looked {
    fn up(stores: &CertificateStores, reference: &CertificateReference) -> Result<Self, Failure> {
        let found = stores.matching(reference)?;
        let refusal = stores.certificate(reference).err().map(|error| error.to_string());
        Ok(Self { found, refusal })
    }

    fn code(&self) -> u8 {
        match self.found.len() == 1 && self.refusal.is_none() {
            true => DONE,
            false => NOT_AS_IT_SHOULD_BE,
        }
    }

    fn json(&self, reference: &CertificateReference) -> Value {
        let found = self.found.iter().map(|stored| stored_json(stored, now()));
        json!({
            "criteria": reference.criteria(),
            "found": found.collect::<Vec<Value>>(),
            "refusal": self.refusal,
        })
    }
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
