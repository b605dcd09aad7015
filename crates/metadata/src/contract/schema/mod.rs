//! From schemas to types: as data contracts by the rules of WCF's `SchemaImporter`, else as XML types.
//!
//! Every type is looked at twice: whether it is a data contract by itself, and what it is as an XML type. Then what falls
//! takes with it what is built on it, as WCF's importer does.

mod accept;
mod annotations;
mod attributes;
mod finish;
mod importer;
mod recursion;
mod simple;
mod structure;

pub(super) use finish::Types;
pub(super) use importer::Importer;
