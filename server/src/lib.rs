//! Rapport, a conversation server that reads the room.

pub mod answer;
pub mod config;
pub mod description;
pub mod event;
pub mod knowledge;
pub mod language;
pub mod llm;
pub mod prompts;
pub mod session;
pub mod socket;
pub mod tone;
pub mod turn;
pub mod wire;
