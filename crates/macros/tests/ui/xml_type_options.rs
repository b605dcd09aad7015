//! Options of XML types that mean nothing.

use waxwing_macros::XmlType;

#[derive(XmlType)]
#[xml(namespce = "urn:a")]
struct Misspelt {
    a: i32,
}

#[derive(XmlType)]
#[xml(choice)]
struct NoChoice {
    a: i32,
}

#[derive(XmlType)]
struct Roles {
    #[xml(attribute, text)]
    a: i32,
}

#[derive(XmlType)]
struct Names {
    #[xml(text, name = "a")]
    a: i32,
}

#[derive(XmlType)]
struct Defaults {
    #[xml(default = "1")]
    a: Option<i32>,
}

#[derive(XmlType)]
struct Both {
    #[xml(default = "1", fixed = "2")]
    a: i32,
}

#[derive(XmlType)]
struct Arrays {
    #[xml(array)]
    a: Vec<i32>,
}

#[derive(XmlType)]
struct Items {
    #[xml(array(item = "a"))]
    a: i32,
}

#[derive(XmlType)]
struct Lists {
    a: Option<Vec<i32>>,
}

#[derive(XmlType)]
struct Twice {
    #[xml(attribute, name = "a")]
    a: i32,
    #[xml(attribute, name = "a")]
    b: i32,
}

#[derive(XmlType)]
#[xml(root_namespace = "urn:a")]
struct Rootless {
    a: i32,
}

#[derive(XmlType)]
#[xml(choice, ordered)]
enum Ordered {
    A(i32),
}

fn main() {}
