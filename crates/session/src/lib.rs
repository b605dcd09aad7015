//! One secure reliable conversation: addressing, reliability and security composed.
