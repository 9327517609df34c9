//! Rapport, as a program.

fn main() {}
