//! Tone: rules, selection, conversion, fact guard.

pub mod builtin;
pub mod facts;
pub mod mention;
mod numeral;
pub mod rules;
mod scope;
mod tokens;
