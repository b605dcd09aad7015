//! A packed scenario of net.tcp.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::common;

/// A scenario with its streams.
pub(crate) struct Flow {
    pub(crate) name: String,
    json: serde_json::Value,
}

impl Flow {
    pub(crate) fn all() -> Vec<Self> {
        common::scenarios("wcf-tcp").iter().map(|path| Self::read(path)).collect()
    }

    pub(crate) fn of(name: &str) -> Self {
        let found = Self::all().into_iter().find(|flow| flow.name == name);
        found.expect("the scenario is there")
    }

    fn read(path: &std::path::Path) -> Self {
        let json = common::scenario(path);
        Self { name: json["scenario"].as_str().unwrap().to_owned(), json }
    }

    /// The octets of a stream (`c001.client`); none where there is no such one.
    pub(crate) fn stream(&self, name: &str) -> Option<Vec<u8>> {
        let text = self.json["streams"][name].as_str()?;
        Some(STANDARD.decode(text).expect("base64"))
    }

    /// The names of all streams.
    pub(crate) fn streams(&self) -> Vec<String> {
        self.json["streams"].as_object().unwrap().keys().cloned().collect()
    }

    /// What the recorder found in a stream: offset, and the record in its words.
    pub(crate) fn frames(&self, stream: &str) -> Vec<(usize, String)> {
        let begin = format!("{} @", stream.replace('.', " "));
        let lines = self.json["frames"].as_str().unwrap().lines();
        let own = lines.filter_map(|line| line.strip_prefix(&begin)?.split_once(' '));
        own.map(|(offset, words)| (offset.parse().unwrap(), words.to_owned())).collect()
    }

    pub(crate) fn readme(&self) -> &str {
        self.json["readme"].as_str().unwrap()
    }
}
