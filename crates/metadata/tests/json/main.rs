//! JSON ⇄ XML by types: random types and values, the mapping line by line, mistakes, JSON Schema and OpenAPI.

#![allow(missing_docs)]

mod corpus;
mod hostile;
mod identity;
mod kit;
mod mapping;
mod random;
mod validator;
