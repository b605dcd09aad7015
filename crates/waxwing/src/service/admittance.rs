//! Who sends to an endpoint, as far as the transport says: what is asked for, and whether what comes is good.

use std::net::SocketAddr;

use jiff::Timestamp;
use waxwing_binding::{AuthenticationSchemes, EffectiveEndpoint};
use waxwing_security::PeerTag;
use waxwing_security::conversation::{Evidence, ProvenCaller, UserNameEvidence};

use crate::authentication::Judge;
use crate::net::{DigestClaim, Refusal, TransportCaller};

/// How clients prove themselves to the transport of an endpoint (`clientCredentialType` of `<transport>`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admittance {
    /// They do not: what the transport knows of them is not looked at.
    Anybody,
    /// With a user name, over HTTP.
    Login {
        /// By the password itself.
        basic: bool,
        /// By a digest of it.
        digest: bool,
    },
    /// With the certificate of a TLS client.
    Certificate,
}

impl Admittance {
    /// What an endpoint asks for.
    pub(super) fn of(endpoint: &EffectiveEndpoint) -> Self {
        let transport = &endpoint.transport;
        if transport.require_client_certificate {
            Self::Certificate
        } else if transport.authentication.contains(AuthenticationSchemes::ANONYMOUS) {
            Self::Anybody
        } else {
            let has = |scheme| transport.authentication.contains(scheme);
            Self::Login {
                basic: has(AuthenticationSchemes::BASIC),
                digest: has(AuthenticationSchemes::DIGEST),
            }
        }
    }

    /// Who sent a message, by the rules of the endpoint. The clock is read where somebody has to prove something.
    ///
    /// # Errors
    /// What is answered to somebody who is not let in, and why, for the local log.
    pub(super) async fn admit(
        self,
        caller: TransportCaller,
        judge: &Judge,
        peer: SocketAddr,
        now: impl FnOnce() -> Timestamp + Send,
    ) -> Result<ProvenCaller, (Refusal, String)> {
        match self {
            Self::Anybody => Ok(ProvenCaller::anonymous()),
            // Large, and not everybody's.
            _ => Box::pin(self.prove(caller, judge, peer, now())).await,
        }
    }

    async fn prove(
        self,
        caller: TransportCaller,
        judge: &Judge,
        peer: SocketAddr,
        now: Timestamp,
    ) -> Result<ProvenCaller, (Refusal, String)> {
        let evidence = match (self, caller) {
            // Nobody asks.
            (Self::Anybody, _) => return Ok(ProvenCaller::anonymous()),
            (Self::Login { basic: true, .. }, TransportCaller::Password(shown)) => {
                Evidence::UserName(shown)
            }
            (Self::Login { digest: true, .. }, TransportCaller::Digest(claim)) => {
                return knows_secret(*claim, judge, peer).await;
            }
            (Self::Certificate, TransportCaller::Certificate(shown)) => {
                Evidence::Certificate(*shown)
            }
            (Self::Login { .. }, _) => {
                let text =
                    "no user name came with the request, or not in the way that is asked for";
                return Err((Refusal::Unauthorized, text.to_owned()));
            }
            // WCF answers 403 to whoever shows none, and does not fail the handshake.
            (Self::Certificate, _) => {
                let text = "no certificate came with the connection";
                return Err((Refusal::Forbidden, text.to_owned()));
            }
        };
        let who = evidence.to_string();
        let verdict = judge.verdict(evidence.clone(), PeerTag::of_address(peer.ip()), now).await;
        ProvenCaller::of(evidence, verdict)
            .map_err(|why| (Refusal::Forbidden, format!("{who} was not authenticated: {why}")))
    }
}

/// By HTTP Digest. WCF leaves it to the system, which asks again (RFC 7616 §3.3).
async fn knows_secret(
    claim: DigestClaim,
    judge: &Judge,
    peer: SocketAddr,
) -> Result<ProvenCaller, (Refusal, String)> {
    let evidence = UserNameEvidence { username: claim.username().into(), password: None };
    let evidence = Evidence::UserName(evidence);
    let who = evidence.to_string();
    let verdict = judge.digest_verdict(claim, PeerTag::of_address(peer.ip())).await;
    ProvenCaller::of(evidence, verdict)
        .map_err(|why| (Refusal::Unauthorized, format!("{who} was not authenticated: {why}")))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use zeroize::Zeroizing;

    use super::*;
    use crate::authentication::UserNameRule;

    fn alice(password: &str) -> TransportCaller {
        let password = Some(Zeroizing::new(password.to_owned()));
        TransportCaller::Password(UserNameEvidence { username: "alice".into(), password })
    }

    fn judge() -> Judge {
        let rule = |name: &str, password: Option<&str>| match (name, password) {
            ("alice", Some("secret")) => Ok(()),
            _ => Err("unknown".to_owned()),
        };
        Judge::new(None, Some(UserNameRule::Blocking(Arc::new(rule))))
    }

    async fn admit(asked: Admittance, caller: TransportCaller) -> Result<String, Refusal> {
        let peer = SocketAddr::from(([127, 0, 0, 1], 1));
        let admitted = asked.admit(caller, &judge(), peer, || Timestamp::UNIX_EPOCH).await;
        admitted.map(|proven| proven.identity().name()).map_err(|(refusal, _)| refusal)
    }

    /// What the transport shows is nobody until a rule says so, and nothing is taken that was not asked for.
    #[tokio::test]
    async fn only_a_verdict_makes_a_caller() {
        let asked = Admittance::Login { basic: true, digest: false };
        assert_eq!(admit(asked, alice("secret")).await, Ok("alice".to_owned()));
        assert_eq!(admit(asked, alice("Secret")).await, Err(Refusal::Forbidden));
        assert_eq!(admit(asked, TransportCaller::Anonymous).await, Err(Refusal::Unauthorized));
        let digest = Admittance::Login { basic: false, digest: true };
        assert_eq!(admit(digest, alice("secret")).await, Err(Refusal::Unauthorized));
        assert_eq!(admit(Admittance::Certificate, alice("secret")).await, Err(Refusal::Forbidden));
        // Whoever need not say who he is, is nobody though he does.
        assert_eq!(admit(Admittance::Anybody, alice("secret")).await, Ok(String::new()));
        assert_eq!(admit(Admittance::Anybody, alice("wrong")).await, Ok(String::new()));
    }
}
