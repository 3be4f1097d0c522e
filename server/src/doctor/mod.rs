//! `keyseal-server doctor`: says what is wrong with an installation before a person finds out
//! otherwise. It reads and asks. It makes nothing, changes nothing and prints no secret, and the
//! companion may run meanwhile.

mod addresses;
mod database;
mod keys;
mod machine;
mod online;
mod settings;
mod tokens;

use std::{fmt, path::Path};

use serde::Serialize;

/// How a finding is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, and should be thought about.
    Warning,
    /// It does not work, or opens a door.
    Problem,
}

impl Level {
    /// As it is printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// How it is.
    pub level: Level,
    /// What it is about.
    pub about: &'static str,
    /// One sentence.
    pub says: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One line for each.
impl fmt::Display for Finding {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (level, about) = (self.level.as_str(), self.about);
        write!(to, "{level:<8} {about:<10} {}", self.says)?;
        match &self.next {
            Some(next) => write!(to, " {next}"),
            None => Ok(()),
        }
    }
}

/// All that was found.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    findings: Vec<Finding>,
}

impl Report {
    /// In the order in which they were looked at.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How many are of this level.
    pub fn count(&self, level: Level) -> usize {
        let of_level = self
            .findings
            .iter()
            .filter(|finding| finding.level == level);
        of_level.count()
    }

    fn ok(&mut self, about: &'static str, says: impl Into<String>) {
        self.add(Level::Ok, about, says.into(), None);
    }

    fn warning(&mut self, about: &'static str, says: impl Into<String>, next: impl Into<String>) {
        self.add(Level::Warning, about, says.into(), Some(next.into()));
    }

    fn problem(&mut self, about: &'static str, says: impl Into<String>, next: impl Into<String>) {
        self.add(Level::Problem, about, says.into(), Some(next.into()));
    }

    /// One finding is one line, whatever an error's text holds.
    fn add(&mut self, level: Level, about: &'static str, says: String, next: Option<String>) {
        let line = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.findings.push(Finding {
            level,
            about,
            says: line(says),
            next: next.map(line),
        });
    }
}

/// Looks at everything. `weak` is what the process could not protect itself from; `online` also asks
/// the providers' configured origins and `public_url`.
pub async fn examine(file: Option<&Path>, weak: &[String], online: bool) -> Report {
    let mut report = Report::default();
    machine::process(&mut report, weak);
    let Some(config) = settings::examine(&mut report, file) else {
        return report;
    };
    addresses::examine(&mut report, &config);
    machine::folders(&mut report, &config);
    let ring = keys::examine(&mut report, &config);
    database::examine(&mut report, &config, &ring).await;
    tokens::examine(&mut report, &config).await;
    if online {
        online::examine(&mut report, &config, &ring).await;
    }
    report
}
