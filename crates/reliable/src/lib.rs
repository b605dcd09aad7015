//! WS-ReliableMessaging 1.0 and 1.1 as pure state machines.
