//! Files of a folder, together.

use std::collections::BTreeMap;

use super::loader::Loader;
use super::options::LoadOptions;
use crate::location::Location;
use crate::set::MetadataSet;

/// Words after a dot in the names of files that hold metadata.
const ENDINGS: [&str; 6] = ["wsdl", "xsd", "mex", "policy", "wsp", "xml"];

/// Whether a file may hold metadata, by its name (`service.wsdl`, `service.wsdl.xml`, `Reference.svcmap`).
pub fn is_metadata_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    name.ends_with(".svcmap") || name.split('.').skip(1).any(|ending| ENDINGS.contains(&ending))
}

/// Which files of a folder are its metadata, by their paths below it: the `Reference.svcmap` when there is one (it says which
/// others belong to the service, and which URLs they stand for), else all that may hold metadata, or all files when none may.
pub fn files_of_folder<'f>(paths: &[&'f str]) -> Vec<&'f str> {
    let of = |test: &dyn Fn(&str) -> bool| -> Vec<&'f str> {
        paths.iter().copied().filter(|path| test(path)).collect()
    };
    let maps = of(&|path| path.to_ascii_lowercase().ends_with(".svcmap"));
    if !maps.is_empty() {
        return maps;
    }
    let of_metadata = of(&is_metadata_file);
    if of_metadata.is_empty() { paths.to_vec() } else { of_metadata }
}

/// The set of the files of a folder, by their paths below it; nothing else is read.
pub fn folder(name: &str, files: &BTreeMap<String, Vec<u8>>, options: LoadOptions) -> MetadataSet {
    let name = name.trim_end_matches('/');
    let location = |path: &str| match name {
        "" => Location::new(path),
        name => Location::new(format!("{name}/{path}")),
    };
    let mut loader = Loader::new(options);
    let paths: Vec<_> = files.keys().map(String::as_str).collect();
    for path in files_of_folder(&paths) {
        loader.give_of_folder(name, location(path), files[path].clone());
    }
    let by_location: BTreeMap<_, _> =
        files.iter().map(|(path, octets)| (location(path), octets)).collect();
    while let Some(want) = loader.want() {
        match by_location.get(&want.location) {
            Some(octets) => loader.answer(&want, &want.location, octets.to_vec()),
            None => loader.missing(&want, "there is no such file"),
        }
    }
    loader.finish()
}
