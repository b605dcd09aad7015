//! The documents of a source, written again.

use std::io::Write as _;
use std::path::Path;

use waxwing_metadata::MetadataSet;
use waxwing_metadata::export::{Documents, Form};
use waxwing_metadata::wsdl::Port;

use crate::peer::Problem;
use crate::source::{Source, Which};

/// All in one document.
///
/// # Errors
/// The source cannot be read, has no service, or contracts of several namespaces.
pub(super) fn single(source: &Source) -> Result<String, Problem> {
    let documents = read(source)?;
    let document = documents.single().map_err(|error| {
        Problem::unreadable(format!("{error}: leave --single out, and -o takes a folder"))
    })?;
    Ok(text(&document.to_xml()))
}

/// Files that name one another.
///
/// # Errors
/// As [`single`], or a file cannot be written.
pub(super) fn files(source: &Source, folder: &Path) -> Result<(), Problem> {
    let documents = read(source)?;
    let failed = |path: &Path, error: std::io::Error| {
        Problem::unreadable(format!("{} cannot be written: {error}", path.display()))
    };
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    for written in documents.write(Form::Files) {
        let path = folder.join(&written.name);
        let content = text(&written.document.to_xml()) + "\n";
        std::fs::write(&path, content).map_err(|error| failed(&path, error))?;
        let line =
            writeln!(std::io::stdout(), "wrote     {}  {}", path.display(), written.namespace);
        crate::print::written("export", line);
    }
    Ok(())
}

fn text(xml: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{xml}")
}

fn read(source: &Source) -> Result<Documents, Problem> {
    let set = source.load()?;
    if set.definitions().is_empty() {
        return Err(Problem::unreadable("the source has no WSDL"));
    }
    for line in crate::source::not_followed(&set) {
        eprintln!("warning: what is written is not whole: {}", crate::print::line(&line));
    }
    let port = readdressed(&set, &source.which)?;
    let address = source.which.address.clone();
    Ok(Documents::of_set(&set, |own| {
        address.clone().filter(|_| port.as_deref() == Some(&own.name))
    }))
}

/// The port that gets the address of the command line.
fn readdressed(set: &MetadataSet, which: &Which) -> Result<Option<String>, Problem> {
    if which.address.is_none() {
        return Ok(None);
    }
    let services = set
        .services()
        .filter(|service| which.service.as_ref().is_none_or(|name| *service.name.local == **name));
    let ports: Vec<&Port> = services.flat_map(|service| &service.ports).collect();
    let named = |port: &&&Port| which.port.as_ref().is_none_or(|name| port.name == *name);
    let mut found = ports.iter().filter(named);
    match (found.next(), found.next()) {
        (Some(port), None) => Ok(Some(port.name.clone())),
        (None, _) => Err(Problem::usage("there is no such port to give the address to")),
        (Some(_), Some(_)) => {
            let names: Vec<_> = ports.iter().map(|port| port.name.as_str()).collect();
            let names = names.join(", ");
            Err(Problem::usage(format!(
                "--address is for one port: say which with --port ({names})"
            )))
        }
    }
}
