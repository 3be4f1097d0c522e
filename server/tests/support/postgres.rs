//! A PostgreSQL cluster of the test's own: thrown away with the test, without fsync, reached by a
//! socket in its folder.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use tempfile::TempDir;

pub struct Postgres {
    folder: TempDir,
    server: Child,
    made: std::cell::Cell<u32>,
}

impl Postgres {
    /// `Err` says what is missing on this machine.
    pub fn start() -> Result<Self, String> {
        let bin = bin().ok_or("initdb is not installed")?;
        let folder = tempfile::Builder::new()
            .prefix("keyseal-pg-")
            .tempdir()
            .unwrap();
        let data = folder.path().join("data");
        give_to_owner(folder.path())?;
        let init = as_owner(&bin.join("initdb"))?
            .args([
                "--no-sync",
                "--auth=trust",
                "--username=postgres",
                "--encoding=UTF8",
                "-D",
            ])
            .arg(&data)
            .stdout(Stdio::null())
            .status()
            .map_err(|error| error.to_string())?;
        if !init.success() {
            return Err("initdb failed".into());
        }
        let server = as_owner(&bin.join("postgres"))?
            .args(["-c", "fsync=off", "-c", "listen_addresses="])
            .args(["-c", "timezone=America/St_Johns"]) // a server whose clock is not on UTC
            .arg("-k")
            .arg(folder.path())
            .arg("-D")
            .arg(&data)
            .stderr(fs::File::create(folder.path().join("log")).unwrap())
            .spawn()
            .map_err(|error| error.to_string())?;
        let started = Self {
            folder,
            server,
            made: 1.into(),
        };
        for _ in 0..200 {
            if started.sql(&bin, "SELECT 1") {
                return Ok(started);
            }
            thread::sleep(Duration::from_millis(50));
        }
        Err(fs::read_to_string(started.folder.path().join("log")).unwrap_or_default())
    }

    /// A new, empty database.
    pub fn database(&self) -> String {
        let name = format!("keyseal_{}", self.made.get());
        self.made.set(self.made.get() + 1);
        let bin = bin().unwrap();
        assert!(self.sql(&bin, &format!("CREATE DATABASE {name}")));
        let socket = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://postgres@localhost/{name}?host={socket}")
    }

    fn sql(&self, bin: &Path, sql: &str) -> bool {
        Command::new(bin.join("psql"))
            .args(["-q", "-U", "postgres", "-c", sql, "-h"])
            .arg(self.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Where the programs stand: beside `initdb`, wherever the link to it leads.
fn bin() -> Option<PathBuf> {
    let found = Command::new("sh")
        .args(["-c", "command -v initdb"])
        .output()
        .ok()?;
    let on_path = PathBuf::from(String::from_utf8(found.stdout).ok()?.trim());
    let real = fs::canonicalize(on_path).ok();
    let debian = || {
        let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
        versions
            .flatten()
            .map(|version| version.path().join("bin/initdb"))
            .find(|path| path.exists())
    };
    Some(real.or_else(debian)?.parent()?.to_owned())
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// PostgreSQL refuses to run as root: another user of the machine runs it then.
const OTHERS: [&str; 2] = ["postgres", "nobody"];

fn other() -> Result<&'static str, String> {
    let exists = |name: &&&str| {
        let found = Command::new("id")
            .arg(name)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        found.is_ok_and(|status| status.success())
    };
    OTHERS
        .iter()
        .find(exists)
        .copied()
        .ok_or("there is no user to run PostgreSQL as".into())
}

/// `setpriv` also ends the server when the test dies.
fn as_owner(program: &Path) -> Result<Command, String> {
    if !is_root() {
        return Ok(Command::new(program));
    }
    let user = other()?;
    let mut command = Command::new("setpriv");
    command.arg(format!("--reuid={user}")).arg("--clear-groups");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    Ok(command)
}

fn give_to_owner(folder: &Path) -> Result<(), String> {
    if !is_root() {
        return Ok(());
    }
    let given = Command::new("chown").arg(other()?).arg(folder).status();
    if given.is_ok_and(|status| status.success()) {
        Ok(())
    } else {
        Err("chown failed".into())
    }
}
