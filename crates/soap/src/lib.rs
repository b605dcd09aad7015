//! SOAP envelopes, faults, WS-Addressing and the HTTP mapping.
