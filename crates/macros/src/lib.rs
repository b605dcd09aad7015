//! Attribute and derive macros for service and data contracts.
