//! Contracts of documents.

mod corpus;
mod hostile;
mod kinds;
mod messages;
mod names;
mod rules;
mod sources;
mod written;
mod xml_types;
