//! Whether the options fit what an endpoint asks for: what is missing is refused by the name of the option that gives it,
//! and what is of no use is told.

use waxwing::binding::{
    AuthenticationSchemes, EffectiveEndpoint, Identity, MessageCredentialType as Type,
};

use super::problem::Problem;

/// Which options were given.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Given {
    pub(super) user: bool,
    pub(super) client_certificate: bool,
    pub(super) service_certificate: bool,
}

/// What an endpoint asks for.
struct Wanted {
    user: bool,
    client_certificate: bool,
    /// The service's certificate beforehand.
    service_certificate: bool,
}

impl Wanted {
    fn of(endpoint: &EffectiveEndpoint) -> Self {
        let (security, transport) = (endpoint.security.as_ref(), &endpoint.transport);
        let credential = security.map(|security| security.credential);
        let by_password = [AuthenticationSchemes::BASIC, AuthenticationSchemes::DIGEST];
        let shown_beforehand = security.is_some_and(|security| {
            let in_message = security.authentication.needs_service_certificate();
            in_message && !security.over_transport && !security.negotiated
        });
        Self {
            user: credential == Some(Type::UserName)
                || by_password.contains(&transport.authentication),
            client_certificate: credential == Some(Type::Certificate)
                || transport.require_client_certificate,
            service_certificate: shown_beforehand,
        }
    }

    /// In words.
    fn credential(&self) -> &'static str {
        match (self.user, self.client_certificate) {
            (true, true) => "a user name and a certificate",
            (true, false) => "a user name",
            (false, true) => "a certificate of the client",
            (false, false) => "no credential of the client",
        }
    }
}

/// Notes on options that the endpoint has no use for.
///
/// # Errors
/// Something that it asks for is neither an option nor in its configuration.
pub(super) fn fit(endpoint: &EffectiveEndpoint, given: Given) -> Result<Vec<String>, Problem> {
    let wanted = Wanted::of(endpoint);
    let (missing, code) = missing(endpoint, &wanted, given);
    if let Some(text) = missing {
        return Err(Problem { error: code, ..Problem::usage(text) });
    }
    let asks = wanted.credential();
    let mut notes = Vec::new();
    if given.user && !wanted.user {
        notes.push(format!("--user is of no use in calls: the endpoint asks for {asks}"));
    }
    if given.client_certificate && !wanted.client_certificate {
        let text = "--client-certificate is of no use in calls: the endpoint asks for";
        notes.push(format!("{text} {asks}"));
    }
    if given.service_certificate && !wanted.service_certificate {
        let why = match &endpoint.security {
            Some(security) if security.negotiated && !security.over_transport => {
                "the service shows its certificate itself (negotiateServiceCredential), and who believes it is told by --ca"
            }
            _ if endpoint.transport.scheme == "https" => {
                "the server shows its certificate in TLS, and who believes it is told by --ca"
            }
            _ => "the endpoint has no message security with a certificate of the service",
        };
        notes.push(format!("--service-certificate does nothing: {why}"));
    }
    Ok(notes)
}

fn missing(
    endpoint: &EffectiveEndpoint,
    wanted: &Wanted,
    given: Given,
) -> (Option<String>, Option<&'static str>) {
    if endpoint.address.is_empty() {
        return (Some("the endpoint has no address: give --address URL".to_owned()), None);
    }
    if wanted.client_certificate
        && !given.client_certificate
        && endpoint.client_certificate().is_none()
    {
        let text = "The client certificate is not provided. The endpoint asks for one: give --client-certificate FILE (.pfx, or \
                    PEM with its key) [client-certificate-missing]";
        return (Some(text.to_owned()), Some("client-certificate-missing"));
    }
    if wanted.user && !given.user {
        let text = "The username is not provided. The endpoint asks for one: give --user NAME, and the password by \
                    --password-file FILE [user-name-missing]";
        return (Some(text.to_owned()), Some("user-name-missing"));
    }
    let known = endpoint.known_service_certificate().is_some()
        || matches!(
            endpoint.identity,
            Some(Identity::Certificate(_) | Identity::CertificateReference(_))
        );
    if wanted.service_certificate && !given.service_certificate && !known {
        let text = "The service certificate is not provided. The endpoint does not negotiate it (negotiateServiceCredential), \
                    and no <identity> has it: give --service-certificate FILE";
        return (Some(text.to_owned()), None);
    }
    (None, None)
}
