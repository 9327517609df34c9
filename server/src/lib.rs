//! Rapport, a conversation server that reads the room.

pub mod answer;
pub mod event;
pub mod knowledge;
pub mod language;
pub mod tone;
