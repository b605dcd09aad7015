//! Algorithm suites, keys and certificates for WS-Security.
