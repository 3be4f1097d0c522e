//! What is asked of the system where not every Unix can do it. The companion is made for Linux; on a
//! developer's Mac it runs without these, and says what is missing.

pub use here::{end_untaken, hidden, hide, lock_memory, on_network};

#[cfg(target_os = "linux")]
mod here {
    use std::io;
    use std::path::Path;
    use std::time::Duration;

    use rustix::mm::{MlockAllFlags, mlockall};
    use rustix::process::{DumpableBehavior, dumpable_behavior, set_dumpable_behavior};
    use tokio::net::TcpStream;

    /// Keeps this process from being dumped, and from being read by the user's others.
    pub fn hide() -> io::Result<()> {
        Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
    }

    /// Whether it is kept from that.
    pub fn hidden() -> bool {
        dumpable_behavior().is_ok_and(|now| now == DumpableBehavior::NotDumpable)
    }

    /// Keeps what is and will be in memory out of swap. On fault: only pages in use are locked, not
    /// every thread's whole stack.
    pub fn lock_memory() -> io::Result<()> {
        let flags = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
        Ok(mlockall(flags)?)
    }

    /// Ends a connection whose other end takes nothing for so long (`TCP_USER_TIMEOUT`). The system
    /// knows what is taken to the byte, and what a slow reader takes between two of our writes.
    pub fn end_untaken(stream: &TcpStream, after: Duration) -> io::Result<()> {
        let most = u32::try_from(after.as_millis()).unwrap_or(u32::MAX);
        Ok(rustix::net::sockopt::set_tcp_user_timeout(stream, most)?)
    }

    /// Whether a file is on a network's file system, by the numbers of statfs(2): NFS, SMB, CIFS, SMB2.
    pub fn on_network(file: &Path) -> bool {
        rustix::fs::statfs(file).is_ok_and(|stats| {
            let kind = u64::try_from(stats.f_type).unwrap_or_default() & 0xffff_ffff;
            [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42].contains(&kind)
        })
    }
}

#[cfg(not(target_os = "linux"))]
mod here {
    use std::io::{Error, ErrorKind, Result};
    use std::path::Path;
    use std::time::Duration;

    use tokio::net::TcpStream;

    fn missing<T>() -> Result<T> {
        Err(Error::from(ErrorKind::Unsupported))
    }

    pub fn hide() -> Result<()> {
        missing()
    }

    pub fn hidden() -> bool {
        false
    }

    pub fn lock_memory() -> Result<()> {
        missing()
    }

    pub fn end_untaken(_: &TcpStream, _: Duration) -> Result<()> {
        missing()
    }

    pub fn on_network(_: &Path) -> bool {
        false
    }
}
