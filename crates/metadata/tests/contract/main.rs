//! Contracts of documents.

mod corpus;
