//! What was found that cannot be run, as it is collected.

use std::borrow::Cow;

use crate::built::Part;
use crate::refusal::{InWcf, Unsupported, Within};

/// Collects features.
pub(super) struct Found(pub(super) Vec<Unsupported>);

impl Found {
    /// Something in the binding.
    pub(super) fn add(&mut self, feature: impl Into<String>, instead: &str, at: &'static str) {
        self.push(feature.into(), instead, at.into(), Within::Binding);
    }

    /// Something in the binding that WCF does not run, either.
    pub(super) fn add_of_wcf(
        &mut self,
        wcf: InWcf,
        feature: impl Into<String>,
        instead: &str,
        at: &'static str,
    ) {
        self.add(feature, instead, at);
        self.in_wcf(wcf);
    }

    /// What was found last is not run by WCF, either.
    pub(super) fn in_wcf(&mut self, wcf: InWcf) {
        if let Some(last) = self.0.last_mut() {
            last.wcf = wcf;
        }
    }

    /// Something in the binding that a part of the runtime is for, unless that is there. Says whether it is.
    pub(super) fn need(
        &mut self,
        part: Part,
        feature: impl Into<String>,
        instead: &str,
        at: &'static str,
    ) -> bool {
        if !part.runs() {
            self.add(format!("{} (not built yet)", feature.into()), instead, at);
        }
        part.runs()
    }

    /// Something in the endpoint itself.
    pub(super) fn add_to_endpoint(
        &mut self,
        feature: impl Into<String>,
        instead: &str,
        at: &'static str,
    ) {
        self.push(feature.into(), instead, at.into(), Within::Endpoint);
    }

    /// A binding element of its own name.
    pub(super) fn add_element(&mut self, feature: String, instead: &str, name: &str) {
        self.push(feature, instead, name.to_owned().into(), Within::Binding);
    }

    fn push(&mut self, feature: String, instead: &str, at: Cow<'static, str>, within: Within) {
        let (instead, wcf) = (instead.to_owned(), InWcf::Runs);
        self.0.push(Unsupported { feature, instead, at, within, wcf });
    }
}
