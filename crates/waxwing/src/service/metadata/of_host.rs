//! The metadata of a host's services for the program itself.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use waxwing_metadata::export::Form;

use super::description::Description;
use super::seen::{Seen, SeenBy};
use super::settings::Settings;

/// The metadata of one service of a host, published or not ([`ServiceHost::metadata`](crate::ServiceHost::metadata)).
pub struct ServiceMetadata {
    description: Arc<Description>,
    settings: Arc<Settings>,
}

/// One document of a service's metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetadataDocument {
    /// The name of its file, made of its namespace: `tempuri.org.wsdl`. Documents name one another so.
    pub file_name: String,
    /// Its target namespace.
    pub namespace: String,
    /// The document, as UTF-8.
    pub content: String,
}

impl ServiceMetadata {
    pub(in crate::service) fn new(description: Arc<Description>, settings: Arc<Settings>) -> Self {
        Self { description, settings }
    }

    /// The name of the service.
    pub fn name(&self) -> &str {
        self.description.name()
    }

    /// WSDL and schemas, one for each namespace, the WSDL with the service first.
    pub fn documents(&self) -> Vec<MetadataDocument> {
        let all = self.models().write(Form::Files);
        let documents = all.into_iter().map(|written| MetadataDocument {
            file_name: written.name,
            namespace: written.namespace,
            content: text(&written.document.to_xml()),
        });
        documents.collect()
    }

    /// All in one WSDL document.
    ///
    /// # Errors
    /// Why there is none: the contracts are in several namespaces.
    pub fn single(&self) -> Result<String, String> {
        let document = self.models().single().map_err(|error| error.to_string())?;
        Ok(text(&document.to_xml()))
    }

    /// Writes the documents into a folder, which is made if it is not there. Gives the files.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn write_to(&self, folder: impl AsRef<Path>) -> io::Result<Vec<PathBuf>> {
        let folder = folder.as_ref();
        std::fs::create_dir_all(folder)?;
        let mut written = Vec::new();
        for document in self.documents() {
            let path = folder.join(&document.file_name);
            std::fs::write(&path, document.content)?;
            written.push(path);
        }
        Ok(written)
    }

    fn models(&self) -> waxwing_metadata::export::Documents {
        let (by, seen) = (SeenBy::default(), Seen::at_port(self.description.port()));
        self.description.documents(self.settings.version, |own| by.rewritten(own, &seen))
    }
}

impl std::fmt::Debug for ServiceMetadata {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ServiceMetadata").field(&self.name()).finish()
    }
}

fn text(xml: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{xml}\n")
}
