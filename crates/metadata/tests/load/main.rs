//! Documents become a set: the 101 folders of public services, WCF's exports, hostile ones.

mod changed;
mod corpus;
mod rules;
