//! The state folder: what belongs to one emulator and outlives it.
//!
//! Holds the secret that tokens are asked with, the ports that its URLs are made of, the note about the running
//! server, and the places of records, logs, images and certificates. Only its user can look into it. The lock, not the note,
//! decides whether an emulator runs: a killed one leaves the note behind and never the lock.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::token::{NoRandomness, Secret};

/// What keeps a state folder from being used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// A file of it cannot be read or written.
    #[error("cannot use {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of it holds something else than was put there.
    #[error("{} does not hold {expected}; delete it to have a new one made", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What belongs there.
        expected: &'static str,
    },
    /// Another emulator works on it.
    #[error("another emulator uses {}", path.display())]
    Taken {
        /// The folder.
        path: PathBuf,
    },
    /// Another program listens on the port that was set aside for this folder.
    #[error("port {port} is taken by another program; delete {} to have a new one chosen", path.display())]
    PortTaken {
        /// The port.
        port: u16,
        /// The file that remembers it.
        path: PathBuf,
    },
    /// The system gave no random bytes.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

/// What is known of a running server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// Its process id.
    pub pid: u32,
    /// The loopback port that it listens on.
    pub port: u16,
    /// The loopback port that it listens on for https; none where it does not.
    #[serde(default)]
    pub https_port: Option<u16>,
    /// Which build it is.
    pub build: String,
}

/// A state folder.
#[derive(Clone, Debug)]
pub struct Home {
    path: PathBuf,
}

/// That this process alone works on the folder; dropped, or by the process's end, it is free again.
#[derive(Debug)]
pub struct Claim {
    _lock: File,
}

impl Home {
    /// Opens a state folder, making it (mode 0700) with its parents where it is missing.
    ///
    /// # Errors
    /// It cannot be made, or its mode cannot be set.
    pub fn open(path: &Path) -> Result<Self, HomeError> {
        let home = Self { path: path.to_owned() };
        for folder in [path, &home.images(), &home.logs()] {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(at(folder))?;
        }
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o700)).map_err(at(path))?;
        Ok(home)
    }

    /// The state folder of an emulator that has run before; absent, with nothing made, where none has.
    ///
    /// # Errors
    /// As [`Home::open`].
    pub fn found(path: &Path) -> Result<Option<Self>, HomeError> {
        let home = Self { path: path.to_owned() };
        let known = home.port_file().is_file();
        known.then(|| Self::open(path)).transpose()
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where images are kept.
    pub fn images(&self) -> PathBuf {
        self.path.join("images")
    }

    /// Where the logs of containers are kept.
    pub fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }

    /// Where the certificate authority and its certificates are kept; see [`Pki`](crate::pki::Pki).
    pub fn certificates(&self) -> PathBuf {
        self.path.join("pki")
    }

    /// Where the folders behind file shares are kept.
    pub fn shares(&self) -> PathBuf {
        self.path.join("shares")
    }

    /// For what lives no longer than a running emulator.
    pub fn scratch(&self) -> PathBuf {
        self.path.join("scratch")
    }

    /// The log of the emulator itself, for the program that starts it in the background.
    pub fn log_file(&self) -> PathBuf {
        self.path.join("emulator.log")
    }

    /// The records of the world.
    pub fn world_file(&self) -> PathBuf {
        self.path.join("world.jsonl")
    }

    /// The records of the sink.
    pub fn sink_file(&self) -> PathBuf {
        self.path.join("sink.jsonl")
    }

    /// Takes the folder for this process.
    ///
    /// # Errors
    /// [`HomeError::Taken`] where another emulator has it.
    pub fn claim(&self) -> Result<Claim, HomeError> {
        let path = self.path.join("lock");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(at(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Claim { _lock: file }),
            Err(TryLockError::WouldBlock) => Err(HomeError::Taken { path: self.path.clone() }),
            Err(TryLockError::Error(source)) => Err(HomeError::Io { path, source }),
        }
    }

    /// The secret that a client asks for tokens with: 32 random bytes in hex, made once (mode 0600).
    ///
    /// # Errors
    /// It cannot be read or made, or what stands there is no secret.
    pub fn secret(&self) -> Result<Secret, HomeError> {
        let path = self.path.join("secret");
        let text = remembered::<HomeError>(&path, || Ok(Secret::random()?.reveal().to_owned()))?;
        Secret::parse(&text).ok_or(HomeError::Damaged { path, expected: "a secret of 64 hexadecimal digits" })
    }

    /// The name of this folder's emulator among others that use the same container engine: 12 hexadecimal digits, chosen
    /// once, so that what a killed emulator left there is known by it.
    ///
    /// # Errors
    /// It cannot be read or made, or what stands there is no such name.
    pub fn name(&self) -> Result<String, HomeError> {
        let path = self.path.join("name");
        let text = remembered::<HomeError>(&path, || {
            let random = Secret::random()?;
            Ok(random.reveal().chars().take(12).collect())
        })?;
        let is_name = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        Some(text).filter(|_| is_name).ok_or(HomeError::Damaged { path, expected: "12 hexadecimal digits" })
    }

    /// The loopback port of this folder's emulator, chosen once, so that URLs outlive a restart.
    ///
    /// # Errors
    /// It cannot be read or chosen, or what stands there is no port.
    pub fn port(&self) -> Result<u16, HomeError> {
        port_in(self.port_file(), None)
    }

    /// The loopback port of this folder's emulator for https, chosen once as well.
    ///
    /// # Errors
    /// As [`Home::port`].
    pub fn https_port(&self) -> Result<u16, HomeError> {
        port_in(self.https_port_file(), Some(self.port()?))
    }

    /// Listens on [`Home::port`], without blocking, as `tokio::net::TcpListener::from_std` wants it.
    ///
    /// # Errors
    /// [`HomeError::PortTaken`] where another program listens there.
    pub fn listen(&self) -> Result<TcpListener, HomeError> {
        bind(self.port()?, self.port_file())
    }

    /// Listens on [`Home::https_port`] in the same way.
    ///
    /// # Errors
    /// As [`Home::listen`].
    pub fn listen_https(&self) -> Result<TcpListener, HomeError> {
        bind(self.https_port()?, self.https_port_file())
    }

    /// Where an explicit clock stood last; absent where none ever stood, or the file does not tell.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn time(&self) -> Result<Option<Timestamp>, HomeError> {
        let path = self.time_file();
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(text.trim().parse().ok()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(HomeError::Io { path, source }),
        }
    }

    /// Remembers where an explicit clock stands, so that time does not go back when the emulator is opened again.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn keep_time(&self, time: Timestamp) -> Result<(), HomeError> {
        let path = self.time_file();
        let fresh = path.with_extension("new");
        put(&fresh, time.to_string().as_bytes()).map_err(at(&fresh))?;
        std::fs::rename(&fresh, &path).map_err(at(&path))
    }

    fn time_file(&self) -> PathBuf {
        self.path.join("time")
    }

    /// Which server says that it runs here; it may have died without taking that back.
    ///
    /// # Errors
    /// The note cannot be read.
    pub fn running(&self) -> Result<Option<Running>, HomeError> {
        let path = self.note();
        match std::fs::read(&path) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(HomeError::Io { path, source }),
        }
    }

    /// Notes that this server runs here.
    ///
    /// # Errors
    /// The note cannot be written.
    pub fn announce(&self, running: &Running) -> Result<(), HomeError> {
        let path = self.note();
        let text = serde_json::to_vec(running).map_err(|error| at(&path)(error.into()))?;
        let fresh = path.with_extension("new");
        put(&fresh, &text).map_err(at(&fresh))?;
        std::fs::rename(&fresh, &path).map_err(at(&path))
    }

    /// Takes the note back.
    ///
    /// # Errors
    /// The note is there and cannot be removed.
    pub fn retract(&self) -> Result<(), HomeError> {
        let path = self.note();
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(at(&path)(error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn note(&self) -> PathBuf {
        self.path.join("emulator.json")
    }

    fn port_file(&self) -> PathBuf {
        self.path.join("port")
    }

    fn https_port_file(&self) -> PathBuf {
        self.path.join("https-port")
    }
}

/// The port that a file remembers, chosen to be another one than that.
fn port_in(path: PathBuf, other: Option<u16>) -> Result<u16, HomeError> {
    let text = remembered::<HomeError>(&path, || Ok(free_port(other).map_err(at(&path))?.to_string()))?;
    match text.parse() {
        Ok(port) if port != 0 => Ok(port),
        Ok(_) | Err(_) => Err(HomeError::Damaged { path, expected: "a port number" }),
    }
}

fn bind(port: u16, path: PathBuf) -> Result<TcpListener, HomeError> {
    let listening = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .and_then(|listener| listener.set_nonblocking(true).map(|()| listener));
    listening.map_err(|source| match source.kind() {
        ErrorKind::AddrInUse => HomeError::PortTaken { port, path },
        _ => HomeError::Io { path, source },
    })
}

pub(crate) fn at(path: &Path) -> impl FnOnce(std::io::Error) -> HomeError {
    let path = path.to_owned();
    |source| HomeError::Io { path, source }
}

fn free_port(other: Option<u16>) -> std::io::Result<u16> {
    let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = first.local_addr()?.port();
    if Some(port) != other {
        return Ok(port);
    }
    // While the first is held, the next is another.
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// The text of a file that is made once; of several processes that make it at the same time, one wins for all.
pub(crate) fn remembered<E: From<HomeError>>(
    path: &Path,
    make: impl FnOnce() -> Result<String, E>,
) -> Result<String, E> {
    let read = || std::fs::read_to_string(path).map(|text| text.trim().to_owned());
    match read() {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        done => return done.map_err(|error| at(path)(error).into()),
    }
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(format!(".{}", std::process::id()));
    let fresh = PathBuf::from(fresh);
    put(&fresh, make()?.as_bytes()).map_err(at(&fresh))?;
    // A hard link, unlike a rename, never replaces what another process was quicker to make.
    let linked = std::fs::hard_link(&fresh, path);
    std::fs::remove_file(&fresh).map_err(at(&fresh))?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(at(path)(error).into()),
        Ok(()) | Err(_) => read().map_err(|error| at(path)(error).into()),
    }
}

/// Writes a file that only its user can read.
pub(crate) fn put(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)
}

#[cfg(test)]
mod tests;
