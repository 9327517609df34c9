//! Rapport, a conversation server that reads the room.
//!
//! The rooms, in reading order; each imports only from those below it, but [`config`], which gathers the
//! knobs of all, and [`description`], whose sights come with their tone:
//!
//! - [`app`]: routes, listener, start and stop. [`config`]: the one validated configuration.
//! - [`socket`]: the only room that knows WebSocket. [`wire`]: the only one that knows clients' JSON.
//! - [`session`]: one visitor's conversation; it outlives its socket and has one turn at a time.
//! - [`turn`]: the race: one question, answered in the tone that suits its visitor.
//! - [`description`]: who stands there. [`tone`]: which tone that calls for, and the answer put into it.
//!   [`answer`]: the plain answer. [`knowledge`]: the house's documents.
//! - [`observe`]: what operators watch: metrics.
//! - [`prompts`]: what models are told. [`llm`]: chat models. [`upstream`]: which of several replicas is called.
//! - [`event`]: the words all rooms share. [`language`]: sentences and words of both languages.
//! - [`index`], [`eval`]: what an operator does with documents before they are served: embeds them, and measures
//!   how well questions find them.
//! - [`load`]: a client apart from all these: many visitors at once, and how long they wait.

pub mod answer;
pub mod app;
pub mod config;
pub mod description;
pub mod eval;
pub mod event;
pub mod index;
pub mod knowledge;
pub mod language;
pub mod llm;
pub mod load;
pub mod observe;
pub mod prompts;
pub mod session;
pub mod socket;
pub mod tone;
pub mod turn;
pub mod upstream;
pub mod wire;
