//! Types that are no data contracts.

use waxwing_macros::DataContract;

#[derive(DataContract)]
struct Tuple(i32, String);

#[derive(DataContract)]
union Either {
    left: i32,
    right: f32,
}

#[derive(DataContract)]
struct Borrowed<'a> {
    text: &'a str,
}

#[derive(DataContract)]
struct Sized<const N: usize> {
    number: i32,
}

#[derive(DataContract)]
enum Mixed {
    Plain,
    Holding(i32, i32),
}

#[derive(DataContract)]
enum Nothing {}

#[derive(DataContract)]
#[data_contract(flags(Read = 1))]
struct Generic<T>(T);

#[derive(DataContract)]
enum Twice {
    First,
    #[enum_member(value = "First")]
    Second,
}

#[derive(DataContract)]
#[data_contract(collection)]
struct Names {
    names: Vec<String>,
}

#[derive(DataContract)]
#[data_contract(flags(Read = 1))]
struct Perm {
    bits: u32,
}

#[derive(DataContract)]
#[data_contract(flags(Read = 1))]
enum PermEnum {
    Read,
}

#[derive(DataContract)]
#[data_contract(is_reference)]
enum Referenced {
    First,
}

#[derive(DataContract)]
#[data_contract(name = "Base", base = Perm)]
struct BaseOfClass {
    number: i32,
}

fn main() {}
