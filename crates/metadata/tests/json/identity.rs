//! JSON → XML → JSON is what it was, for any types; what is written fits the schema, and templates can be written.

use waxwing_metadata::contract::{Body, Member, Message, Particle, Shape};
use waxwing_metadata::json::Json;

use crate::kit::{member, read, write};
use crate::random::{Random, Values, types};
use crate::validator;

/// How many tables of types. Each has twelve types beside the simple ones, and each type several values.
const TABLES: u64 = 400;

fn message(member: &Member) -> Message {
    Message { body: Body::Bare(Box::new(member.clone())), headers: Vec::new() }
}

#[test]
fn values_survive_and_fit_their_schema() {
    for seed in 0..TABLES {
        let mut random = Random(seed);
        let (set, ids) = types(&mut random, 12);
        let lists = |shape: &Shape| repeated_groups(shape) > 1;
        let codec = set.codec();
        let table = &codec.contracts().types;
        // Which list is whose, the generator does not know.
        if table.iter().any(|(_, of)| lists(&of.shape)) {
            continue;
        }
        for id in ids {
            let mut member = member("v", id);
            member.nillable = random.one_in(2);
            let request = codec.request_schema(&message(&member));
            let reply = codec.reply_schema(&message(&member));
            for _ in 0..4 {
                let value = Values { table, random: &mut random, left: 6 }.one(&member);
                let told = || format!("seed {seed}: {value}\n{:#?}", table.get(id));
                let xml = write(&codec, &member, &value);
                let xml = xml.unwrap_or_else(|error| panic!("{error}\n{}", told()));
                let back = read(&codec, &member, &xml);
                let back = back.unwrap_or_else(|error| panic!("{error}\n{xml}\n{}", told()));
                assert_eq!(back, value, "{xml}\n{}", told());
                for schema in [&request, &reply] {
                    let valid = validator::check(schema, &value);
                    valid.unwrap_or_else(|error| panic!("{error}\n{schema}\n{}", told()));
                }
            }
            let template = codec.template(&message(&member));
            let told = || format!("seed {seed}: template {template}\n{:#?}", table.get(id));
            write(&codec, &member, &template).unwrap_or_else(|error| panic!("{error}\n{}", told()));
            let valid = validator::check(&request, &template);
            valid.unwrap_or_else(|error| panic!("{error}\n{request}\n{}", told()));
        }
    }
}

/// Whether XML shows where one time of a group ends and the next begins.
fn is_marked(particle: &Particle) -> bool {
    match particle {
        Particle::Element(member) => member.min_occurs == 1 && member.max_occurs == Some(1),
        Particle::Choice(inner, _) => inner.iter().all(|inner| is_once(inner) && is_marked(inner)),
        Particle::Sequence(inner, _) => {
            inner.first().is_some_and(|first| is_once(first) && is_marked(first))
        }
        _ => false,
    }
}

fn is_once(particle: &Particle) -> bool {
    let occurs = match particle {
        Particle::Sequence(_, occurs) | Particle::Choice(_, occurs) | Particle::All(_, occurs) => {
            occurs
        }
        _ => return true,
    };
    (occurs.min, occurs.max) == (1, Some(1))
}

/// How many groups of a type itself occur several times.
pub(crate) fn repeated_groups(shape: &Shape) -> usize {
    fn count(particles: &[Particle]) -> usize {
        let of = particles.iter().map(|particle| match particle {
            Particle::Sequence(inner, occurs)
            | Particle::Choice(inner, occurs)
            | Particle::All(inner, occurs) => {
                // The generator repeats a group of one piece by that piece.
                let repeated = occurs.max != Some(1);
                let odd = repeated && (inner.len() == 1 || !is_marked(particle));
                2 * usize::from(odd) + usize::from(occurs.max != Some(1)) + count(inner)
            }
            _ => 0,
        });
        of.sum()
    }
    match shape {
        Shape::Structure(of) if of.base.is_some() => 2 * count(&of.content),
        Shape::Structure(of) => count(&of.content),
        _ => 0,
    }
}

/// A name that is changed is refused by codec and schema alike.
#[test]
fn other_names_are_refused() {
    let mut refused = 0;
    for seed in 0..TABLES {
        let mut random = Random(seed.wrapping_mul(31));
        let (set, ids) = types(&mut random, 8);
        let codec = set.codec();
        let table = &codec.contracts().types;
        if table.iter().any(|(_, of)| repeated_groups(&of.shape) > 1) {
            continue;
        }
        for id in ids {
            let Shape::Class(_) = table.get(id).shape else { continue };
            let member = member("v", id);
            let Json::Object(mut members) =
                Values { table, random: &mut random, left: 6 }.one(&member)
            else {
                continue;
            };
            members.push(("Nonsense".to_owned(), Json::Null));
            let value = Json::Object(members);
            let error = write(&codec, &member, &value).unwrap_err();
            assert!(error.message().contains("Nonsense") || value.get("@ref").is_some(), "{error}");
            let schema = codec.request_schema(&message(&member));
            assert!(validator::check(&schema, &value).is_err(), "{schema} {value}");
            refused += 1;
        }
    }
    assert!(refused > 100);
}
