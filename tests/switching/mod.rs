//! Switch, rollback and retirement: no request fails, nothing is lost, and whatever is interrupted goes on or goes back.

mod crashes;
mod gates;
mod killed_servers;
mod round_trip;
mod stage;
mod stream;
mod traffic;
mod wary;
