//! Names and elements that an element does not have, and what may have been meant by them.

use crate::diagnostic::Severity;
use crate::file::misplaced;
use crate::file::node::{Attribute, Node};
use crate::file::problem::Problem;
use crate::file::quote::quote;
use crate::file::reader::Reader;
use crate::schema::Description;
use crate::suggest;

impl Reader {
    /// An attribute that the element's own schema does not have: one of those that
    /// `System.Configuration` gives to every element, or none at all.
    pub(crate) fn foreign_attribute(
        &mut self,
        attribute: &Attribute,
        node: &Node,
        schema: &Description,
    ) {
        // They restrict files further down, of which there are none.
        const LOCKS: &[&str] = &[
            "lockAttributes",
            "lockAllAttributesExcept",
            "lockElements",
            "lockAllElementsExcept",
            "lockItem",
        ];
        if LOCKS.contains(&attribute.name.as_str()) {
            return;
        }
        let name = quote(&attribute.name);
        self.report(Reader::unknown_attribute(attribute, node, schema, Severity::Error).wcf(
            format!(
                "Unrecognized attribute '{name}'. Note that attribute names are case-sensitive."
            ),
        ));
    }

    /// An attribute that WCF passes over: on `<behavior>` and on the `<binding>` of a custom one
    /// it looks for those that it knows.
    pub(crate) fn ignored_attribute(
        &mut self,
        attribute: &Attribute,
        node: &Node,
        schema: &Description,
    ) {
        let mut problem = Reader::unknown_attribute(attribute, node, schema, Severity::Warning);
        problem.code = "ignored-attribute";
        self.report(problem.behavior("passes over the attribute, and so does Waxwing"));
    }

    /// Elements of the frame, which are no configuration elements themselves, have no attributes.
    pub(crate) fn no_attributes(&mut self, node: &Node) {
        for attribute in &node.attributes {
            self.foreign_attribute(attribute, node, &Description::default());
        }
    }

    fn unknown_attribute(
        attribute: &Attribute,
        node: &Node,
        schema: &Description,
        severity: Severity,
    ) -> Problem {
        let name = quote(&attribute.name);
        let names = schema.attributes.iter().map(|a| a.name);
        let suggestion = suggest::nearest(&attribute.name, names.clone());
        let case_only =
            suggestion.as_ref().is_some_and(|s| s.eq_ignore_ascii_case(&attribute.name));
        let message = if attribute.name.starts_with("xmlns") {
            format!("<{}> takes no namespace declaration", node.name)
        } else if case_only {
            format!("<{}> has no attribute {name}: names are case-sensitive", node.name)
        } else {
            format!("<{}> has no attribute {name}", node.name)
        };
        let fix = match (&suggestion, misplaced::attribute(&node.name, &attribute.name)) {
            _ if attribute.name.starts_with("xmlns") => format!("remove {name}"),
            (_, Some(hint)) => hint.to_owned(),
            (Some(s), None) => format!("write {s}=\"{}\"", quote(&attribute.value)),
            (None, None) => {
                let list = names.collect::<Vec<_>>().join(", ");
                match list.as_str() {
                    "" => format!("remove it; <{}> has no attributes", node.name),
                    list => format!("remove it; the attributes of <{}> are: {list}", node.name),
                }
            }
        };
        let problem = Problem {
            severity,
            ..Problem::error("unknown-attribute", attribute.name_span, message)
        };
        problem.suggest(suggestion).fix(fix)
    }

    pub(crate) fn unknown_element(&mut self, child: &Node, parent: &Node, schema: &Description) {
        let name = quote(&child.name);
        let names = schema.children.iter().map(|c| c.name);
        let suggestion = suggest::nearest(&child.name, names.clone());
        let message = if child.name == "message" && parent.child("security").is_some() {
            let security = parent.child("security").map_or(0, |n| self.line(n.span.start));
            format!(
                "<message> belongs inside <security>; the <security …/> on line {security} is closed already"
            )
        } else {
            format!("<{}> has no element <{name}>", parent.name)
        };
        let fix = match (misplaced::element(&parent.name, &child.name), &suggestion) {
            (Some(hint), _) => hint.to_owned(),
            (None, Some(s)) => format!("write <{s}>"),
            (None, None) => {
                let list = names.map(|n| format!("<{n}>")).collect::<Vec<_>>().join(", ");
                match list.as_str() {
                    "" => format!("remove it; <{}> has no elements inside", parent.name),
                    list => format!("remove it; the elements of <{}> are: {list}", parent.name),
                }
            }
        };
        self.report(
            Problem::error("unknown-element", child.name_span, message)
                .wcf(format!("Unrecognized element '{name}'."))
                .suggest(suggestion)
                .fix(fix),
        );
    }

    pub(crate) fn repeated_element(&mut self, child: &Node) {
        let name = quote(&child.name);
        self.report(
            Problem::error(
                "repeated-element",
                child.name_span,
                format!("<{name}> stands here a second time"),
            )
            .wcf(format!("The element <{name}> may only appear once in this section."))
            .fix("put everything into one element"),
        );
    }
}
