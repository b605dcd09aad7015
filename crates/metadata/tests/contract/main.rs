//! Contracts of documents.

mod corpus;
mod hostile;
mod kinds;
mod messages;
mod names;
mod rules;
mod written;
mod xml_types;
