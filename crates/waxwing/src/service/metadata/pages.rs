//! Answers to GET: documents, the help page, and why there is nothing.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use waxwing_crypto::{Digest, DigestAlgorithm};
use waxwing_metadata::export::Form;
use waxwing_soap::Address;
use waxwing_xml::Document;

use super::description::Description;
use super::help::{self, Help};
use super::seen::{Seen, SeenBy};
use super::settings::{PagePlace, Settings};
use crate::net::{Page, PageRequest};

/// The longest query that is looked at, as in WCF.
const MAX_QUERY: usize = 2048;
/// How many views of the service are kept: headers of requests make them, so there may be many.
const MAX_VIEWS: usize = 16;

const XML: &str = "text/xml; charset=UTF-8";
const HTML: &str = "text/html; charset=UTF-8";
/// Nothing is loaded, nothing is run.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The pages at one address.
pub(in crate::service) struct Pages {
    place: PagePlace,
    path: Vec<u8>,
    description: Arc<Description>,
    settings: Arc<Settings>,
    /// Those that were asked for last, the newest at the end.
    views: Mutex<Vec<(Seen, Arc<View>)>>,
}

/// Everything that is shown to those who see the service in one way.
struct View {
    /// Queries in small letters, with what is answered.
    documents: Vec<(String, Answer)>,
    help: Option<Answer>,
}

struct Answer {
    kind: &'static str,
    content: Bytes,
    tag: String,
}

impl Answer {
    fn new(kind: &'static str, content: Vec<u8>) -> Self {
        let mut digest = Digest::new(DigestAlgorithm::Sha256);
        digest.update(&content);
        let mut tag = String::from("\"");
        for octet in digest.finish().iter().take(16) {
            let _ = write!(tag, "{octet:02x}");
        }
        tag.push('"');
        Self { kind, content: content.into(), tag }
    }

    fn xml(document: &Document) -> Self {
        let mut out = br#"<?xml version="1.0" encoding="utf-8"?>"#.to_vec();
        document.write_to(&mut out);
        Self::new(XML, out)
    }
}

impl Pages {
    pub(in crate::service) fn new(
        place: PagePlace,
        description: Arc<Description>,
        settings: Arc<Settings>,
    ) -> Self {
        let path = Address::of(&place.address).path_key();
        Self { place, path, description, settings, views: Mutex::new(Vec::new()) }
    }

    pub(in crate::service) fn address(&self) -> &str {
        &self.place.address
    }

    /// The answer to somebody who looks; none where there is nothing to see.
    pub(in crate::service) fn answer(&self, request: &PageRequest) -> Option<Page> {
        if Address::of(request.path()).path_key() != self.path {
            return None;
        }
        let query = request.query().unwrap_or_default();
        if query.len() > MAX_QUERY {
            return Some(Page::empty(414));
        }
        let query = query.to_ascii_lowercase();
        let wants_wsdl =
            query == "wsdl" || query == "singlewsdl" || query.is_empty() && !self.place.help;
        if let Some(elsewhere) =
            self.settings.external.as_ref().filter(|_| self.place.wsdl && wants_wsdl)
        {
            let address = absolute(elsewhere, &self.place.address);
            return Some(Page::empty(307).with_header("location", address));
        }
        let view = self.view(request);
        let named = match query.as_str() {
            "" if !self.place.help => "wsdl",
            named => named,
        };
        let document = view.documents.iter().find(|(name, _)| name == named);
        let answer = document.map(|(_, answer)| answer).or(view.help.as_ref())?;
        Some(self.page(answer, request))
    }

    /// An answer, unless the caller has it already.
    fn page(&self, answer: &Answer, request: &PageRequest) -> Page {
        let known = request.header("if-none-match").is_some_and(|tags| {
            let mut tags = tags.split(',').map(|tag| tag.trim().trim_start_matches("W/"));
            tags.any(|tag| tag == "*" || tag == answer.tag)
        });
        let page = match known {
            true => Page::empty(304),
            false => Page::of(answer.kind, answer.content.clone()),
        };
        let page = page.with_header("etag", &answer.tag).with_header("cache-control", "no-cache");
        let page = page.with_header("x-content-type-options", "nosniff");
        let page = match self.settings.seen.depends() {
            true => page.with_header(
                "vary",
                "Host, Forwarded, X-Forwarded-Proto, X-Forwarded-Host, X-Forwarded-Prefix",
            ),
            false => page,
        };
        match answer.kind == HTML {
            true => page.with_header("content-security-policy", POLICY),
            false => page,
        }
    }

    fn view(&self, request: &PageRequest) -> Arc<View> {
        let by = &self.settings.seen;
        let seen = by.seen(request, self.description.port());
        let views = || self.views.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, view)) = views().iter().find(|(known, _)| *known == seen) {
            return Arc::clone(view);
        }
        // Made under no lock.
        let view = Arc::new(self.made(by, &seen));
        let mut views = views();
        if views.len() >= MAX_VIEWS {
            views.remove(0);
        }
        views.push((seen, Arc::clone(&view)));
        view
    }

    fn made(&self, by: &SeenBy, seen: &Seen) -> View {
        let base = by.rewritten(&self.place.address, seen);
        let mut documents = Vec::new();
        if self.place.wsdl {
            let all =
                self.description.documents(self.settings.version, |own| by.rewritten(own, seen));
            for written in all.write(Form::Split(&base)) {
                documents.push((written.name.to_ascii_lowercase(), Answer::xml(&written.document)));
            }
            match all.single() {
                Ok(document) => documents.push(("singlewsdl".to_owned(), Answer::xml(&document))),
                Err(error) => {
                    tracing::debug!(address = base, "there is no ?singleWsdl: {error}");
                }
            }
            documents.push(("disco".to_owned(), Answer::xml(&disco(&base))));
        }
        let help = self.place.help.then(|| {
            let endpoints =
                self.description.endpoints().map(|(name, own)| (name, by.rewritten(own, seen)));
            let help = Help {
                service: self.description.name(),
                endpoints: if self.place.wsdl { endpoints.collect() } else { Vec::new() },
                metadata: self.place.wsdl.then(|| base.clone()),
            };
            Answer::new(HTML, help::page(&help).into_bytes())
        });
        View { documents, help }
    }
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pages").field(&self.place).finish()
    }
}

/// The pointer to WSDL of Microsoft's discovery (DISCO).
fn disco(base: &str) -> Document {
    use waxwing_xml::Name;
    let mut document =
        Document::new(Name::new("", "discovery", "http://schemas.xmlsoap.org/disco/"));
    let root = document.root().id();
    let name = Name::new("", "contractRef", "http://schemas.xmlsoap.org/disco/scl/");
    let reference = document.append_element(root, name);
    document.set_attribute(reference, Name::local("ref"), &format!("{base}?wsdl"));
    document.set_attribute(reference, Name::local("docRef"), base);
    document
}

/// An address, absolute or below another one.
fn absolute(address: &str, base: &str) -> String {
    let address = Address::of(address);
    match address.is_absolute() {
        true => address.as_str().to_owned(),
        false => address.below(&Address::of(base)),
    }
}
