//! The `waxwing` program.

fn main() {}
