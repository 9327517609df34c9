//! The whole server over real sockets, with a simulated camera and simulated models.

mod conversation;
mod house;
