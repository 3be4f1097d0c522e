//! First thing in `main`: this process's memory holds private keys, so it is not dumped, not read by
//! other processes of the user, and not written to swap, as far as the system lets it.

use rlimit::{INFINITY, Resource};
use rustix::{fs::Mode, process::umask};

use crate::system;

/// Does what can be done; what could not is returned, to be logged once there is a log.
pub fn apply() -> Vec<String> {
    // Whatever is written from here on is for its owner alone.
    umask(Mode::RWXG | Mode::RWXO);
    let mut warnings = Vec::new();
    if let Err(error) = Resource::CORE.set(0, 0) {
        warnings.push(format!("core dumps could not be turned off: {error}"));
    }
    if let Err(error) = system::hide() {
        warnings.push(format!("the process could not be made undumpable: {error}"));
    }
    if let Err(reason) = lock_memory() {
        warnings.push(format!(
            "memory is not locked, so keys may reach swap: {reason} (systemd: LimitMEMLOCK=infinity; docker: --ulimit memlock=-1)"
        ));
    }
    warnings
}

/// Under a limit a later allocation would fail, and the process with it: only without one.
fn lock_memory() -> Result<(), String> {
    let (soft, hard) = Resource::MEMLOCK.get().map_err(|error| error.to_string())?;
    if soft != INFINITY {
        let raised = Resource::MEMLOCK.set(INFINITY, INFINITY);
        raised.map_err(|_| format!("the limit of locked memory is {hard} bytes"))?;
    }
    system::lock_memory().map_err(|error| error.to_string())
}
