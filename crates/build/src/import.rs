//! For build scripts: from files to code in `OUT_DIR`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use waxwing_metadata::MetadataSet;
use waxwing_metadata::judge::{JudgeOptions, PortVerdict, judge};
use waxwing_metadata::load::{LoadOptions, Loader, folder};
use waxwing_metadata::wsdl::BindingProtocol;
use waxwing_metadata::{Location, Severity};

use crate::contracts::contracts;
use crate::error::ImportError;
use crate::generate::{Options, generate};
use crate::header::header;
use crate::ports::protection;

/// How deep folders are searched for metadata.
const MAX_FOLDERS: usize = 8;

/// Writes the contract of a service to `OUT_DIR`, under the name of the source: of `service.wsdl` comes `service.rs`. The
/// path of what was written.
///
/// # Errors
/// See [`Import::write`].
pub fn import(source: impl Into<PathBuf>) -> Result<PathBuf, ImportError> {
    Import::new(source).write()
}

/// What is to be imported, and how.
///
/// ```no_run
/// // build.rs
/// waxwing_build::Import::new("metadata/orders.wsdl")
///     .namespace("http://schemas.example/orders", "orders")
///     .lenient_enums()
///     .write()?;
/// # Ok::<(), waxwing_build::ImportError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Import {
    sources: Vec<PathBuf>,
    options: Options,
    ports: Vec<String>,
    out_dir: Option<PathBuf>,
    file_name: Option<String>,
}

impl Import {
    /// The metadata of a service: a file with what it imports from its folder, or a folder (Visual Studio's with
    /// `Reference.svcmap`, or what `waxwing import --keep` writes).
    pub fn new(source: impl Into<PathBuf>) -> Self {
        Self {
            sources: vec![source.into()],
            options: Options::default(),
            ports: Vec::new(),
            out_dir: None,
            file_name: None,
        }
    }

    /// The same with one more file, for references that say no place.
    #[must_use]
    pub fn and(mut self, source: impl Into<PathBuf>) -> Self {
        self.sources.push(source.into());
        self
    }

    /// The same for this port only; all ports without it.
    #[must_use]
    pub fn port(mut self, name: impl Into<String>) -> Self {
        self.ports.push(name.into());
        self
    }

    /// The same with the types of a namespace in this module (`shop::orders`, or nothing for the root).
    #[must_use]
    pub fn namespace(mut self, uri: impl Into<String>, module: impl Into<String>) -> Self {
        self.options.namespaces.insert(uri.into(), module.into());
        self
    }

    /// The same with `Option<T>` for items of lists that the schema calls nillable.
    #[must_use]
    pub fn nullable_items(mut self) -> Self {
        self.options.nullable_items = true;
        self
    }

    /// The same with a variant `Other(String)` in enumerations, for texts that they do not know.
    #[must_use]
    pub fn lenient_enums(mut self) -> Self {
        self.options.lenient_enums = true;
        self
    }

    /// The same with an operation whose bodies are XML as it is.
    #[must_use]
    pub fn raw(mut self, operation: impl Into<String>) -> Self {
        self.options.raw.insert(operation.into());
        self
    }

    /// The same without contracts: only types.
    #[must_use]
    pub fn types_only(mut self) -> Self {
        self.options.types_only = true;
        self
    }

    /// The same with other options altogether.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// The same, written to this folder instead of `OUT_DIR`.
    #[must_use]
    pub fn out_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(folder.into());
        self
    }

    /// The same, written to a file of this name (`orders.rs`).
    #[must_use]
    pub fn file_name(mut self, name: impl Into<String>) -> Self {
        self.file_name = Some(name.into());
        self
    }

    /// Writes the code, and tells cargo which files it was made of. The path of what was written.
    ///
    /// # Errors
    /// Files that are not there or not metadata; a service without a port; `OUT_DIR` is not set.
    pub fn write(&self) -> Result<PathBuf, ImportError> {
        let folder = match &self.out_dir {
            Some(folder) => folder.clone(),
            None => std::env::var_os("OUT_DIR").ok_or(ImportError::NoOutDir)?.into(),
        };
        let mut read = Vec::new();
        let set = self.load(&mut read)?;
        for path in &read {
            println!("cargo:rerun-if-changed={}", path.display());
        }
        let text = self.code(&set)?;
        let path = folder.join(self.name());
        // An unchanged file stays: what depends on it need not be compiled again.
        if std::fs::read_to_string(&path).is_ok_and(|before| before == text) {
            return Ok(path);
        }
        let written = std::fs::write(&path, text);
        written.map_err(|error| ImportError::File { path: path.clone(), error })?;
        Ok(path)
    }

    fn name(&self) -> String {
        self.file_name.clone().unwrap_or_else(|| {
            let stem = self.sources[0].file_stem().unwrap_or_default().to_string_lossy();
            format!("{}.rs", stem.split('.').next().unwrap_or_default())
        })
    }

    fn code(&self, set: &MetadataSet) -> Result<String, ImportError> {
        let ports = set.services().flat_map(|service| &service.ports);
        let ports = ports.filter(|port| self.ports.is_empty() || self.ports.contains(&port.name));
        let soap = ports.filter(|port| {
            let binding = set.binding(&port.binding);
            binding.is_some_and(|known| matches!(known.protocol, BindingProtocol::Soap { .. }))
        });
        let bindings: Vec<_> = soap.map(|port| &port.binding).collect();
        let findings = || {
            let bad = set.findings().iter().filter(|finding| finding.severity == Severity::Error);
            bad.cloned().collect()
        };
        if bindings.is_empty() && !self.options.types_only {
            let message = match self.ports.is_empty() {
                true => "no port that speaks SOAP is described here".to_owned(),
                false => format!("no port that speaks SOAP is called {}", self.ports.join(" or ")),
            };
            return Err(ImportError::Metadata { message, findings: findings() });
        }
        let contracts = contracts(set, bindings);
        let ports = judge(set, &JudgeOptions::default());
        let chosen = |port: &&PortVerdict| self.ports.is_empty() || self.ports.contains(&port.port);
        let mut options = self.options.clone();
        options.protection = protection(&contracts, ports.iter().filter(chosen));
        let generated = generate(&contracts, &options)
            .map_err(|error| ImportError::Generator(error.to_string()))?;
        for note in &generated.notes {
            println!("cargo:warning={}: {note}", self.sources[0].display());
        }
        Ok(format!("{}{}", header(set), generated.text))
    }

    /// Reads the sources and what they refer to; the files that were read are added to `read`.
    fn load(&self, read: &mut Vec<PathBuf>) -> Result<MetadataSet, ImportError> {
        if let [only] = self.sources.as_slice()
            && only.is_dir()
        {
            let mut files = BTreeMap::new();
            files_of(only, "", 0, &mut files, read)?;
            read.push(only.clone());
            return Ok(folder(&location(only), &files, LoadOptions::default()));
        }
        let mut loader = Loader::new(LoadOptions::default());
        for source in &self.sources {
            loader.give(Location::new(location(source)), octets(source)?);
            read.push(source.clone());
        }
        while let Some(want) = loader.want() {
            let path = PathBuf::from(want.location.as_str());
            match std::fs::read(&path) {
                Ok(octets) => {
                    loader.answer(&want, &want.location, octets);
                    read.push(path);
                }
                Err(error) => loader.missing(&want, error.to_string()),
            }
        }
        Ok(loader.finish())
    }
}

fn octets(path: &Path) -> Result<Vec<u8>, ImportError> {
    std::fs::read(path).map_err(|error| ImportError::File { path: path.to_path_buf(), error })
}

/// The path with `/` between its steps.
fn location(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// The files of a folder by their paths below it.
fn files_of(
    folder: &Path,
    below: &str,
    depth: usize,
    files: &mut BTreeMap<String, Vec<u8>>,
    read: &mut Vec<PathBuf>,
) -> Result<(), ImportError> {
    let failed = |error| ImportError::File { path: folder.to_path_buf(), error };
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let name = format!("{below}{name}");
        if path.is_dir() {
            if depth < MAX_FOLDERS {
                files_of(&path, &format!("{name}/"), depth + 1, files, read)?;
            }
        } else if waxwing_metadata::load::is_metadata_file(&name) {
            files.insert(name, octets(&path)?);
            read.push(path);
        }
    }
    Ok(())
}
