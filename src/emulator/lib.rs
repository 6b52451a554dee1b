//! An embedded Azure Resource Manager and Azure Container Instances that speaks the real protocol and really runs the containers.
//!
//! It is a witness, not an accomplice: it shares no type with the client, knows no storey of the house,
//! and is written from what the service was recorded to do.
//!
//! # Using it
//! - In memory: [`Emulator::open`] with [`Options::state`](options::Options::state) none, then
//!   [`Emulator::router`] as the transport and [`Emulator::token`] as the credential. Under paused tokio time with the
//!   simulated runtime, minutes cost nothing and dates are fixed by [`Options::start`](options::Options::start).
//! - As a server: [`home::Home::open`] on the state folder, [`home::Home::listen`], then [`serve::serve`] until a
//!   token is cancelled or a client posts `/_emulator/stop`. Clients find it by [`home::Home::running`], and ask
//!   `POST /{tenant}/oauth2/v2.0/token` for a bearer token with [`home::Home::secret`] as the client secret.
//!
//! # Routes beside ARM's
//! | route | what | bearer token |
//! | --- | --- | --- |
//! | `GET /healthz` | 200 and no body as long as it serves | no |
//! | `GET /_emulator/health` | `{"build", "pid", "runtime": {"name", "why"}, "time"}` | no |
//! | `GET /_emulator/requests?since=n` | `{"last", "requests": […]}`, [`journal::Entry`] each | no |
//! | `GET /_emulator/sink`, `GET /sink` | `{"posts": […]}`, [`sink::Post`] each | no |
//! | `POST /sink`, `/sink/…` | takes a JSON body, answers `{"received": n}` | no |
//! | `POST /_emulator/reset` | empties the world and the sink, ends all containers | yes |
//! | `POST /_emulator/stop` | ends the server gracefully; answers before | yes |
//! | `GET`, `PATCH /_emulator/switches` | `{"exec.split": "true", …}`; PATCH takes some of them | PATCH |
//!
//! # Storeys
//! `contract` (words) ← `world` (pure: every decision) ← `emulator` (time, order, store, commands) ← `http` ← `serve`.
//! `runtime` carries commands out and `image` feeds it; `home`, `store`, `sink`, `journal` and `token` keep things.

pub mod clock;
pub mod contract;
pub mod emulator;
pub mod home;
mod http;
pub mod image;
pub mod journal;
pub mod options;
pub mod runtime;
pub mod serve;
pub mod sink;
pub mod store;
pub mod token;
pub mod world;

pub use emulator::{Emulator, OpenError};
pub use options::{Choice, Options};
