//! The database, read only: whether it answers, is up to date, and whether the ring opens its rows.

use std::{
    fs::{self, File},
    io::Read,
    os::unix::fs::PermissionsExt,
    path::Path,
};

use keyseal::envelope::Unwrap;
use url::Url;

use super::{Report, keys::Ring};
use crate::{
    clock,
    config::Config,
    store::{Inspection, StoreError, Tables},
    system,
};

const ABOUT: &str = "database";
/// The oldest PostgreSQL that its makers still mend.
const OLDEST: i64 = 140_000;

pub async fn examine(report: &mut Report, config: &Config, ring: &Ring) {
    let file = config.database_file();
    let is_there = file.as_deref().is_none_or(Path::exists);
    if let (Some(file), false) = (&file, is_there) {
        let says = format!(
            "{} is not there yet: the first start makes it.",
            file.display()
        );
        match ring {
            Ring::Read(_) => report.warning(
                ABOUT,
                says,
                "Keys are there: is `database_url`, or the working directory, the right one?",
            ),
            _ => report.ok(ABOUT, says),
        }
        if matches!(ring, Ring::Absent) {
            report.ok(
                "keys",
                format!(
                    "{} holds no keys yet: the first start makes them.",
                    config.keys_dir.display()
                ),
            );
        }
        return;
    }
    if let Some(file) = &file {
        sqlite_files(report, file);
    } else {
        transport(report, &config.database_url);
    }
    let mut opened = match Inspection::open(&config.database_url).await {
        Ok(opened) => opened,
        Err(error) => return unreachable(report, config, &error),
    };
    if let Err(error) = contents(report, config, &mut opened, ring).await {
        unreachable(report, config, &error);
    }
    opened.close().await;
}

/// A database's own words may quote the address it was given.
fn unreachable(report: &mut Report, config: &Config, error: &StoreError) {
    let mut text = error.to_string();
    let url = Url::parse(&config.database_url).ok();
    let password = url
        .as_ref()
        .and_then(Url::password)
        .filter(|password| !password.is_empty());
    for secret in [Some(config.database_url.as_str()), password]
        .into_iter()
        .flatten()
    {
        text = text.replace(secret, "[redacted]");
    }
    report.problem(
        ABOUT,
        format!("It cannot be used: {text}."),
        "See that it runs, and that `database_url` names it and a user it lets in.",
    );
}

async fn contents(
    report: &mut Report,
    config: &Config,
    opened: &mut Inspection,
    ring: &Ring,
) -> Result<(), StoreError> {
    if let Some((number, name)) = opened.version().await? {
        match number < OLDEST {
            true => report.warning(
                ABOUT,
                format!("It is PostgreSQL {name}, which its makers no longer mend."),
                "Upgrade it to a version that is still supported.",
            ),
            false => report.ok(ABOUT, format!("It is PostgreSQL {name}.")),
        }
        clocks(report, opened.now().await?);
    }
    let upgrade = "`keyseal-server migrate` does it, and so does the next start.";
    match opened.tables().await? {
        Tables::UpToDate => report.ok(ABOUT, "Its tables are up to date."),
        Tables::Missing => {
            report.warning(ABOUT, "It has no tables yet.", upgrade);
            return Ok(());
        }
        Tables::Behind(count) => report.warning(
            ABOUT,
            format!("{count} changes of its tables are to be made."),
            upgrade,
        ),
        Tables::Ahead => report.problem(
            ABOUT,
            "Its tables are of a later version of the companion.",
            "Use that version: this one refuses to start.",
        ),
        Tables::Other => report.problem(
            ABOUT,
            "Its tables were changed in another way, or a change broke off.",
            "Restore it from a backup: the companion refuses to start.",
        ),
    }
    rows(report, config, &opened.keys().await?, ring);
    Ok(())
}

/// Whether each stored key can be opened.
fn rows(report: &mut Report, config: &Config, stored: &[(String, i64)], ring: &Ring) {
    let total: i64 = stored.iter().map(|(_, count)| count).sum();
    let ring = match ring {
        Ring::Read(ring) => ring,
        Ring::Unreadable => return,
        Ring::Absent if total == 0 => {
            return report.ok(
                "keys",
                format!(
                    "{} holds no keys yet: the first start makes them.",
                    config.keys_dir.display()
                ),
            );
        }
        Ring::Absent => {
            return report.problem(
                "keys",
                format!(
                    "{} holds no keys, and {total} stored keys are sealed to some.",
                    config.keys_dir.display()
                ),
                "Point `keys_dir` to the folder that has them, or restore it from its backup.",
            );
        }
    };
    let current = ring.current_kid();
    let count = |which: &dyn Fn(&str) -> bool| -> i64 {
        let of_them = stored.iter().filter(|(kid, _)| which(kid));
        of_them.map(|(_, count)| count).sum()
    };
    let lost = count(&|kid| !ring.knows(kid));
    if lost > 0 {
        report.problem(
            "keys",
            format!("{lost} of {total} stored keys are sealed to keys that {} does not hold.", config.keys_dir.display()),
            "Put back the files of those keys; what stays lost has to be entered again by its users.",
        );
    }
    let older = count(&|kid| ring.knows(kid) && kid != current);
    let moves = match older {
        0 => String::new(),
        older => format!(
            " {older} are sealed to older keys, from which `keyseal-server rewrap` moves them."
        ),
    };
    let opens = total - lost;
    report.ok(
        "keys",
        format!("The ring has the keys of {opens} stored keys.{moves}"),
    );
}

fn clocks(report: &mut Report, theirs: clock::Micros) {
    super::tokens::clock(
        report,
        "the database",
        (theirs - clock::micros()) / 1_000_000,
    );
}

/// Tokens, envelopes and passwords pass on it.
fn transport(report: &mut Report, url: &str) {
    let Ok(url) = Url::parse(url) else { return };
    let pair = |name: &str| {
        url.query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    let host = pair("host")
        .or(url.host_str().map(str::to_owned))
        .unwrap_or_default();
    let here = host.is_empty()
        || host.starts_with('/')
        || host == "localhost"
        || host == "::1"
        || host == "[::1]"
        || host.starts_with("127.");
    let mode = pair("sslmode").or(pair("ssl-mode")).unwrap_or_default();
    if here || mode == "verify-full" || mode == "verify-ca" {
        return;
    }
    report.warning(
        ABOUT,
        "The way to the database is not protected against who stands on it.",
        "Add `?sslmode=verify-full` to `database_url`, unless that network is yours alone.",
    );
}

/// The files themselves, before anything is asked of them.
fn sqlite_files(report: &mut Report, file: &Path) {
    let name = file.display();
    let beside = ["", "-wal", "-shm"].map(|end| format!("{name}{end}"));
    let open = beside
        .iter()
        .find(|path| fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o007 != 0));
    match open {
        Some(path) => report.problem(
            ABOUT,
            format!("{path} is open to every user."),
            "chmod 600 it: who uses which provider is written there.",
        ),
        None => report.ok(ABOUT, format!("{name} is for its owner alone.")),
    }
    // https://www.sqlite.org/fileformat.html: 2 at both offsets is WAL.
    let mut head = [0; 20];
    let read = File::open(file).and_then(|mut file| file.read_exact(&mut head));
    if read.is_ok() && head[18..20] != [2, 2] {
        report.warning(
            ABOUT,
            "It has no write-ahead log.",
            "The next start turns it on; on a network's file system SQLite cannot have one.",
        );
    }
    if system::on_network(file) {
        report.problem(
            ABOUT,
            format!("{name} is on a network's file system, where SQLite loses data."),
            "Put it on a disk of this machine, or use PostgreSQL.",
        );
    }
}
