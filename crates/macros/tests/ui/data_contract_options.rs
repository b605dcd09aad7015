//! Options that are wrong or mean nothing.

use waxwing_macros::DataContract;

#[derive(DataContract)]
#[data_contract(namesapce = "urn:x")]
struct Misspelled {
    number: i32,
}

#[derive(DataContract)]
#[data_contract(colour = "red")]
struct Unknown {
    number: i32,
}

#[derive(DataContract)]
#[data_contract(namespace = "urn:x", clr_namespace = "X")]
struct Both {
    number: i32,
}

#[derive(DataContract)]
#[data_contract(rename_all = "snake_case")]
struct Case {
    number: i32,
}

#[derive(DataContract)]
#[data_contract(name = "A", name = "B")]
struct Twice {
    number: i32,
}

#[derive(DataContract)]
#[data_contract(namespace = 5)]
struct NotText {
    number: i32,
}

#[derive(DataContract)]
struct SameName {
    name: String,
    #[data_member(name = "Name")]
    other: String,
}

#[derive(DataContract)]
struct NoName {
    #[data_member(name = "")]
    name: String,
}

#[derive(DataContract)]
struct Order {
    #[data_member(order = -1)]
    name: String,
}

#[derive(DataContract)]
struct Required {
    #[data_member(requierd)]
    name: String,
}

#[derive(DataContract)]
struct Roles {
    #[data_member(base, required)]
    base: String,
}

#[derive(DataContract)]
struct Bases {
    #[data_member(base)]
    one: Required,
    #[data_member(base)]
    two: Required,
}

#[derive(DataContract)]
enum Hidden {
    #[enum_member(skip, value = "x")]
    First,
}

fn main() {}
