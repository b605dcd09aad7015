//! The normal form of policies: alternatives, each a list of assertions (WS-Policy 1.5 Framework §4.3).
//!
//! Policies are trees of *all of* and *one of*, and a few lines can stand for millions of alternatives; work and memory have
//! limits with names, and what is beyond them is [`PolicyError::TooComplex`].

use std::fmt;
use std::sync::Arc;

use super::{Assertion, Attached, Policy, PolicyItem, PolicyReference};
use crate::location::At;

/// Most alternatives of a policy. WCF tries 32 combinations and takes 4096 nodes; nobody writes more than a handful.
pub const MAX_ALTERNATIVES: usize = 1024;
/// Most assertions in all alternatives together, nested ones counted once for each.
pub const MAX_ASSERTIONS: usize = 65_536;
/// Most operators, references and assertions that are looked at.
pub const MAX_NODES: usize = 65_536;
/// Deepest nesting, references followed.
pub const MAX_DEPTH: usize = 128;

/// Finds policies by what refers to them.
pub trait Policies {
    /// The policy of a reference: `#id` in the document of the reference, another document's URL with `#id`, or a name.
    fn find(&self, reference: &PolicyReference) -> Option<&Policy>;
}

/// Why a policy has no normal form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyError {
    /// A reference leads back to a policy that it comes from.
    Circular {
        /// The references from the first to the one that closes the circle.
        chain: Vec<String>,
        /// Where the last one stands.
        at: At,
    },
    /// No document has the policy of a reference.
    Missing {
        /// The reference.
        uri: String,
        /// Where.
        at: At,
    },
    /// More than one of the limits of this module allows.
    TooComplex {
        /// Which limit, in words.
        limit: &'static str,
        /// Where it was noticed.
        at: At,
    },
}

impl PolicyError {
    /// Where.
    pub fn at(&self) -> &At {
        match self {
            PolicyError::Circular { at, .. }
            | PolicyError::Missing { at, .. }
            | PolicyError::TooComplex { at, .. } => at,
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PolicyError::Circular { chain, .. } => {
                write!(f, "the policy refers to itself: {}", chain.join(" → "))
            }
            PolicyError::Missing { uri, .. } => {
                write!(f, "the policy \"{uri}\" is in none of the documents")
            }
            PolicyError::TooComplex { limit, .. } => {
                write!(f, "the policy is too complex: more than {limit}")
            }
        }
    }
}

impl std::error::Error for PolicyError {}

/// An assertion of one alternative, with one alternative of its nested policy.
#[derive(Clone, Debug)]
pub struct Normal<'a> {
    /// The assertion.
    pub assertion: &'a Assertion,
    /// What its nested policy holds; none without one.
    pub nested: Option<Alternative<'a>>,
    /// Whether it stands where WCF looks for policies: on a port, a binding, its operations and messages. What is written on
    /// port types and messages is read, too, but what is not known there keeps nobody from calling.
    pub binding_side: bool,
}

/// One way to meet a policy: all of these.
pub type Alternative<'a> = Vec<Arc<Normal<'a>>>;

/// The normal form of what is attached to one subject, from the places given: `true` for those on the side of the binding.
/// Alternatives stand in the order of the document. None of them: nobody can meet the policy.
///
/// `expands` says of an optional assertion whether both ways are looked at: with it, then without. Others stay, marked optional
/// as they are: for one that nobody meets, the way without is the only one.
///
/// # Errors
/// A circle of references, a reference to nothing, more than the limits of this module.
pub fn alternatives<'a>(
    attached: &[(bool, &'a Attached)],
    policies: &'a dyn Policies,
    expands: &dyn Fn(&Assertion) -> bool,
) -> Result<Vec<Alternative<'a>>, PolicyError> {
    let mut work =
        Work { policies, expands, binding_side: true, chain: Vec::new(), nodes: 0, depth: 0 };
    let mut all = vec![Alternative::new()];
    for (binding_side, attached) in attached {
        work.binding_side = *binding_side;
        for reference in &attached.references {
            all = product(all, work.reference(reference)?, &reference.at)?;
        }
        for policy in &attached.embedded {
            all = product(all, work.all_of(&policy.items, &policy.at)?, &policy.at)?;
        }
    }
    Ok(all)
}

struct Work<'a, 'f> {
    policies: &'a dyn Policies,
    expands: &'f dyn Fn(&Assertion) -> bool,
    binding_side: bool,
    /// The policies that are being looked at, with the references that led to them.
    chain: Vec<(*const Policy, String)>,
    nodes: usize,
    depth: usize,
}

impl<'a> Work<'a, '_> {
    /// Goes one step down.
    fn enter(&mut self, at: &At) -> Result<(), PolicyError> {
        self.nodes += 1;
        self.depth += 1;
        if self.nodes > MAX_NODES {
            return Err(too_complex("65,536 operators and assertions", at));
        }
        if self.depth > MAX_DEPTH {
            return Err(too_complex("128 levels", at));
        }
        Ok(())
    }

    fn item(&mut self, item: &'a PolicyItem, at: &At) -> Result<Vec<Alternative<'a>>, PolicyError> {
        match item {
            PolicyItem::All(items) => self.all_of(items, at),
            PolicyItem::Policy(policy) => self.all_of(&policy.items, &policy.at),
            PolicyItem::ExactlyOne(items) => self.one_of(items, at),
            PolicyItem::Reference(reference) => self.reference(reference),
            PolicyItem::Assertion(assertion) => self.assertion(assertion),
        }
    }

    fn all_of(
        &mut self,
        items: &'a [PolicyItem],
        at: &At,
    ) -> Result<Vec<Alternative<'a>>, PolicyError> {
        self.enter(at)?;
        let mut all = vec![Alternative::new()];
        for item in items {
            all = product(all, self.item(item, at)?, at)?;
        }
        self.depth -= 1;
        Ok(all)
    }

    fn one_of(
        &mut self,
        items: &'a [PolicyItem],
        at: &At,
    ) -> Result<Vec<Alternative<'a>>, PolicyError> {
        self.enter(at)?;
        let mut all = Vec::new();
        for item in items {
            all.extend(self.item(item, at)?);
            within_limits(all.len(), all.iter().map(Vec::len).sum(), at)?;
        }
        self.depth -= 1;
        Ok(all)
    }

    fn reference(
        &mut self,
        reference: &'a PolicyReference,
    ) -> Result<Vec<Alternative<'a>>, PolicyError> {
        let PolicyReference { uri, at } = reference;
        let policies = self.policies;
        let policy = policies
            .find(reference)
            .ok_or_else(|| PolicyError::Missing { uri: uri.clone(), at: at.clone() })?;
        let circle = self.chain.iter().position(|(seen, _)| std::ptr::eq(*seen, policy));
        if let Some(start) = circle {
            let mut chain: Vec<String> =
                self.chain[start..].iter().map(|(_, uri)| uri.clone()).collect();
            chain.push(uri.clone());
            return Err(PolicyError::Circular { chain, at: at.clone() });
        }
        self.chain.push((policy, uri.clone()));
        let found = self.all_of(&policy.items, at)?;
        self.chain.pop();
        Ok(found)
    }

    fn assertion(&mut self, assertion: &'a Assertion) -> Result<Vec<Alternative<'a>>, PolicyError> {
        let binding_side = self.binding_side;
        let one = |nested| vec![Arc::new(Normal { assertion, nested, binding_side })];
        let mut all: Vec<Alternative<'a>> = match &assertion.policy {
            None => {
                self.enter(&assertion.at)?;
                self.depth -= 1;
                vec![one(None)]
            }
            Some(policy) => {
                let nested = self.all_of(&policy.items, &policy.at)?;
                nested.into_iter().map(|alternative| one(Some(alternative))).collect()
            }
        };
        if assertion.optional && (self.expands)(assertion) {
            all.push(Alternative::new());
        }
        Ok(all)
    }
}

/// Every alternative of the one with every one of the other.
fn product<'a>(
    left: Vec<Alternative<'a>>,
    right: Vec<Alternative<'a>>,
    at: &At,
) -> Result<Vec<Alternative<'a>>, PolicyError> {
    let sizes = |side: &[Alternative<'a>]| side.iter().map(Vec::len).sum::<usize>();
    let assertions = sizes(&left) * right.len() + sizes(&right) * left.len();
    within_limits(left.len() * right.len(), assertions, at)?;
    if let [only] = right.as_slice() {
        let mut left = left;
        left.iter_mut().for_each(|alternative| alternative.extend(only.iter().cloned()));
        return Ok(left);
    }
    let pairs = left.iter().flat_map(|l| right.iter().map(move |r| (l, r)));
    Ok(pairs.map(|(l, r)| l.iter().chain(r).cloned().collect()).collect())
}

fn within_limits(alternatives: usize, assertions: usize, at: &At) -> Result<(), PolicyError> {
    if alternatives > MAX_ALTERNATIVES {
        return Err(too_complex("1,024 alternatives", at));
    }
    if assertions > MAX_ASSERTIONS {
        return Err(too_complex("65,536 assertions in its alternatives", at));
    }
    Ok(())
}

fn too_complex(limit: &'static str, at: &At) -> PolicyError {
    PolicyError::TooComplex { limit, at: at.clone() }
}

/// A list of policies, all of one document: references find them by `#id` or name.
impl Policies for [Policy] {
    fn find(&self, reference: &PolicyReference) -> Option<&Policy> {
        let id = reference.uri.strip_prefix('#');
        self.iter().find(|policy| match id {
            Some(id) => policy.id.as_deref() == Some(id),
            None => policy.name.as_deref() == Some(reference.uri.as_str()),
        })
    }
}

impl<P> Policies for Vec<P>
where
    [P]: Policies,
{
    fn find(&self, reference: &PolicyReference) -> Option<&Policy> {
        self.as_slice().find(reference)
    }
}
