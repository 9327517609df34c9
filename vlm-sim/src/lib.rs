//! A seeded simulator of the two services that Rapport stands on: the description service (a VLM that says who is
//! standing there) and an OpenAI-compatible chat backend. It can be slow, broken, full or malicious on request, and
//! under one seed it is so in the same way every time.
//!
//! [`serve`] does all the work; the program `vlm-sim` only turns flags into a [`Config`]. The rooms, in reading order:
//!
//! - `config`: every knob, and what is refused.
//! - `pool`: the visitors whose descriptions are served.
//! - `dice`: what chance decides about a call, drawn in the order of arrival.
//! - `model`, `token`, `pace`: what a chat model's name means, what a token is, when each one leaves.
//! - `ledger`: what was begun, finished and dropped.
//! - `description`, `chat`: the routes that do simulated work; `desk`: those that only tell.
//! - `simulator`, `server`: the state all routes share, and the sockets.

mod chat;
mod config;
mod description;
mod desk;
mod dice;
mod garbage;
mod ledger;
mod model;
mod pace;
mod pool;
mod server;
mod sessions;
mod simulator;
mod token;
mod tone;

pub use config::{Config, InvalidConfig};
pub use ledger::{Counts, Stats};
pub use model::{Fault, Model, Role, UnknownModel};
pub use pool::{Pool, PoolError, Visitor};
pub use server::serve;
pub use simulator::Simulator;
pub use token::tokens;
