//! A configuration file with its folder.

use std::path::{Path, PathBuf};

use waxwing_binding::{
    Configuration, ConfigurationError, DecodeError, Diagnostic, LoadOptions, Loaded,
    MAX_FILE_BYTES, Severity,
};

use crate::callback_hosts::{CallbackHosts, CallbackHostsError};
use crate::certificates::CertificateStores;
use crate::cluster::{NodeError, NodeOptions};
use crate::cookie_keys::CookieKeyFile;
use crate::store::OpenStores;
use crate::trace::Trace;

/// A configuration file that was read: the model, and the folder that relative names in it count from.
///
/// A mistake in the file stops what it concerns ([`waxwing_binding::Scope`]) and nothing else: the client endpoints open
/// although a service cannot, and the other way round.
#[derive(Debug, Clone)]
pub struct ConfigurationFile {
    pub(crate) loaded: Loaded,
    folder: PathBuf,
    /// What it names and is open.
    stores: OpenStores,
}

/// Why a configuration file cannot be used.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ConfigurationFileError {
    /// It cannot be read.
    #[error("the configuration file {file} cannot be read: {error}")]
    Read {
        /// Which.
        file: String,
        /// Why.
        error: std::io::Error,
    },
    /// Its octets are no text.
    #[error("the configuration file {file} is no text: {error}")]
    Decode {
        /// Which.
        file: String,
        /// Why.
        error: DecodeError,
    },
    /// It has mistakes that stop everything in it; the text shows each with its line.
    #[error(transparent)]
    Content(#[from] ConfigurationError),
}

debug_is_display!(ConfigurationFileError);

impl ConfigurationFile {
    /// Reads an app.config or web.config.
    ///
    /// Mistakes that concern a part of the file are told when that part is used
    /// ([`ChannelFactory::from_config`](crate::ChannelFactory::from_config),
    /// [`ServiceHostBuilder::from_config`](crate::ServiceHostBuilder::from_config)), and as warnings of `tracing` now.
    ///
    /// # Errors
    /// It cannot be read, or has mistakes that concern all of it: all of them are told at once.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ConfigurationFileError> {
        let path = path.as_ref();
        let file = path.display().to_string();
        let octets = read(path)
            .map_err(|error| ConfigurationFileError::Read { file: file.clone(), error })?;
        let text = waxwing_binding::decode(&octets)
            .map_err(|error| ConfigurationFileError::Decode { file: file.clone(), error })?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let beside = Self::beside(folder.clone());
        let loaded = Configuration::load_with(&text, &LoadOptions::named(&file).beside(&beside));
        if let Some(error) = loaded.error_of_file() {
            return Err(error.into());
        }
        for error in loaded.diagnostics.iter().filter(|d| d.severity == Severity::Error) {
            let (file, line, code) = (&loaded.file, error.line, error.code);
            tracing::warn!(file, line, code, "{} cannot be used: {}", error.scope, error.message);
        }
        Ok(Self { loaded, folder, stores: OpenStores::default() })
    }

    /// Reads the files that `configSource` names, for [`LoadOptions::beside`]; `folder` is that of the configuration
    /// file.
    pub fn beside(folder: PathBuf) -> impl Fn(&str) -> Result<String, String> {
        move |name| {
            let octets =
                read(&folder.join(name)).map_err(|error| format!("cannot be read: {error}"))?;
            waxwing_binding::decode(&octets).map_err(|error| format!("is no text: {error}"))
        }
    }

    /// A configuration made in code, with the folder that relative names in it count from.
    pub fn of(configuration: Configuration, folder: impl Into<PathBuf>) -> Self {
        let (loaded, folder) = (Loaded::of(configuration), folder.into());
        Self { loaded, folder, stores: OpenStores::default() }
    }

    /// The model.
    pub fn configuration(&self) -> &Configuration {
        &self.loaded.configuration
    }

    /// Everything remarkable about the file: errors that stop a part of it, warnings, notes.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.loaded.diagnostics
    }

    /// The folder of the file.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The trace that it asks for; an error text when its file cannot be made.
    pub(crate) fn trace(&self) -> Result<Option<Trace>, String> {
        let trace = &self.configuration().waxwing.trace;
        let Some(name) = &trace.file else { return Ok(None) };
        let path = self.folder.join(name);
        let failed = |error| format!("the trace file {}: {error}", path.display());
        Trace::append(&path, trace.decrypted).map(Some).map_err(failed)
    }

    /// The file of cookie keys that it names.
    pub(crate) fn cookie_keys(&self) -> Option<CookieKeyFile> {
        let name = self.configuration().waxwing.cookies.key_file.as_ref()?;
        Some(CookieKeyFile::new(&self.folder, name))
    }

    /// Where its services call their clients back; none: wherever those listen.
    ///
    /// # Errors
    /// What stands there names no host.
    pub(crate) fn callback_hosts(&self) -> Result<Option<CallbackHosts>, CallbackHostsError> {
        let text = self.configuration().waxwing.callbacks.allowed_hosts.as_ref();
        text.map(|text| text.parse()).transpose()
    }

    /// The store that it names, not opened yet.
    pub(crate) fn store(
        &self,
    ) -> Result<Option<crate::store::Configured>, crate::store::StoreError> {
        self.store_of(&self.configuration().waxwing.store)
    }

    /// A store that it describes, not opened yet.
    pub(crate) fn store_of(
        &self,
        section: &waxwing_binding::Store,
    ) -> Result<Option<crate::store::Configured>, crate::store::StoreError> {
        let configured = crate::store::Configured::of(section, &self.folder)?;
        Ok(configured.map(|configured| configured.among(&self.stores)))
    }

    /// What it says of this process among other nodes.
    pub(crate) fn node(&self) -> Result<Option<NodeOptions>, NodeError> {
        let section = &self.configuration().waxwing;
        let keys = || {
            let names =
                [&section.node.key_file, &section.cookies.key_file, &section.store.key_file];
            let name = names.into_iter().find_map(Option::as_ref);
            let file = name.map(|name| CookieKeyFile::new(&self.folder, name));
            file.map(|file| file.read().map_err(|error| error.to_string())).transpose()
        };
        NodeOptions::of(&section.node, &self.folder, keys)
    }

    /// The certificate stores that it names.
    pub fn certificate_stores(&self) -> CertificateStores {
        CertificateStores::of_configuration(self.configuration(), &self.folder)
    }
}

/// The octets of a file. One that is larger than a configuration may be is cut where the loader still sees that.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut octets = Vec::new();
    let most = MAX_FILE_BYTES as u64 + 1;
    std::fs::File::open(path)?.take(most).read_to_end(&mut octets)?;
    Ok(octets)
}
