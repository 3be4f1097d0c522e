//! The process and the machine: memory, dumps, folders and the space they have.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use rlimit::Resource;
use rustix::fs::{Access, access, statvfs};

use super::Report;
use crate::config::Config;
use crate::system;

/// Less is soon none; much less, and nothing more can be written.
const LITTLE: u64 = 1 << 30;
const NONE: u64 = 64 << 20;

/// What this process could do for itself; `serve` can the same where it is started the same way.
pub fn process(report: &mut Report, weak: &[String]) {
    let about = "memory";
    let (dumps, memory): (Vec<_>, Vec<_>) =
        weak.iter().partition(|text| !text.starts_with("memory"));
    let core = Resource::CORE.get().is_ok_and(|(soft, _)| soft == 0);
    match (core && system::hidden(), dumps.first()) {
        (true, None) => report.ok(
            about,
            "Core dumps are off, and other processes cannot read this one.",
        ),
        (_, why) => report.problem(
            about,
            why.map_or("This process can be dumped, keys with it.".into(), |why| {
                sentence(why)
            }),
            "Start it where `prctl` and `setrlimit` are allowed.",
        ),
    }
    match memory.first() {
        None => report.ok(about, "Memory is locked."),
        Some(_) if !has_swap() => {
            report.ok(
                about,
                "Memory cannot be locked, and this machine has no swap.",
            );
        }
        Some(why) => report.warning(about, sentence(why), "Or turn swap off, or encrypt it."),
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).chain(['.']).collect()
}

/// Its first line is a heading.
fn has_swap() -> bool {
    fs::read_to_string("/proc/swaps").map_or(true, |text| text.lines().count() > 1)
}

/// Where the database and the private keys stand.
pub fn folders(report: &mut Report, config: &Config) {
    let about = "folders";
    let data = config
        .database_file()
        .map_or(config.data_dir.clone(), |file| {
            file.parent().unwrap_or(Path::new(".")).to_owned()
        });
    let (data, keys) = (whole(&data), whole(&config.keys_dir));
    let apart = !data.starts_with(&keys) && !keys.starts_with(&data);
    if config.database_file().is_some() && !apart {
        report.problem(
            about,
            format!(
                "The database ({}) and the private keys ({}) are in one folder.",
                data.display(),
                keys.display()
            ),
            "Keep them apart, so that one backup never holds both.",
        );
    } else {
        report.ok(about, "The database and the private keys are kept apart.");
    }
    if let Some(page) = &config.page_dir {
        let page = whole(page);
        for (what, dir) in [("data", &data), ("keys", &keys)] {
            if dir.starts_with(&page) {
                report.problem(
                    about,
                    format!(
                        "The {what} are below `page_dir`, {}: anyone can fetch them.",
                        page.display()
                    ),
                    "Move them out of it, and take what stood there for known.",
                );
            }
        }
    }
    if config.database_file().is_some() {
        writable(report, "The database's folder", &data);
        space(report, &data);
    }
}

/// As it is, through links; what is not there yet as it is written.
fn whole(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or(path.to_owned());
    absolute.canonicalize().unwrap_or(absolute)
}

fn writable(report: &mut Report, what: &str, dir: &Path) {
    let Ok(meta) = fs::metadata(dir) else {
        return;
    };
    let mode = meta.permissions().mode() & 0o7777;
    let dir = dir.display();
    if mode & 0o002 != 0 && mode & 0o1000 == 0 {
        report.problem(
            "folders",
            format!("{what} {dir} may be written by every user (mode {mode:04o})."),
            "chmod 700 it.",
        );
    } else if access(dir.to_string(), Access::WRITE_OK).is_err() {
        report.problem(
            "folders",
            format!("{what} {dir} cannot be written by the user that runs this."),
            "Run doctor as the user that runs the companion, or give that user the folder.",
        );
    }
}

fn space(report: &mut Report, dir: &Path) {
    let existing = dir.ancestors().find(|dir| dir.exists()).unwrap_or(dir);
    let Ok(stats) = statvfs(existing) else {
        return;
    };
    let free = stats.f_bavail.saturating_mul(stats.f_frsize);
    let says = format!("{} MB are free at {}.", free >> 20, existing.display());
    match free {
        NONE.. if free >= LITTLE => report.ok("disk", says),
        NONE.. => report.warning("disk", says, "Make room: without it nothing can be stored."),
        _ => report.problem("disk", says, "Make room: nothing more can be stored."),
    }
}
