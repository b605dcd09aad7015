//! The forms in which documents are written.

use std::collections::BTreeSet;

use waxwing_xml::Document;

use super::documents::Documents;
use crate::location::Location;
use crate::name::QName;
use crate::schema::{self, Schema, SchemaImportKind};
use crate::wsdl::{self, Definitions};

/// How documents name one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form<'a> {
    /// By addresses below this one: `?wsdl`, `?wsdl=wsdl0`, `?xsd=xsd0`.
    Split(&'a str),
    /// By names of files in one folder, made of the namespaces as svcutil makes them.
    Files,
    /// By namespace alone: sections of an answer to WS-MetadataExchange.
    Sections,
}

/// A document that was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// What it is called: `wsdl`, `wsdl=wsdl0`, `xsd=xsd0`; or the name of its file.
    pub name: String,
    /// Its target namespace.
    pub namespace: String,
    /// Whether it is a schema.
    pub is_schema: bool,
    /// The document.
    pub document: Document,
}

/// Why there is no single document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SingleError {
    /// The namespaces of the contracts.
    pub namespaces: BTreeSet<String>,
}

impl std::fmt::Display for SingleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all: Vec<_> = self.namespaces.iter().map(String::as_str).collect();
        write!(
            f,
            "the contracts of this service are in several namespaces ({}), and one WSDL document has one: ask for ?wsdl, or give \
             the contracts one namespace",
            all.join(", ")
        )
    }
}

impl std::error::Error for SingleError {}

impl Documents {
    /// Writes all documents, WSDL first.
    pub fn write(&self, form: Form<'_>) -> Vec<Written> {
        let names = Names::of(self, form);
        let wsdl = self.wsdl.iter().enumerate().map(|(at, definitions)| {
            let mut own = definitions.clone();
            for import in &mut own.imports {
                import.location =
                    names.place(&names.wsdl, &import.namespace, import.resolved.as_ref());
            }
            own.schemas.iter_mut().for_each(|schema| names.locate(schema));
            Written {
                name: names.wsdl[at].name.clone(),
                namespace: own.target_namespace.clone(),
                is_schema: false,
                document: self.definitions(&own),
            }
        });
        let schemas = self.schemas.iter().enumerate().map(|(at, schema)| {
            let mut own = schema.clone();
            names.locate(&mut own);
            Written {
                name: names.schemas[at].name.clone(),
                namespace: own.target_namespace.clone(),
                is_schema: true,
                document: schema::write(&own),
            }
        });
        wsdl.chain(schemas).collect()
    }

    /// Writes everything in one document (`?singleWsdl`): the service and its bindings are in the namespace of the contracts.
    ///
    /// # Errors
    /// The contracts have several namespaces.
    pub fn single(&self) -> Result<Document, SingleError> {
        let mut namespaces = self.contract_namespaces.iter();
        let (Some(namespace), None) = (namespaces.next(), namespaces.next()) else {
            return Err(SingleError { namespaces: self.contract_namespaces.clone() });
        };
        let mut all = self.wsdl[0].clone();
        all.target_namespace.clone_from(namespace);
        all.imports.clear();
        all.schemas = self.inlined();
        for other in &self.wsdl[1..] {
            all.services.extend(other.services.iter().cloned());
            all.policies.extend(other.policies.iter().cloned());
            all.messages.extend(other.messages.iter().cloned());
            all.port_types.extend(other.port_types.iter().cloned());
            all.bindings.extend(other.bindings.iter().cloned());
        }
        let moved = |name: &mut QName| *name = QName::new(namespace.as_str(), name.local.clone());
        all.bindings.iter_mut().for_each(|binding| moved(&mut binding.name));
        for service in &mut all.services {
            moved(&mut service.name);
            service.ports.iter_mut().for_each(|port| moved(&mut port.binding));
        }
        Ok(self.definitions(&all))
    }

    /// All schemas side by side, without places: those that only import others are not needed then.
    fn inlined(&self) -> Vec<Schema> {
        let inside = self.wsdl.iter().flat_map(|definitions| &definitions.schemas);
        let all = inside.chain(&self.schemas).filter(|schema| !only_imports(schema));
        let all = all.map(|schema| {
            let mut own = schema.clone();
            // What is included stands beside it.
            own.imports.retain(|import| import.kind == SchemaImportKind::Import);
            own.imports.iter_mut().for_each(|import| import.schema_location = None);
            own
        });
        all.collect()
    }

    fn definitions(&self, definitions: &Definitions) -> Document {
        wsdl::write(definitions, self.version, &mut |document, parent, schema| {
            schema::write_into(document, parent, schema);
        })
    }
}

/// Whether a schema declares nothing itself.
fn only_imports(schema: &Schema) -> bool {
    schema.elements.is_empty()
        && schema.types.is_empty()
        && schema.attributes.is_empty()
        && schema.groups.is_empty()
        && schema.attribute_groups.is_empty()
        && !schema.imports.is_empty()
}

/// A document: what it is called, and by what others know it.
struct Named {
    namespace: String,
    /// Where it was read.
    location: Location,
    name: String,
}

/// Where each document is.
struct Names {
    wsdl: Vec<Named>,
    schemas: Vec<Named>,
    base: Option<String>,
    by_name: bool,
}

impl Names {
    fn of(documents: &Documents, form: Form<'_>) -> Self {
        let mut taken = BTreeSet::new();
        let mut name = |namespace: &str, split: String, end: &str| match form {
            Form::Files => {
                let base = file_name(namespace);
                let names = (0u32..).map(|number| match number {
                    0 => format!("{base}.{end}"),
                    number => format!("{base}{number}.{end}"),
                });
                names.into_iter().find(|name| taken.insert(name.to_lowercase())).unwrap_or_default()
            }
            Form::Split(_) | Form::Sections => split,
        };
        let wsdl = documents.wsdl.iter().enumerate().map(|(at, own)| {
            let split = match at {
                0 => "wsdl".to_owned(),
                at => format!("wsdl=wsdl{}", at - 1),
            };
            Named {
                namespace: own.target_namespace.clone(),
                location: own.at.location.clone(),
                name: name(&own.target_namespace, split, "wsdl"),
            }
        });
        let wsdl = wsdl.collect();
        let schemas = documents.schemas.iter().enumerate().map(|(at, own)| Named {
            namespace: own.target_namespace.clone(),
            location: own.at.location.clone(),
            name: name(&own.target_namespace, format!("xsd=xsd{at}"), "xsd"),
        });
        let schemas = schemas.collect();
        let base = match form {
            Form::Split(base) => Some(format!("{base}?")),
            _ => None,
        };
        Self { wsdl, schemas, base, by_name: form == Form::Files }
    }

    /// The place of the document that was read at `location`, or else of that namespace.
    fn place(
        &self,
        names: &[Named],
        namespace: &str,
        location: Option<&Location>,
    ) -> Option<String> {
        let read = location.and_then(|wanted| names.iter().find(|own| own.location == *wanted));
        let Named { name, .. } =
            read.or_else(|| names.iter().find(|own| own.namespace == namespace))?;
        match &self.base {
            Some(base) => Some(format!("{base}{name}")),
            None => self.by_name.then(|| name.clone()),
        }
    }

    fn locate(&self, schema: &mut Schema) {
        for import in &mut schema.imports {
            let place = self.place(&self.schemas, &import.namespace, import.resolved.as_ref());
            import.schema_location = place;
        }
    }
}

/// As svcutil calls files: without scheme, with points for slashes and colons.
fn file_name(namespace: &str) -> String {
    let rest = namespace.split_once("://").map_or(namespace, |(_, rest)| rest);
    let rest = rest.trim_matches(|c| c == '/' || c == ':');
    let point = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' => c,
        _ => '.',
    };
    // A path must not be made of it.
    let name: String = rest.chars().map(point).take(MAX_FILE_NAME).collect();
    match name.trim_matches('.') {
        "" => "metadata".to_owned(),
        name => name.to_owned(),
    }
}

/// The longest name of a file, without its end.
const MAX_FILE_NAME: usize = 150;
