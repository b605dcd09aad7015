//! Values: their text, their records, and base64 that is octets.

use proptest::collection::vec;
use proptest::prelude::*;
use waxwing_xml::values::{DateTimeValue, DecimalValue, MAX_DATE_TICKS};
use waxwing_xml::{Document, Name, Value};

use crate::{canonical, parse, read, write};

fn values() -> impl Strategy<Value = Sample> {
    prop_oneof![
        any::<bool>().prop_map(Sample::Bool),
        any::<i64>().prop_map(Sample::Integer),
        (-300i64..300).prop_map(Sample::Integer),
        any::<u64>().prop_map(Sample::Unsigned),
        any::<u32>().prop_map(|bits| Sample::Single(f32::from_bits(bits))),
        any::<u64>().prop_map(|bits| Sample::Double(f64::from_bits(bits))),
        (-1000i32..1000, -3i32..10).prop_map(|(n, e)| Sample::Double(f64::from(n) * 10f64.powi(e))),
        (any::<f32>()).prop_map(|n| Sample::Double(n.into())),
        (any::<u32>(), any::<u64>(), 0u8..=28, any::<bool>()).prop_map(
            |(high, low, scale, negative)| Sample::Decimal(DecimalValue {
                high,
                low,
                scale,
                negative
            })
        ),
        (0..=MAX_DATE_TICKS, any::<bool>())
            .prop_map(|(ticks, utc)| Sample::DateTime(DateTimeValue { ticks, utc })),
        any::<i64>().prop_map(Sample::TimeSpan),
        any::<[u8; 16]>().prop_map(Sample::Uuid),
        any::<[u8; 16]>().prop_map(Sample::UniqueId),
        vec(any::<u8>(), 0..600).prop_map(Sample::Octets),
    ]
}

/// A value that owns its octets.
#[derive(Clone, Debug)]
enum Sample {
    Bool(bool),
    Integer(i64),
    Unsigned(u64),
    Single(f32),
    Double(f64),
    Decimal(DecimalValue),
    DateTime(DateTimeValue),
    TimeSpan(i64),
    Uuid([u8; 16]),
    UniqueId([u8; 16]),
    Octets(Vec<u8>),
}

impl Sample {
    fn value(&self) -> Value<'_> {
        match self {
            Sample::Bool(value) => Value::Bool(*value),
            Sample::Integer(value) => Value::Int64(*value),
            Sample::Unsigned(value) => Value::UInt64(*value),
            Sample::Single(value) => Value::Single(*value),
            Sample::Double(value) => Value::Double(*value),
            Sample::Decimal(value) => Value::Decimal(*value),
            Sample::DateTime(value) => Value::DateTime(*value),
            Sample::TimeSpan(value) => Value::TimeSpan(*value),
            Sample::Uuid(value) => Value::Uuid(*value),
            Sample::UniqueId(value) => Value::UniqueId(*value),
            Sample::Octets(octets) => Value::Octets(octets),
        }
    }
}

proptest! {
    /// Two implementations of base64 agree on what is base64 and what it says.
    #[test]
    fn base64_is_judged_as_strictly_as_by_another(octets in vec(any::<u8>(), 0..80), damage in vec((any::<prop::sample::Index>(), "[A-Za-z0-9+/=_ \\n-]"), 0..3)) {
        use base64::Engine as _;
        let other = base64::engine::general_purpose::STANDARD;
        let mut text = other.encode(&octets);
        for (at, with) in damage.iter().filter(|_| !octets.is_empty()) {
            let at = at.index(text.len());
            text.replace_range(at..=at, with);
        }
        let document = parse(&format!("<octets xmlns='urn:a'>{text}</octets>"));
        let back = read(&write(&document)).expect("it is read");
        prop_assert_eq!(back.root().text(), text.as_str());
        let came_as_octets = matches!(back.root().value(), Some(Value::Octets(_)));
        prop_assert_eq!(came_as_octets, !text.is_empty() && other.decode(&text).is_ok(), "{}", text);
    }

    /// The tree says the same of a value whoever asks: as text, as a value, canonically, in a copy, and after text was asked
    /// for while more values came.
    #[test]
    fn values_are_their_text_to_everybody(samples in vec((values(), any::<bool>(), any::<bool>()), 1..20)) {
        let mut document = Document::new(Name::new("", "a", "urn:a"));
        let root = document.root().id();
        for (sample, item, asked) in &samples {
            let element = document.append_element(root, Name::new("", "b", "urn:a"));
            match item {
                true => document.append_item_value(element, sample.value()),
                false => document.append_value(element, sample.value()),
            }
            if *asked {
                let text = document.element(element).text().into_owned();
                prop_assert_eq!(text.is_empty(), matches!(sample, Sample::Octets(octets) if octets.is_empty()));
            }
            prop_assert_eq!(document.element(element).name_span(), Default::default());
            prop_assert_eq!(document.element(element).text_span(), Default::default());
        }
        let text = parse(&document.to_xml());
        prop_assert_eq!(canonical(document.root()), canonical(text.root()));
        let binary = read(&write(&document)).expect("it is read");
        let clone = document.clone();
        let mut other = Document::new(Name::local("other"));
        other.append_value(other.root().id(), Value::Octets(b"before"));
        let imported = other.import(other.root().id(), clone.root());
        let trees = [document.root(), clone.root(), binary.root(), other.element(imported)];
        for tree in trees {
            prop_assert_eq!(canonical(tree), canonical(text.root()));
            for (ours, plain) in tree.elements().zip(text.root().elements()) {
                prop_assert_eq!(ours.text(), plain.text());
            }
        }
        for (element, (sample, ..)) in clone.root().elements().zip(&samples) {
            let (value, expected) = (element.value(), sample.value());
            // (A number that is none is not equal to itself; an empty text is no text.)
            let same = match (value, expected) {
                (Some(Value::Single(a)), Value::Single(b)) => a.to_bits() == b.to_bits(),
                (Some(Value::Double(a)), Value::Double(b)) => a.to_bits() == b.to_bits(),
                (None, Value::Octets([])) => true,
                (value, expected) => value == Some(expected),
            };
            prop_assert!(same, "{value:?} {expected:?}");
        }
    }

    #[test]
    fn values_keep_their_text(samples in vec((values(), any::<bool>()), 1..20)) {
        let mut document = Document::new(Name::new("", "a", "urn:a"));
        let root = document.root().id();
        for (sample, item) in &samples {
            let element = document.append_element(root, Name::new("", "b", "urn:a"));
            match item {
                true => document.append_item_value(element, sample.value()),
                false => document.append_value(element, sample.value()),
            }
        }
        let octets = write(&document);
        let again = read(&octets).unwrap_or_else(|e| panic!("{e}\n{octets:02X?}"));
        prop_assert_eq!(canonical(again.root()), canonical(document.root()));
        prop_assert_eq!(write(&again), octets);
        // A copy remembers what texts were made of.
        let mut copy = Document::new(Name::local("copy"));
        let place = copy.root().id();
        let imported = copy.import(place, document.root());
        let mut alone = Document::new(Name::local("alone"));
        std::mem::swap(&mut alone, &mut copy);
        let (long, short) = (write(&alone).len(), write(&document).len());
        prop_assert!(long < short + 20, "{long} {short} {:?}", alone.element(imported));
    }
}

/// What stands in an element that usually holds octets may be anything.
#[test]
fn what_is_no_base64_is_written_as_it_is() {
    for text in [
        "a€",
        "€€€€",
        "é=",
        "====",
        "=",
        "AAA=AAAA",
        "AB==",
        "AAAAAA==\n",
        "AAAB====",
        "A\u{10000}AAAA==",
    ] {
        let document = parse(&format!("<octets xmlns='urn:a'>{text}</octets>"));
        let back = read(&write(&document)).unwrap_or_else(|e| panic!("{e}: {text:?}"));
        assert_eq!(canonical(back.root()), canonical(document.root()), "{text:?}");
    }
}
