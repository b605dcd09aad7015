//! The codec: what is known of all types of a contract, for both directions.

use std::collections::HashMap;
use std::sync::Arc;

use super::plan::{Plans, bases};
use super::scalar::{Scalar, clark};
use super::simple::Simple;
use super::words::listed;
use crate::contract::{ContractSet, Shape, TypeId, TypeTable};
use crate::name::{QName, namespaces};

/// JSON ⇄ XML by the types of a [`ContractSet`]. Made once for a set of contracts; cheap to use from many threads.
///
/// ```
/// use std::sync::Arc;
/// use waxwing_metadata::contract::{ContractSet, Member, Shape, Type};
/// use waxwing_metadata::json::{Codec, Json};
/// use waxwing_metadata::{QName, namespaces};
/// use waxwing_xml::{Document, Name};
///
/// let mut set = ContractSet::default();
/// let int = QName::new(namespaces::XSD, "int");
/// let int = set.types.add(Type::new(int.clone(), Shape::BuiltIn(int)));
/// let member = Member::new(QName::new("urn:calc", "n1"), int);
/// let codec = Codec::new(Arc::new(set));
/// let mut document = Document::new(Name::new("", "Add", "urn:calc"));
/// let root = document.root().id();
/// codec.write_element(&member, &Json::parse("5").unwrap(), &mut document, root).unwrap();
/// assert_eq!(document.to_xml(), "<Add xmlns=\"urn:calc\"><n1>5</n1></Add>");
/// let element = document.root().first_element().unwrap();
/// assert_eq!(codec.read_element(&member, element).unwrap().to_string(), "5");
/// ```
#[derive(Clone, Debug)]
pub struct Codec(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    set: Arc<ContractSet>,
    plans: Plans,
    /// The named types by the local parts of their names.
    names: HashMap<Arc<str>, Vec<TypeId>>,
}

impl Codec {
    /// A codec for the types of these contracts.
    pub fn new(set: Arc<ContractSet>) -> Self {
        let plans = Plans::of(&set.types);
        let mut names: HashMap<Arc<str>, Vec<TypeId>> = HashMap::new();
        for (id, known) in set.types.iter() {
            if let Some(name) = &known.name
                && !matches!(known.shape, Shape::BuiltIn(_) | Shape::Any)
            {
                names.entry(Arc::clone(&name.local)).or_default().push(id);
            }
        }
        Self(Arc::new(Inner { set, plans, names }))
    }

    /// The contracts.
    pub fn contracts(&self) -> &ContractSet {
        &self.0.set
    }

    pub(super) fn types(&self) -> &TypeTable {
        &self.0.set.types
    }

    pub(super) fn plans(&self) -> &Plans {
        &self.0.plans
    }

    pub(super) fn shape(&self, id: TypeId) -> &Shape {
        &self.types().get(id).shape
    }

    pub(super) fn simple(&self) -> Simple<'_> {
        Simple::of(self.types())
    }

    /// What JSON calls a named type in `@type`: its local name, with the namespace where several have that.
    pub(super) fn type_name(&self, id: TypeId) -> Option<String> {
        let name = self.types().get(id).name.as_ref()?;
        let is_alone = self.0.names.get(&name.local).is_none_or(|ids| ids.len() == 1);
        Some(if is_alone {
            name.local.to_string()
        } else {
            format!("{{{}}}{}", name.namespace, name.local)
        })
    }

    /// The type that JSON calls so.
    pub(super) fn type_by_name(&self, text: &str) -> Option<TypeId> {
        let (namespace, local) = clark(text)?;
        let ids = self.0.names.get(local)?;
        let is_it = |id: &&TypeId| {
            let name = self.types().get(**id).name.as_ref();
            name.is_some_and(|name| *name.namespace == *namespace)
        };
        match (text.starts_with('{'), ids.as_slice()) {
            (false, [only]) => Some(*only),
            _ => ids.iter().find(is_it).copied(),
        }
    }

    /// The type of this name on the wire.
    pub(super) fn type_by_qname(&self, namespace: &str, local: &str) -> Option<TypeId> {
        let ids = self.0.names.get(local)?;
        ids.iter().copied().find(|id| {
            self.types().get(*id).name.as_ref().is_some_and(|name| name.is(namespace, local))
        })
    }

    /// Whether a type is another, or extends it, directly or not.
    pub(super) fn is_derived(&self, id: TypeId, base: TypeId) -> bool {
        bases(self.types(), id).contains(&base)
    }

    /// Named types that extend this one, directly or not.
    pub(super) fn derived(&self, id: TypeId) -> Vec<TypeId> {
        let (mut found, mut open) = (Vec::new(), vec![id]);
        while let Some(next) = open.pop() {
            let derived = match self.shape(next) {
                Shape::Class(class) => &class.derived,
                Shape::Structure(structure) => &structure.derived,
                _ => continue,
            };
            for id in derived.iter().rev() {
                if self.types().get(*id).name.is_some() && !found.contains(id) {
                    found.push(*id);
                    open.push(*id);
                }
            }
        }
        found.sort_unstable();
        found
    }

    /// What JSON has to be for a type, in words.
    pub(super) fn words(&self, id: TypeId) -> String {
        match self.shape(id) {
            Shape::BuiltIn(name) => Scalar::of(name).expected(),
            Shape::Enumeration(of) => {
                let names = listed(of.members.iter().map(|member| member.text.as_str()));
                if of.flags { format!("a list of {names}") } else { format!("one of {names}") }
            }
            Shape::Simple { base, .. } if self.simple_depth(*base) => self.words(*base),
            Shape::Collection(_) | Shape::List(_) => "a list".to_owned(),
            Shape::Xml { .. } => "XML in a string".to_owned(),
            Shape::Any => "any value".to_owned(),
            Shape::Class(_) | Shape::Structure(_) => {
                let title = &self.types().get(id).title;
                format!("an object ({title})")
            }
            Shape::Dictionary { .. } | Shape::Serializable { .. } => "an object".to_owned(),
            Shape::Simple { .. } | Shape::Union(_) => "a string".to_owned(),
        }
    }

    /// Whether a restriction ends somewhere.
    fn simple_depth(&self, id: TypeId) -> bool {
        let next = |id: &TypeId| match self.shape(*id) {
            Shape::Simple { base, .. } => Some(*base),
            _ => None,
        };
        std::iter::successors(Some(id), next).take(super::limits::MAX_BASES + 1).count()
            <= super::limits::MAX_BASES
    }
}

/// A built-in type as JSON names it in `@type`: `xs:int`, `ser:guid`.
pub(super) fn built_in_name(name: &QName) -> Option<String> {
    match &*name.namespace {
        namespaces::XSD => Some(format!("xs:{}", name.local)),
        namespaces::SERIALIZATION => Some(format!("ser:{}", name.local)),
        _ => None,
    }
}

/// The built-in type that JSON calls so.
pub(super) fn built_in(text: &str) -> Option<QName> {
    let (namespace, local) = match text.split_once(':') {
        Some(("xs" | "xsd", local)) => (namespaces::XSD, local),
        Some(("ser", local)) => (namespaces::SERIALIZATION, local),
        _ => clark(text)?,
    };
    let is_known = matches!(namespace, namespaces::XSD | namespaces::SERIALIZATION);
    (is_known && waxwing_xml::is_ncname(local)).then(|| QName::new(namespace, local))
}
