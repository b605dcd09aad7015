//! The digest over a request, or over the answer to it (RFC 7616 §3.4.1).

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::secret::DigestAlgorithm;

/// An algorithm as a challenge names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Algorithm {
    pub(crate) digest: DigestAlgorithm,
    /// Whether the key is one of this session (`-sess`).
    pub(crate) session: bool,
}

impl Algorithm {
    /// The algorithm of this name; without a name it is MD5 (RFC 7616 §3.3).
    pub(crate) fn named(name: Option<&str>) -> Option<Self> {
        let name = name.unwrap_or("MD5").to_ascii_uppercase();
        let (digest, session) = match name.strip_suffix("-SESS") {
            Some(digest) => (digest, true),
            None => (name.as_str(), false),
        };
        let digest = match digest {
            "MD5" => DigestAlgorithm::Md5,
            "SHA-256" => DigestAlgorithm::Sha256,
            _ => return None,
        };
        Some(Self { digest, session })
    }

    /// Its name.
    pub(crate) fn name(self) -> String {
        let session = if self.session { "-sess" } else { "" };
        format!("{}{session}", self.digest.as_str())
    }
}

/// What is protected beside the request line (`qop`), with what makes each digest another one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Protected<'a> {
    /// `nc`: eight hexadecimal digits.
    pub(crate) count: &'a str,
    /// `cnonce`.
    pub(crate) client_nonce: &'a str,
    /// The body, where it is protected too (`auth-int`).
    pub(crate) body: Option<&'a [u8]>,
}

/// What a digest is over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Response<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) nonce: &'a str,
    /// None: as RFC 2069 had it.
    pub(crate) protected: Option<Protected<'a>>,
    /// Empty for the digest over an answer.
    pub(crate) method: &'a str,
    pub(crate) uri: &'a str,
}

impl Response<'_> {
    /// The digest by the key `H(A1)`.
    pub(crate) fn digest(&self, ha1: &str) -> Zeroizing<String> {
        let Self { algorithm: Algorithm { digest, session }, nonce, method, uri, .. } = *self;
        let protected = self.protected;
        let client_nonce = protected.map_or("", |protected| protected.client_nonce);
        let key = match session {
            true => digest.of(&[ha1.as_bytes(), nonce.as_bytes(), client_nonce.as_bytes()]),
            false => Zeroizing::new(ha1.to_owned()),
        };
        let (key, nonce) = (key.as_bytes(), nonce.as_bytes());
        let Some(Protected { count, client_nonce, body }) = protected else {
            let request = digest.of(&[method.as_bytes(), uri.as_bytes()]);
            return digest.of(&[key, nonce, request.as_bytes()]);
        };
        let (qop, request) = match body {
            None => ("auth", digest.of(&[method.as_bytes(), uri.as_bytes()])),
            Some(body) => {
                let body = digest.of(&[body]);
                let parts = [method.as_bytes(), uri.as_bytes(), body.as_bytes()];
                ("auth-int", digest.of(&parts))
            }
        };
        let (count, client_nonce) = (count.as_bytes(), client_nonce.as_bytes());
        digest.of(&[key, nonce, count, client_nonce, qop.as_bytes(), request.as_bytes()])
    }
}

/// Whether two digests are the same, in a time that does not tell where they differ.
pub(crate) fn same(one: &str, other: &str) -> bool {
    let other = other.to_ascii_lowercase();
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::super::secret::DigestSecret;
    use super::*;

    fn digest(algorithm: &str, user: [&str; 3], response: Response<'_>) -> String {
        let algorithm = Algorithm::named(Some(algorithm)).expect("an algorithm");
        let secret = DigestSecret::password(user[2]);
        let key = secret.of(algorithm.digest, user[0], user[1]).expect("a key");
        Response { algorithm, ..response }.digest(&key).to_string()
    }

    /// The examples of RFC 7616 §3.9.1 and RFC 2617 §3.5, and of RFC 2069 §2.4 with its erratum.
    #[test]
    fn examples_of_the_specifications() {
        let algorithm = Algorithm::named(None).expect("MD5");
        let user = ["Mufasa", "http-auth@example.org", "Circle of Life"];
        let protected = Protected {
            count: "00000001",
            client_nonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            body: None,
        };
        let request = Response {
            algorithm,
            nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            protected: Some(protected),
            method: "GET",
            uri: "/dir/index.html",
        };
        assert_eq!(digest("MD5", user, request), "8ca523f5e9506fed4657c9700eebdbec");
        assert_eq!(
            digest("sha-256", user, request),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
        );
        let protected = Protected { count: "00000001", client_nonce: "0a4f113b", body: None };
        let request = Response {
            nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            protected: Some(protected),
            ..request
        };
        let user = ["Mufasa", "testrealm@host.com", "Circle Of Life"];
        assert_eq!(digest("MD5", user, request), "6629fae49393a05397450978507c4ef1");
        let user = ["Mufasa", "testrealm@host.com", "CircleOfLife"];
        let request = Response { protected: None, ..request };
        assert_eq!(digest("MD5", user, request), "1949323746fe6a43ef61f9606e7febea");
    }

    #[test]
    fn names_of_algorithms() {
        for (name, read) in
            [("MD5-sess", "MD5-sess"), ("sha-256-SESS", "SHA-256-sess"), ("md5", "MD5")]
        {
            assert_eq!(Algorithm::named(Some(name)).expect(name).name(), read);
        }
        for other in ["SHA-512-256", "", "SHA", "MD5-"] {
            assert_eq!(Algorithm::named(Some(other)), None, "{other}");
        }
    }

    #[test]
    fn digests_are_kept_in_their_own_form() {
        use DigestAlgorithm::{Md5, Sha256};
        let ha1 = Md5.of(&[b"alice", b"here", b"secret"]);
        let secret = DigestSecret::ha1(Md5, &ha1.to_ascii_uppercase()).expect("a digest");
        assert_eq!(secret.of(Md5, "alice", "here").as_deref(), Some(&*ha1));
        assert!(secret.of(Sha256, "alice", "here").is_none());
        for bad in ["", "secret", &ha1[1..], "gggggggggggggggggggggggggggggggg"] {
            assert!(DigestSecret::ha1(Md5, bad).is_none(), "{bad}");
        }
        assert_eq!(format!("{secret:?}"), "DigestSecret(…)");
    }
}
