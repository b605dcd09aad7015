//! Names that must differ.

use std::collections::{BTreeMap, BTreeSet};

/// How a number is put behind a name that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `name_2`: fields, parameters, methods, modules, constants.
    Snake,
    /// `Name2`: types and variants.
    Pascal,
}

/// Names of one place (a module, a struct, the parameters of a method), each given once.
#[derive(Clone, Debug)]
pub struct Scope {
    style: Style,
    taken: BTreeSet<String>,
    /// The next number to try, so that many equal names take no quadratic time.
    next: BTreeMap<String, u32>,
}

impl Scope {
    /// A place without names.
    pub fn new(style: Style) -> Self {
        Self { style, taken: BTreeSet::new(), next: BTreeMap::new() }
    }

    /// A place where these names are taken already.
    pub fn with_reserved<'n>(style: Style, reserved: impl IntoIterator<Item = &'n str>) -> Self {
        let mut scope = Self::new(style);
        scope.taken.extend(reserved.into_iter().map(|name| plain(name).to_owned()));
        scope
    }

    /// `wanted`, or what stands for it where it is taken: with `2`, `3`, … behind it.
    pub fn give(&mut self, wanted: &str) -> String {
        if self.taken.insert(plain(wanted).to_owned()) {
            return wanted.to_owned();
        }
        let stem = plain(wanted);
        let mut number = self.next.get(stem).copied().unwrap_or(2);
        loop {
            let name = self.numbered(stem, number);
            number += 1;
            if self.taken.insert(name.clone()) {
                self.next.insert(stem.to_owned(), number);
                return name;
            }
        }
    }

    fn numbered(&self, stem: &str, number: u32) -> String {
        match self.style {
            // `Ipv4` and a number would read as another one; an underscore between digits is no breach of the style.
            Style::Pascal if stem.ends_with(|c: char| c.is_ascii_digit()) => {
                format!("{stem}_{number}")
            }
            Style::Pascal => format!("{}{number}", stem.trim_end_matches('_')),
            Style::Snake => format!("{}_{number}", stem.trim_end_matches('_')),
        }
    }
}

/// `r#type` and `type` are one name.
fn plain(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_taken_get_numbers() {
        let mut fields = Scope::with_reserved(Style::Snake, ["channel"]);
        let given: Vec<String> =
            ["name", "name", "r#type", "r#type", "name_2", "name", "channel", "self_", "self_"]
                .iter()
                .map(|name| fields.give(name))
                .collect();
        assert_eq!(
            given,
            [
                "name",
                "name_2",
                "r#type",
                "type_2",
                "name_2_2",
                "name_3",
                "channel_2",
                "self_",
                "self_2"
            ]
        );
        let mut types = Scope::new(Style::Pascal);
        let given: Vec<String> = ["Name", "Name", "V1", "V1", "Self_", "Self_"]
            .iter()
            .map(|name| types.give(name))
            .collect();
        assert_eq!(given, ["Name", "Name2", "V1", "V1_2", "Self_", "Self2"]);
    }

    #[test]
    fn a_thousand_equal_names_are_no_long_search() {
        let mut scope = Scope::new(Style::Pascal);
        let names: BTreeSet<String> = (0..20_000).map(|_| scope.give("Same")).collect();
        assert_eq!(names.len(), 20_000);
    }
}
