//! `configSource`: a section in a file of its own.
//!
//! The rules are System.Configuration's: the name is relative, has no `/`, and does not lead out of
//! the folder of the file; nothing else stands in the section; the root of the other file is the
//! section; no two sections share a file.

use crate::file::node::{Attribute, Node};
use crate::file::parse::parse;
use crate::file::problem::Problem;
use crate::file::quote::quote;
use crate::file::reader::Reader;

/// Gives the text of a file beside the configuration file, by its relative name, or says why not.
pub type ReadBeside<'a> = &'a dyn Fn(&str) -> Result<String, String>;

const SOURCE: &str = "configSource";
/// Marks a section that .NET has encrypted.
const PROTECTION: &str = "configProtectionProvider";

/// Puts the content of the files that sections name into the sections.
pub(super) fn read(group: &mut Node, beside: Option<ReadBeside<'_>>, cx: &mut Reader) {
    let mut used: Vec<String> = Vec::new();
    for section in &mut group.children {
        cx.enter(section);
        if section.attribute(PROTECTION).is_some() {
            cx.report(encrypted(section));
            section.attributes.clear();
            section.children.clear();
        } else if let Some(source) = section.attribute(SOURCE).cloned() {
            match content(section, &source, &mut used, beside, cx) {
                Ok(content) => *section = content,
                Err(problem) => {
                    cx.report(*problem);
                    section.attributes.clear();
                }
            }
        }
        cx.leave();
    }
}

fn encrypted(section: &Node) -> Problem {
    let message = format!("the section <{}> is encrypted by .NET", section.name);
    Problem::error("encrypted-section", section.locate("@configProtectionProvider"), message)
        .behavior("decrypts the section; Waxwing cannot")
        .fix("decrypt it on the machine that can: aspnet_regiis -pdf \"system.serviceModel/…\" …")
}

fn content(
    section: &Node,
    source: &Attribute,
    used: &mut Vec<String>,
    beside: Option<ReadBeside<'_>>,
    cx: &mut Reader,
) -> Result<Node, Box<Problem>> {
    let shown = quote(&source.value);
    let error = |message: String| Problem::error("config-source", source.value_span, message);
    if section.attributes.len() > 1 || !section.children.is_empty() || section.text.is_some() {
        return Err(error(format!("<{}> has more than configSource", section.name))
            .wcf("A section using 'configSource' may contain no other attributes or elements.")
            .fix(format!("move everything into {shown}"))
            .into());
    }
    let name = file_name(&source.value).map_err(|wcf| {
        error(format!("configSource=\"{shown}\" names no file beside this one"))
            .wcf(wcf)
            .fix("write a relative name, with \\ between folders: configSource=\"bindings.config\"")
    })?;
    if used.contains(&name) {
        return Err(error(format!("another section is read from {shown}, too"))
            .wcf(format!("The configSource '{shown}' is used by another section."))
            .fix("give each section a file of its own")
            .into());
    }
    used.push(name.clone());
    let Some(beside) = beside else {
        return Err(error(format!("the section <{}> stands in the file {shown}", section.name))
            .behavior("reads the section from that file; here only the text of this one is known")
            .fix(format!("put the content of {shown} here"))
            .into());
    };
    let text = beside(&name).map_err(|why| {
        error(format!("the file {shown} of the section <{}> {}", section.name, quote(&why)))
            .wcf(format!("Unable to open configSource file '{shown}'."))
            .fix("put the file beside this one")
    })?;
    let root = cx.in_file(&name, &text, |cx| parse(&text, cx));
    let Some(root) = root else {
        return Err(error(format!("the section <{}> cannot be read", section.name))
            .fix(format!("mend the file {shown}"))
            .into());
    };
    if root.name != section.name {
        return Err(error(format!("{shown} holds <{}>, not <{}>", root.name, section.name))
            .wcf(
                "The format of a configSource file must be an element containing the name of the \
                 section.",
            )
            .fix(format!("make <{}> the root of {shown}", section.name))
            .into());
    }
    Ok(root)
}

/// The relative name with `/` between folders; else WCF's text.
fn file_name(value: &str) -> Result<String, &'static str> {
    const FORMAT: &str = "The configSource attribute must be a relative physical path.";
    const SLASH: &str = "The configSource attribute must be a relative physical path, so the '/' \
                         character is not allowed.";
    const OUTSIDE: &str = "It must refer to a file in the same directory or in a subdirectory as \
                           the configuration file.";
    if value.contains('/') {
        return Err(SLASH);
    }
    let rooted = value.starts_with('\\') || value.chars().nth(1) == Some(':');
    if value.is_empty() || value.trim() != value || rooted {
        return Err(FORMAT);
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in value.split('\\') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or(OUTSIDE)?;
            }
            part => parts.push(part),
        }
    }
    if parts.is_empty() { Err(FORMAT) } else { Ok(parts.join("/")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_the_folder() {
        assert_eq!(file_name("a.config").as_deref(), Ok("a.config"));
        assert_eq!(file_name("sub\\.\\x\\..\\a.config").as_deref(), Ok("sub/a.config"));
        for bad in
            ["", " a", "a ", "\\a", "C:\\a", "C:a", "a/b", "..\\a", "a\\..\\..\\b", "\\\\h\\a", "."]
        {
            assert!(file_name(bad).is_err(), "{bad}");
        }
    }
}
