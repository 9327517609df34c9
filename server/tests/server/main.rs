//! The whole server over real sockets, with a simulated camera and simulated models.

#![allow(clippy::unwrap_used)] // a test's failure is its panic

mod cancel;
mod chat;
mod conversation;
mod crowd;
mod disconnects;
mod drain;
mod faults;
mod guests;
mod house;
mod images;
mod joined;
mod knowledge;
mod limits;
mod manual;
mod metrics;
mod original;
mod overload;
mod raw;
mod realtime;
mod redis;
mod resume;
mod slow;
mod stop;
mod store;
mod terminal;
mod tls;
mod waiting;
