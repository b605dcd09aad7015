//! Which members close circles of types that hold each other as values.
//!
//! Every type is two nodes of a graph: the type itself, and *the type or one derived from it*, which is what a member of that
//! type holds. A member whose edge lies inside a strongly connected component needs a box; a list needs none, since its items
//! are on the heap anyway.

use crate::contract::circles::strongly_connected;
use crate::contract::types::{Member, Occurs, Particle, Shape, TypeId, TypeTable};

/// Marks the members whose type holds, by whatever way, the type that they are members of.
pub(super) fn mark_recursion(table: &mut TypeTable) {
    let graph = Graph { types: table.iter().count() };
    let component = strongly_connected(&graph.edges(table));
    let shared: Vec<bool> = table
        .iter()
        .map(|(_, of)| matches!(&of.shape, Shape::Class(class) if class.is_reference))
        .collect();
    for index in 0..graph.types {
        let closes = |member: &Member| {
            held_types(member).any(|held| component[graph.or_derived(held)] == component[index])
        };
        let of = table.get_mut(id(index));
        if let Shape::Class(class) = &mut of.shape {
            for member in &mut class.members {
                // What is shared is held by a pointer already.
                member.recursive = !shared[member.type_id.0 as usize] && closes(member);
            }
        }
        let structure = match &mut of.shape {
            Shape::Structure(structure) => Some(structure),
            _ => of.as_structure.as_deref_mut(),
        };
        if let Some(structure) = structure {
            mark(&mut structure.content, &closes);
        }
    }
}

/// Numbers the nodes.
struct Graph {
    types: usize,
}

impl Graph {
    fn or_derived(&self, id: TypeId) -> usize {
        self.types + id.0 as usize
    }

    fn edges(&self, table: &TypeTable) -> Vec<Vec<usize>> {
        let mut edges: Vec<Vec<usize>> = vec![Vec::new(); self.types * 2];
        for (id, of) in table.iter() {
            let structure = of.structure();
            let derived = structure.map_or(&[][..], |structure| &structure.derived);
            edges[self.or_derived(id)].push(id.0 as usize);
            edges[self.or_derived(id)].extend(derived.iter().map(|&id| self.or_derived(id)));
            let from = &mut edges[id.0 as usize];
            let Some(structure) = structure else { continue };
            from.extend(structure.base.map(|base| base.0 as usize));
            for_each_held(&structure.content, &mut |member| {
                from.extend(held_types(member).map(|held| self.or_derived(held)));
            });
        }
        edges
    }
}

fn id(index: usize) -> TypeId {
    TypeId(u32::try_from(index).expect("a table numbers its types so"))
}

/// The types of an element and of those that may stand in its place; none of one that is repeated.
fn held_types(member: &Member) -> impl Iterator<Item = TypeId> + '_ {
    let substitutes = member.substitutes.iter().map(|(_, id)| *id);
    let all = std::iter::once(member.type_id).chain(substitutes);
    all.filter(|_| !member.is_repeated())
}

fn is_once(occurs: &Occurs) -> bool {
    occurs.max == Some(1)
}

/// The elements that are not inside something repeated. Particles are as deep as documents and groups, which are limited.
fn for_each_held(content: &[Particle], act: &mut impl FnMut(&Member)) {
    for particle in content {
        match particle {
            Particle::Element(member) => act(member),
            Particle::Sequence(inner, occurs)
            | Particle::Choice(inner, occurs)
            | Particle::All(inner, occurs)
                if is_once(occurs) =>
            {
                for_each_held(inner, act);
            }
            _ => {}
        }
    }
}

fn mark(content: &mut [Particle], closes: &impl Fn(&Member) -> bool) {
    for particle in content {
        match particle {
            Particle::Element(member) => member.recursive = closes(member),
            Particle::Sequence(inner, occurs)
            | Particle::Choice(inner, occurs)
            | Particle::All(inner, occurs)
                if is_once(occurs) =>
            {
                mark(inner, closes);
            }
            _ => {}
        }
    }
}
