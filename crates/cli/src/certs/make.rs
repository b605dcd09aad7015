//! `waxwing certs make`: a test authority and its certificates, where services and clients look for them.

use std::path::{Path, PathBuf};

use super::DONE;
use crate::authority::{Failure, Party, certificate_file, key_file};

/// The file name of the authority.
const AUTHORITY: &str = "authority";

/// What the command takes.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The folder of the stores
    #[arg(value_name = "FOLDER", default_value = "certificates")]
    folder: PathBuf,
    /// The name of a service; several times for several; by default "service", unless a client is named
    #[arg(long = "service", value_name = "NAME", value_parser = file_name)]
    services: Vec<String>,
    /// The name of a client; several times for several; by default "alice", unless a service is named
    #[arg(long = "client", value_name = "NAME", value_parser = file_name)]
    clients: Vec<String>,
    /// A host name or address of the services; several times for several
    #[arg(long = "host", value_name = "HOST", default_value = "localhost")]
    hosts: Vec<String>,
    /// For how many days they are good
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: u32,
    /// What a new authority is called; default: Test authority
    #[arg(long, value_name = "NAME")]
    authority: Option<String>,
    /// Replace certificates that are there; the authority stays
    #[arg(long)]
    force: bool,
}

/// Something that is a file name, too.
fn file_name(name: &str) -> Result<String, String> {
    let bad = name.is_empty() || name.starts_with('.') || name.len() > 60;
    if bad || name.chars().any(|c| c.is_control() || "/\\:*?\"<>|".contains(c)) {
        return Err("write a name of at most 60 characters that a file can have".to_owned());
    }
    Ok(name.to_owned())
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let folder = &arguments.folder;
    let (mut services, mut clients) = (arguments.services.clone(), arguments.clients.clone());
    if services.is_empty() && clients.is_empty() {
        services.push("service".to_owned());
        clients.push("alice".to_owned());
    }
    let (machine, user) = (folder.join("LocalMachine"), folder.join("CurrentUser"));
    let wanted: Vec<(PathBuf, &String, &[String])> = services
        .iter()
        .map(|name| (machine.join("My"), name, arguments.hosts.as_slice()))
        .chain(clients.iter().map(|name| (user.join("My"), name, [].as_slice())))
        .collect();
    if !arguments.force {
        wanted.iter().try_for_each(|(store, name, _)| absent(store, name))?;
    }
    let authority = authority(folder, arguments)?;
    for store in [machine.join("Root"), user.join("Root")] {
        let is_new = !certificate_file(&store, AUTHORITY).exists();
        let written = authority.write(&store, AUTHORITY, false)?;
        if is_new {
            report(&written);
        }
    }
    for (store, name, hosts) in wanted {
        let issued = authority.issue(name, hosts, arguments.days)?;
        report(&issued.write(&store, name, true)?);
    }
    println!();
    println!("services look into {}, clients into {}.", machine.display(), user.display());
    println!(
        "The authority publishes no revocation list: write revocationMode=\"NoCheck\" where it is asked."
    );
    println!(
        "Who has {} can issue certificates that both trust: it is for tests only.",
        key_file(folder, AUTHORITY).display()
    );
    Ok(DONE)
}

/// The authority of the folder, made where there is none.
fn authority(folder: &Path, arguments: &Arguments) -> Result<Party, Failure> {
    if certificate_file(folder, AUTHORITY).exists() || key_file(folder, AUTHORITY).exists() {
        let read = Party::read(folder, AUTHORITY).map_err(|error| {
            Failure::from(format!("the authority of {} cannot be used: {error}", folder.display()))
        })?;
        let (own, wanted) = (read.name(), arguments.authority.as_deref());
        return match wanted.filter(|wanted| own.as_deref() != Some(*wanted)) {
            None => Ok(read),
            Some(wanted) => Err(format!(
                "{} has an authority already, {}, and --authority names another, {wanted}: leave the option out, or take \
                 another folder",
                folder.display(),
                own.unwrap_or_default()
            )
            .into()),
        };
    }
    let name = arguments.authority.as_deref().unwrap_or("Test authority");
    let authority = Party::authority(name, arguments.days.saturating_mul(2))?;
    report(&authority.write(folder, AUTHORITY, true)?);
    Ok(authority)
}

fn absent(store: &Path, name: &str) -> Result<(), Failure> {
    let file = certificate_file(store, name);
    if file.exists() {
        let text = format!("{} is there already; --force replaces it", file.display());
        return Err(text.into());
    }
    Ok(())
}

fn report(files: &[PathBuf]) {
    for file in files {
        println!("wrote     {}", file.display());
    }
}
