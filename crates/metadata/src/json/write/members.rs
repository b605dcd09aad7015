//! The members of a JSON object that becomes an element, each used once.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use crate::json::error::JsonError;
use crate::json::limits::MAX_COMPARED;
use crate::json::plan::Node;
use crate::json::value::Json;
use crate::json::words::listed;

/// Members by name.
pub(in crate::json) struct Members<'j> {
    members: &'j [(String, Json)],
    places: HashMap<&'j str, usize>,
    used: Vec<Cell<bool>>,
}

impl<'j> Members<'j> {
    pub(in crate::json) fn of(members: &'j [(String, Json)]) -> Self {
        let places = members.iter().enumerate().map(|(i, (name, _))| (name.as_str(), i));
        Self { members, places: places.collect(), used: vec![Cell::new(false); members.len()] }
    }

    /// Whether there is a member of this name that nothing has used.
    pub(in crate::json) fn has(&self, name: &str) -> bool {
        self.places.get(name).is_some_and(|place| !self.used[*place].get())
    }

    /// The member of this name, the first time.
    pub(in crate::json) fn take(&self, name: &str) -> Option<&'j Json> {
        let place = *self.places.get(name)?;
        (!self.used[place].replace(true)).then(|| &self.members[place].1)
    }

    /// Members that begin with this and are not used yet.
    pub(in crate::json) fn unused(&self, prefix: &str) -> Vec<(&'j str, &'j Json)> {
        let all = self.members.iter().zip(&self.used);
        all.filter(|((name, _), used)| !used.get() && name.starts_with(prefix))
            .map(|((name, value), _)| (name.as_str(), value))
            .collect()
    }

    /// How many of a node's members are there.
    pub(in crate::json) fn count(&self, node: &Node) -> usize {
        let mut keys = Vec::new();
        node.keys(&mut keys);
        keys.sort_unstable();
        keys.dedup();
        keys.into_iter().filter(|key| self.has(key)).count()
    }

    /// That every name is one of these, before anything is missed that may only be misspelt.
    ///
    /// # Errors
    /// A name that nothing has, with the one that is probably meant.
    pub(in crate::json) fn check_names(
        &self,
        nodes: &[Node],
        more: &[&str],
    ) -> Result<(), JsonError> {
        let keys = keys(nodes, more);
        let known: HashSet<_> = keys.iter().copied().collect();
        match self.members.iter().find(|(name, _)| !known.contains(name.as_str())) {
            Some((name, _)) => Err(unknown(name, keys)),
            None => Ok(()),
        }
    }

    /// That nothing is left.
    ///
    /// # Errors
    /// A member that the type does not have, with the name that is probably meant; or one that cannot stand beside the
    /// others.
    pub(in crate::json) fn finish(&self, nodes: &[Node], more: &[&str]) -> Result<(), JsonError> {
        let Some(place) = self.used.iter().position(|used| !used.get()) else { return Ok(()) };
        let name = self.members[place].0.as_str();
        let keys = keys(nodes, more);
        if keys.contains(&name) {
            let text = "it cannot be given beside the others: the schema has a choice here";
            return Err(JsonError::new(text).at_member(name));
        }
        Err(unknown(name, keys))
    }
}

fn keys<'k>(nodes: &'k [Node], more: &[&'k str]) -> Vec<&'k str> {
    let mut keys = more.to_vec();
    nodes.iter().for_each(|node| node.keys(&mut keys));
    keys
}

fn unknown(name: &str, mut keys: Vec<&str>) -> JsonError {
    let error = JsonError::new(format!("there is no \"{}\" here", name.escape_debug()));
    keys.truncate(MAX_COMPARED);
    match waxwing_binding::nearest(name, keys.iter().copied()) {
        Some(near) => error.help(format!("did you mean \"{near}\"?")),
        None if keys.is_empty() => error.help("nothing is expected"),
        None => error.help(format!("expected are {}", listed(keys.into_iter()))),
    }
}
