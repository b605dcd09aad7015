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
    let mut endings = name.split('.').skip(1);
    name.ends_with(".svcmap") || endings.any(|ending| ENDINGS.contains(&ending))
}

/// The set of the files of a folder, by their paths below it. When there is a `Reference.svcmap`, it says which belong to the
/// service and which URLs they stand for; else all count that may hold metadata. Nothing else is read.
pub fn folder(name: &str, files: &BTreeMap<String, Vec<u8>>, options: LoadOptions) -> MetadataSet {
    let location = |path: &str| match name {
        "" => Location::new(path),
        name => Location::new(format!("{}/{path}", name.trim_end_matches('/'))),
    };
    let mut loader = Loader::new(options);
    let is_map = |path: &&String| path.to_ascii_lowercase().ends_with(".svcmap");
    let maps: Vec<_> = files.keys().filter(is_map).collect();
    let of_metadata: Vec<_> = files.keys().filter(|path| is_metadata_file(path)).collect();
    let given = match (maps.is_empty(), of_metadata.is_empty()) {
        (false, _) => maps,
        (true, false) => of_metadata,
        (true, true) => files.keys().collect(),
    };
    for path in given {
        loader.give_of_folder(name.trim_end_matches('/'), location(path), files[path].clone());
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
