//! The identifiers of a received message: each is there once, and names what it names to whoever refers to it.

use smallvec::SmallVec;
use waxwing_xml::{Document, Element, NodeId};

use super::super::ids::order_of;
use super::super::known_header::KnownIds;
use super::super::names::{DSIG, WSU, XENC, XML};
use super::decrypt::DataReferences;
use super::signature::Reference;
use crate::error::{Reason, Result};

/// How many identifiers a message has, about.
const USUAL: usize = 32;
/// Up to this many are compared in pairs, more in their order: the number is the peer's choice.
const PAIRWISE: usize = 32;

/// All identifiers of a message, of which no two are the same.
pub(super) struct Ids<'m>(SmallVec<[Identified<'m>; USUAL]>);

struct Identified<'m> {
    order: u64,
    id: &'m str,
    /// What a signature refers to by it.
    element: Option<NodeId>,
}

impl<'m> Ids<'m> {
    /// Finds them, wherever they are: `u:Id` and `xml:id` of all elements, `Id` of those of XML Signature and Encryption, the ids
    /// of what was encrypted, and those of a header that is read from its text.
    ///
    /// # Errors
    /// [`Reason::DuplicateId`]: one occurs twice.
    pub(super) fn find_all(
        document: &'m Document,
        known: Option<&'m KnownIds<'_>>,
        references: Option<&'m DataReferences>,
    ) -> Result<Self> {
        let mut all = Self(SmallVec::new());
        references.iter().flat_map(|references| references.ids()).for_each(|id| all.add(id, None));
        known.iter().flat_map(|header| header.ids()).for_each(|id| all.add(id, None));
        // A document has each name of a namespace once, so that it need not be compared again as text.
        let mut utility = "";
        document.root().each_attribute_of_length("Id".len(), |element, attribute| {
            let (local, namespace) = (attribute.local_name(), attribute.namespace());
            let is_utility =
                !namespace.is_empty() && (std::ptr::eq(namespace, utility) || namespace == WSU);
            let refers = match (local, namespace) {
                ("Id", _) if is_utility => {
                    utility = namespace;
                    !is_of_signature(element)
                }
                ("Id", "") if is_of_signature(element) => true,
                ("id", XML) => false,
                _ => return,
            };
            all.add(attribute.value(), refers.then(|| element.id()));
        });
        match all.repeated() {
            Some(id) => Err(Reason::DuplicateId(id.into()).into()),
            None => Ok(all),
        }
    }

    fn add(&mut self, id: &'m str, element: Option<NodeId>) {
        self.0.push(Identified { order: order_of(id), id, element });
    }

    /// One that occurs twice. Of several it is the same one wherever they stand: whether the header is read from its text or as a
    /// tree, the same error is told.
    fn repeated(&mut self) -> Option<&'m str> {
        let all = &mut *self.0;
        let is_repeated = |at: usize| all[..at].iter().any(|known| known.is(&all[at]));
        if all.len() <= PAIRWISE && !(1..all.len()).any(is_repeated) {
            return None;
        }
        all.sort_unstable_by_key(|one| (one.order, one.id));
        all.windows(2).find(|pair| pair[0].is(&pair[1])).map(|pair| pair[0].id)
    }

    /// The element that a reference of a signature leads to.
    pub(super) fn find(&self, reference: &Reference) -> Option<NodeId> {
        let order = reference.order();
        let is_meant = |one: &&Identified<'_>| one.order == order && reference.id.is(one.id);
        self.0.iter().find(is_meant)?.element
    }
}

impl Identified<'_> {
    fn is(&self, other: &Self) -> bool {
        self.order == other.order && self.id == other.id
    }
}

/// Whether an element is one of XML Signature or Encryption.
fn is_of_signature(element: Element<'_>) -> bool {
    matches!(element.namespace(), DSIG | XENC)
}

/// The identifier by which an element can be referred to: `Id` on elements of XML Signature and
/// Encryption, `u:Id` on all others.
pub(super) fn id_of(element: Element<'_>) -> Option<&str> {
    match is_of_signature(element) {
        true => element.attribute("Id"),
        false => element.attribute_ns(WSU, "Id"),
    }
}

#[cfg(test)]
mod tests {
    use waxwing_xml::Limits;

    use super::super::super::read::Short;
    use super::*;

    fn message(ids: impl Iterator<Item = String>) -> Document {
        let items: String = ids.map(|id| format!("<a u:Id=\"{id}\"/>")).collect();
        Document::parse(format!("<m xmlns:u=\"{WSU}\">{items}</m>"), &Limits::SOAP).expect("XML")
    }

    #[test]
    fn one_that_occurs_twice_is_found_among_few_and_among_many() {
        let length = |at: usize| at % 19;
        let id = |at: usize| format!("{}{at}", "x".repeat(length(at)));
        for count in [2, 3, PAIRWISE, PAIRWISE + 1, 300] {
            let document = message((0..count).map(id));
            let ids = Ids::find_all(&document, None, None).unwrap_or_else(|e| panic!("{e}"));
            for (at, element) in document.root().elements().enumerate() {
                let reference = Reference::usual(&id(at), Short::new());
                assert_eq!(ids.find(&reference), Some(element.id()));
            }
            assert_eq!(ids.find(&Reference::usual("none", Short::new())), None);
            for (first, again) in
                [(0, 1), (0, count - 1), (count / 2, count - 1), (count - 2, count - 1)]
            {
                if first == again {
                    continue;
                }
                let document =
                    message((0..count).map(|at| id(if at == again { first } else { at })));
                let error = Ids::find_all(&document, None, None).map(drop).unwrap_err();
                assert!(
                    matches!(error.reason(), Reason::DuplicateId(found) if **found == id(first))
                );
            }
        }
    }

    #[test]
    fn of_several_that_occur_twice_the_same_one_is_told_wherever_they_stand() {
        for others in [0, PAIRWISE] {
            let told = ["abab", "baba", "aabb", "bbaa", "abba", "baab"].map(|order| {
                let all =
                    (0..others).map(|at| at.to_string()).chain(order.chars().map(String::from));
                let document = message(all);
                Ids::find_all(&document, None, None).map(drop).unwrap_err()
            });
            assert!(told.iter().all(|error| *error == told[0]), "{told:?}");
        }
    }

    #[test]
    fn an_identifier_names_what_may_be_referred_to_by_it() {
        let text = format!(
            "<m xmlns:u='{WSU}' xmlns:v='{WSU}' xmlns:d='{DSIG}' xmlns:e='{XENC}'><a u:Id='1'/><a v:Id='2'/><a Id='3'/>\
             <a xml:id='4'/><d:a Id='5'/><d:a u:Id='6'/><e:a Id='7'/><a u:id='8'/><a id='9'/><d:a v:Id='10' Id='11'/></m>"
        );
        let document = Document::parse(text, &Limits::SOAP).expect("XML");
        let ids = Ids::find_all(&document, None, None).unwrap_or_else(|e| panic!("{e}"));
        for (at, element) in document.root().elements().enumerate() {
            let (id, named) = (at + 1, id_of(element));
            let found = ids.find(&Reference::usual(&id.to_string(), Short::new()));
            assert_eq!(found.is_some(), named == Some(&id.to_string()), "{id}");
            assert!(found.is_none_or(|found| found == element.id()));
        }
        let last = ids.find(&Reference::usual("11", Short::new()));
        assert_eq!(last, document.root().elements().last().map(|element| element.id()));
        // All of them are taken, whether they may be referred to or not.
        let taken: Vec<&str> = ids.0.iter().map(|one| one.id).collect();
        assert_eq!(taken, ["1", "2", "4", "5", "6", "7", "10", "11"]);
    }
}
