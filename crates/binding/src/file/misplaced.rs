//! Names that are right somewhere else.

pub(super) fn attribute(element: &str, attribute: &str) -> Option<&'static str> {
    Some(match (element, attribute) {
        ("reliableSession", "enabled") => {
            "remove it: in wsDualHttpBinding and customBinding the element itself switches \
             the reliable session on"
        }
        (
            "reliableSession",
            "maxRetryCount"
            | "acknowledgementInterval"
            | "flowControlEnabled"
            | "maxPendingChannels"
            | "maxTransferWindowSize"
            | "reliableMessagingVersion",
        ) => "only a customBinding can set it: spell the binding out as a customBinding",
        ("binding", "transferMode") => {
            "remove it: only netTcpBinding, netHttpBinding and basicHttpBinding can stream"
        }
        ("binding", "maxBufferSize") => {
            "remove it: maxReceivedMessageSize sets the buffer size, too"
        }
        ("message", "negotiateServiceCredential") => {
            "remove it: netTcpBinding always negotiates the service's credential"
        }
        ("message", "establishSecurityContext") => {
            "remove it: this binding always establishes a security context"
        }
        ("security", "clientCredentialType" | "negotiateServiceCredential") => {
            "write it on <message> (or <transport>) inside <security>"
        }
        ("add", "address") => "write baseAddress=\"…\" in <baseAddresses>",
        ("binding", "mode") => "write <security mode=\"…\"> inside the binding",
        _ => return None,
    })
}

pub(super) fn element(parent: &str, child: &str) -> Option<&'static str> {
    Some(match (parent, child) {
        ("binding", "reliableSession") => {
            "this binding has no reliable session; wsHttpBinding, ws2007HttpBinding, \
             wsDualHttpBinding, the federation bindings, netTcpBinding, netHttpBinding and \
             customBinding have one"
        }
        ("binding", "message") => "write <security mode=\"Message\"> <message … /> </security>",
        ("binding", "transport") => {
            "write <security mode=\"Transport\"> <transport … /> </security>"
        }
        ("clientCredentials", "userName") => {
            "remove it: a user name and a password cannot be written in a file; the program \
             sets them"
        }
        (_, _) if parent.ends_with("Binding") => "write <binding>",
        _ => return None,
    })
}
