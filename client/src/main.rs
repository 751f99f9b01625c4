//! The program `kamisync`.

fn main() {}
