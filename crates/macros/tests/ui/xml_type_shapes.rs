//! Types that are no XML types.

use waxwing_macros::XmlType;

#[derive(XmlType)]
struct Tuple(i32, String);

#[derive(XmlType)]
union Either {
    left: i32,
    right: f32,
}

#[derive(XmlType)]
struct Generic<T> {
    value: T,
}

#[derive(XmlType)]
enum Unsaid {
    A(i32),
    B(String),
}

#[derive(XmlType)]
enum Nothing {}

#[derive(XmlType)]
#[xml(choice)]
enum Fields {
    A { a: i32 },
}

#[derive(XmlType)]
#[xml(choice)]
enum SameName {
    A(i32),
    #[xml(name = "A")]
    B(i32),
}

#[derive(XmlType)]
#[xml(choice)]
enum Attribute {
    #[xml(attribute)]
    A(i32),
}

#[derive(XmlType)]
#[xml(derived)]
enum Derived {
    A,
}

#[derive(XmlType)]
enum SameValue {
    A,
    #[xml(value = "A")]
    B,
}

#[derive(XmlType)]
#[xml(list)]
struct NoList(i32);

#[derive(XmlType)]
#[xml(list)]
enum ListOfWhat {
    A,
}

#[derive(XmlType)]
struct SecondText {
    #[xml(text)]
    a: String,
    #[xml(text)]
    b: String,
}

fn main() {}
