//! Who comes, by address: how many sockets, how often, and how much they say. All limits are off by default: a house's
//! kiosks may share one address.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use ipnet::IpNet;
use tokio::time::sleep;

use super::routes::refusal;
use crate::session::Gate;

/// How often what is known of addresses is looked through, lest it grow: a minute's limit is forgotten after two.
const PERIOD: Duration = Duration::from_secs(60);

/// When a visitor is asked to come back who found no room: another may have left.
const RETRY: Duration = Duration::from_secs(5);

/// The limits; 0 is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GuestLimits {
    /// Sockets in all.
    pub sockets: usize,
    /// Sockets from one address.
    pub sockets_per_address: usize,
    /// New sockets and HTTP requests a minute from one address.
    pub visits_per_minute: u32,
    /// Messages a minute from one address, whatever their sessions.
    pub messages_per_minute: u32,
    /// Proxies whose word is taken for where a visitor comes from.
    pub proxies: Vec<IpNet>,
}

/// Where a connection comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

/// Who is here.
pub(super) struct Guests {
    limits: GuestLimits,
    sockets: AtomicUsize,
    /// Sockets of each address that has any.
    by_address: DashMap<IpAddr, usize>,
    visits: Option<DefaultKeyedRateLimiter<IpAddr>>,
    messages: Option<Arc<DefaultKeyedRateLimiter<IpAddr>>>,
}

/// A socket's place; given back when it is dropped.
pub(super) struct Visit {
    guests: Arc<Guests>,
    address: IpAddr,
}

/// Why somebody may not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full {
    status: StatusCode,
    message: &'static str,
    retry_after: Duration,
}

impl Full {
    /// As HTTP tells it.
    pub(super) fn response(self) -> Response<Body> {
        let mut response = refusal(self.status, self.message);
        let seconds = self.retry_after.as_secs_f64().ceil().max(1.0);
        if let Ok(value) = HeaderValue::from_str(&seconds.to_string()) {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        response
    }
}

fn limiter(a_minute: u32) -> Option<DefaultKeyedRateLimiter<IpAddr>> {
    NonZeroU32::new(a_minute).map(|a_minute| RateLimiter::keyed(Quota::per_minute(a_minute)))
}

fn take(limiter: &DefaultKeyedRateLimiter<IpAddr>, address: IpAddr) -> Result<(), Duration> {
    limiter.check_key(&address).map_err(|until| until.wait_time_from(DefaultClock::default().now()))
}

impl Guests {
    pub(super) fn new(limits: GuestLimits) -> Self {
        let (visits, messages) = (limiter(limits.visits_per_minute), limiter(limits.messages_per_minute));
        let messages = messages.map(Arc::new);
        Self { limits, sockets: AtomicUsize::new(0), by_address: DashMap::new(), visits, messages }
    }

    /// Where a request comes from: what the proxies that are trusted say, else the connection's other end. Visitors with
    /// IPv6 have a network of their own, which counts as one address.
    pub(super) fn address(&self, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
        let is_proxy = |address: &IpAddr| self.limits.proxies.iter().any(|known| known.contains(address));
        let mut address = peer.ip().to_canonical();
        let told = headers.get_all("x-forwarded-for").iter().rev().filter_map(|value| value.to_str().ok());
        // Each proxy adds who came to it: the last that is no proxy is the visitor; what is before may be made up.
        for before in told.flat_map(|list| list.rsplit(',')) {
            if !is_proxy(&address) {
                break;
            }
            let Ok(told) = before.trim().parse::<IpAddr>() else { break };
            address = told.to_canonical();
        }
        match address {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
            address @ IpAddr::V4(_) => address,
        }
    }

    /// Counts a visit.
    pub(super) fn visited(&self, address: IpAddr) -> Result<(), Full> {
        let Some(visits) = &self.visits else { return Ok(()) };
        take(visits, address).map_err(|retry_after| Full {
            status: StatusCode::TOO_MANY_REQUESTS,
            message: "too many visits a minute from this address; try again",
            retry_after,
        })
    }

    /// Lets a socket in.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Result<Visit, Full> {
        self.visited(address)?;
        let full = |status, message| Full { status, message, retry_after: RETRY };
        let (most, most_of_one) = (self.limits.sockets, self.limits.sockets_per_address);
        let mut here = self.by_address.entry(address).or_insert(0);
        if most_of_one > 0 && *here >= most_of_one {
            return Err(full(StatusCode::TOO_MANY_REQUESTS, "too many connections from this address"));
        }
        let room = |sockets: usize| (most == 0 || sockets < most).then_some(sockets + 1);
        if self.sockets.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room).is_err() {
            return Err(full(StatusCode::SERVICE_UNAVAILABLE, "too many visitors; try again in a moment"));
        }
        *here += 1;
        Ok(Visit { guests: Arc::clone(self), address })
    }

    /// What counts an address's messages, if they are limited.
    pub(super) fn gate(&self, address: IpAddr) -> Option<Gate> {
        let messages = Arc::clone(self.messages.as_ref()?);
        Some(Arc::new(move || take(&messages, address)))
    }

    /// Forgets those who are long gone, for as long as it is polled.
    pub(super) async fn sweep(&self) {
        loop {
            sleep(PERIOD).await;
            self.by_address.retain(|_, sockets| *sockets > 0);
            for limiter in self.visits.iter().chain(self.messages.as_deref()) {
                limiter.retain_recent();
                limiter.shrink_to_fit();
            }
        }
    }
}

impl Visit {
    /// Whose it is.
    pub(super) fn address(&self) -> IpAddr {
        self.address
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.guests.sockets.fetch_sub(1, Ordering::Relaxed);
        if let Entry::Occupied(mut here) = self.guests.by_address.entry(self.address) {
            *here.get_mut() -= 1;
            if *here.get() == 0 {
                here.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guests(limits: GuestLimits) -> Arc<Guests> {
        Arc::new(Guests::new(limits))
    }

    fn address(guests: &Guests, peer: &str, told: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for told in told {
            headers.append("x-forwarded-for", HeaderValue::from_static(told));
        }
        guests.address(SocketAddr::new(peer.parse().unwrap(), 1), &headers).to_string()
    }

    #[test]
    fn only_trusted_proxies_say_where_somebody_comes_from() {
        let proxies = vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let guests = guests(GuestLimits { proxies, ..GuestLimits::default() });
        for (peer, told, expected) in [
            ("203.0.113.7", &["198.51.100.1"][..], "203.0.113.7"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.2.3.4", "198.51.100.1, 10.0.0.2"], "198.51.100.1"),
            ("10.0.0.1", &["10.0.0.9"], "10.0.0.9"),
            ("10.0.0.1", &["unknown"], "10.0.0.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("::1", &["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::"),
            ("::ffff:10.0.0.1", &["::ffff:198.51.100.1"], "198.51.100.1"),
        ] {
            assert_eq!(address(&guests, peer, told), expected, "{peer} {told:?}");
        }
    }

    #[test]
    fn rooms_are_given_back_and_nothing_is_kept_of_who_is_gone() {
        let guests = guests(GuestLimits { sockets: 3, sockets_per_address: 2, ..GuestLimits::default() });
        let [a, b] = ["198.51.100.1", "198.51.100.2"].map(|address| address.parse().unwrap());
        let first = guests.enter(a).ok().unwrap();
        let _second = guests.enter(a).ok().unwrap();
        assert_eq!(guests.enter(a).err().unwrap().status, StatusCode::TOO_MANY_REQUESTS);
        let third = guests.enter(b).ok().unwrap();
        assert_eq!(guests.enter(b).err().unwrap().status, StatusCode::SERVICE_UNAVAILABLE);
        drop((first, third));
        assert_eq!(guests.by_address.len(), 1);
        assert!(guests.enter(a).is_ok() && guests.enter(b).is_ok());
    }
}
