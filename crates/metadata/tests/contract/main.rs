//! Contracts of documents.

mod corpus;
mod kinds;
mod messages;
mod names;
mod rules;
mod written;
mod xml_types;
