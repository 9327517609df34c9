//! Tone: rules, selection, conversion, fact guard.

pub mod builtin;
pub mod facts;
pub mod rules;
