//! The answer: prompt, generate; the built-in engine.

pub mod builtin;
