//! Tone: which one suits the visitor, and the answer put into it.
//!
//! [`rules`], [`mention`], [`facts`], [`lead`], [`script`] and [`builtin`] are pure; [`selector`] and [`converter`] ask models.

pub mod builtin;
mod converter;
pub mod facts;
pub mod lead;
pub mod mention;
mod numeral;
pub mod rules;
mod scope;
pub mod script;
mod selector;
mod tokens;

pub use converter::{Conversion, Converter};
pub use selector::{SelectMode, Selected, Selector};
