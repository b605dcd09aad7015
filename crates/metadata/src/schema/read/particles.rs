//! Particles and model groups (XML Schema Part 1 §3.7 to §3.9).

use waxwing_xml::Element;

use super::annotation::annotation;
use super::attributes::wildcard;
use super::elements::local_element;
use super::reader::Xsd;
use crate::finding::{Finding, Severity};
use crate::name::namespaces::XSD;
use crate::schema::model::{ModelGroup, Particle, Term};

/// A global `xs:group`.
pub(super) fn group<'d>(xsd: &Xsd<'_, 'd>, element: Element<'d>) -> Option<ModelGroup> {
    Some(ModelGroup {
        name: xsd.own_name(element)?,
        particle: content(xsd, element),
        annotation: annotation(xsd, element),
        at: xsd.at(element),
    })
}

/// The particle that a type or a group has: the one child that is a group.
pub(super) fn content<'d>(xsd: &Xsd<'_, 'd>, element: Element<'d>) -> Option<Particle> {
    let is_group =
        |child: &Element<'_>| matches!(child.local_name(), "sequence" | "choice" | "all" | "group");
    let found = element.elements().filter(|child| child.namespace() == XSD).find(is_group)?;
    particle(xsd, found)
}

fn particles<'d>(xsd: &Xsd<'_, 'd>, element: Element<'d>) -> Vec<Particle> {
    let children = element.elements().filter(|child| child.namespace() == XSD);
    let inside = children.filter(|child| child.local_name() != "annotation");
    inside.filter_map(|child| particle(xsd, child)).collect()
}

fn particle<'d>(xsd: &Xsd<'_, 'd>, element: Element<'d>) -> Option<Particle> {
    let term = match element.local_name() {
        "element" => match xsd.reference(element, "ref") {
            Some(name) => Term::ElementReference(name),
            None => Term::Element(Box::new(local_element(xsd, element)?)),
        },
        "sequence" => Term::Sequence(particles(xsd, element)),
        "choice" => Term::Choice(particles(xsd, element)),
        "all" => Term::All(particles(xsd, element)),
        "group" => match xsd.reference(element, "ref") {
            Some(name) => Term::GroupReference(name),
            None => {
                xsd.reading.missing(element, "ref");
                return None;
            }
        },
        "any" => Term::Any(wildcard(element)),
        _ => {
            xsd.reading.misplaced(element, "a content model");
            return None;
        }
    };
    let min_occurs = occurs(xsd, element, "minOccurs").unwrap_or(Some(1)).unwrap_or(u32::MAX);
    let max_occurs = occurs(xsd, element, "maxOccurs").unwrap_or(Some(1));
    Some(Particle { min_occurs, max_occurs, term, at: xsd.at(element) })
}

/// `minOccurs` or `maxOccurs`: none when not written or no number, `Some(None)` for `unbounded`.
fn occurs<'d>(xsd: &Xsd<'_, 'd>, element: Element<'d>, attribute: &str) -> Option<Option<u32>> {
    let text = element.attribute(attribute)?.trim();
    if text == "unbounded" && attribute == "maxOccurs" {
        return Some(None);
    }
    if let Ok(number) = text.parse() {
        return Some(Some(number));
    }
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        // More than anybody counts.
        return Some(if attribute == "maxOccurs" { None } else { Some(u32::MAX) });
    }
    let told = format!("'{text}' of '{attribute}' is no number");
    let found = Finding::new("invalid-value", Severity::Warning, told);
    xsd.reading.found(found.at(xsd.reading.at_value(element, attribute)).help("1 is taken"));
    None
}
