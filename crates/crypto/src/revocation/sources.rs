//! Where an issuer tells whether a certificate was revoked: authority information access and distribution points of
//! lists (RFC 5280 §4.2.2.1, §4.2.1.13).

use crate::der::{self, Extension, Fields, Malformed, OBJECT_IDENTIFIER, SEQUENCE, id};

/// An URL among general names (RFC 5280 §4.2.1.6).
const URI: u8 = 0x86;
/// A longer one nobody writes.
const MAX_URL: usize = 2048;
/// Of more places than this nobody is asked.
const MAX_URLS: usize = 4;

/// Where it is told whether a certificate was revoked, as the certificate says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RevocationSources {
    /// OCSP responders: `http` URLs, four at most.
    pub ocsp: Vec<String>,
    /// Revocation lists: `http` URLs, four at most.
    pub lists: Vec<String>,
    /// What else it names, with why nobody is asked there.
    pub passed_over: Vec<String>,
}

impl RevocationSources {
    /// What the extensions of a certificate name; those that are malformed name nothing.
    pub(super) fn of(extensions: &[Extension<'_>]) -> Self {
        let mut found = Self::default();
        let value = |id| extensions.iter().find(|e| e.id == id).map(|e| e.value);
        if let Some(value) = value(id::AUTHORITY_ACCESS) {
            let read = found.access(value);
            found.unreadable(read, "the authority information access");
        }
        if let Some(value) = value(id::DISTRIBUTION_POINTS) {
            let read = found.points(value);
            found.unreadable(read, "the distribution points");
        }
        found
    }

    fn unreadable(&mut self, read: Result<(), Malformed>, what: &str) {
        if read.is_err() {
            self.pass_over(format!("{what} of the certificate: malformed"));
        }
    }

    fn pass_over(&mut self, what: String) {
        if self.passed_over.len() < 2 * MAX_URLS {
            self.passed_over.push(what);
        }
    }

    fn access(&mut self, value: &[u8]) -> Result<(), Malformed> {
        let mut all = Fields::only(SEQUENCE, value)?;
        while all.tag().is_some() {
            let mut description = all.fields(SEQUENCE)?;
            let method = description.content(OBJECT_IDENTIFIER)?;
            let place = description.next()?.ok_or(Malformed)?;
            description.end()?;
            if method == id::OCSP && place.tag == URI {
                self.url(place.content, true);
            }
        }
        Ok(())
    }

    fn points(&mut self, value: &[u8]) -> Result<(), Malformed> {
        let mut all = Fields::only(SEQUENCE, value)?;
        while all.tag().is_some() {
            let point = Point::read(&mut all)?;
            if point.is_indirect {
                self.pass_over("a list of another issuer (cRLIssuer, an indirect list)".to_owned());
            } else if point.is_partial {
                self.pass_over("a list for some reasons only".to_owned());
            } else if point.is_relative {
                self.pass_over("a list named relative to its issuer".to_owned());
            } else {
                for name in point.names.iter().filter(|name| name.first() == Some(&URI)) {
                    self.url(Fields::of(name).content(URI)?, false);
                }
            }
        }
        Ok(())
    }

    fn url(&mut self, octets: &[u8], is_ocsp: bool) {
        let kind = if is_ocsp { "OCSP" } else { "the list" };
        let text = match std::str::from_utf8(octets) {
            Ok(text) if text.len() <= MAX_URL && text.bytes().all(|o| o.is_ascii_graphic()) => text,
            _ => return self.pass_over(format!("{kind} at an URL that is none")),
        };
        let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
        let urls = if is_ocsp { &mut self.ocsp } else { &mut self.lists };
        if !scheme.eq_ignore_ascii_case("http") {
            self.pass_over(format!("{kind} at {text}: only http is asked"));
        } else if urls.len() == MAX_URLS {
            self.pass_over(format!("{kind} at {text}: {MAX_URLS} are enough"));
        } else if !urls.iter().any(|url| url == text) {
            urls.push(text.to_owned());
        }
    }
}

/// A distribution point of a certificate.
pub(super) struct Point<'a> {
    /// Its names, each a whole `GeneralName`.
    pub(super) names: Vec<&'a [u8]>,
    is_relative: bool,
    is_partial: bool,
    is_indirect: bool,
}

impl<'a> Point<'a> {
    fn read(all: &mut Fields<'a>) -> Result<Self, Malformed> {
        let mut fields = all.fields(SEQUENCE)?;
        let (names, is_relative) = match fields.optional(0xa0)? {
            Some(name) => names(name)?,
            None => (Vec::new(), false),
        };
        let is_partial = fields.optional(0x81)?.is_some();
        let is_indirect = fields.optional(0xa2)?.is_some();
        fields.end()?;
        Ok(Self { names, is_relative, is_partial, is_indirect })
    }
}

/// A `DistributionPointName`: its names, and whether it is one relative to the issuer's.
pub(super) fn names(name: &[u8]) -> Result<(Vec<&[u8]>, bool), Malformed> {
    let mut choice = Fields::of(name);
    let element = choice.next()?.ok_or(Malformed)?;
    choice.end()?;
    match element.tag {
        0xa0 => {
            let mut names = Vec::new();
            let mut all = Fields::of(element.content);
            while let Some(name) = all.next()? {
                names.push(name.whole);
            }
            Ok((names, false))
        }
        0xa1 => Ok((Vec::new(), true)),
        _ => Err(Malformed),
    }
}

/// Every name of every distribution point of a certificate; what cannot be read is none.
pub(super) fn distribution_points(extensions: &[Extension<'_>]) -> Vec<Vec<u8>> {
    let Some(found) = extensions.iter().find(|e| e.id == id::DISTRIBUTION_POINTS) else {
        return Vec::new();
    };
    let Ok(mut all) = Fields::only(der::SEQUENCE, found.value) else { return Vec::new() };
    let mut names = Vec::new();
    while all.tag().is_some() {
        let Ok(point) = Point::read(&mut all) else { break };
        names.extend(point.names.into_iter().map(<[u8]>::to_vec));
    }
    names
}
