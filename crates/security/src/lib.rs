//! WS-Security, WS-Trust, WS-SecureConversation and TLS negotiation, client and service.
