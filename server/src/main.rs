//! The companion's command line.

use std::{io::Write, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, Subcommand, ValueEnum};
use keyseal_server::{
    auth::{local::Local, token::sign_hs256},
    clock,
    config::{Auth, Config, JwtKey},
    doctor::{self, Report},
    hardening, logging,
    start::Server,
    store::{self, EventQuery, Note, Owner, Realm, Store},
    unwrap::{
        rewrap,
        ring::{self, KeyRing, Step},
    },
};
use tokio::signal::unix::{SignalKind, signal};
use tracing::level_filters::LevelFilter;
use zeroizing_alloc::ZeroAlloc;

/// What is freed is zeroed: no copy of a key outlives its owner.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<std::alloc::System> = ZeroAlloc(std::alloc::System);

type Failure = Box<dyn std::error::Error>;

/// The companion of keyseal: stores sealed keys and forwards requests under them.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves until it is told to stop.
    Serve {
        #[command(flatten)]
        config: ConfigFile,
        /// Adds the built-in provider `demo`, whose keys look like `demo-…` and cost nothing.
        #[arg(long)]
        demo: bool,
        /// The finest events to log.
        #[arg(long, value_enum, default_value = "info")]
        log: Level,
    },
    /// Prints a token to try the API with; in local mode a fresh link.
    Token {
        #[command(flatten)]
        config: ConfigFile,
        /// Whom the token is of.
        #[arg(long, default_value = "test-user")]
        sub: String,
        /// The tier it claims.
        #[arg(long)]
        tier: Option<String>,
        /// How long it is good.
        #[arg(long, default_value_t = 1)]
        hours: u16,
    },
    /// Removes all that is kept of a user: entries, settings, usage and notes of the audit. Let
    /// their tokens end first: with a good one they begin anew.
    Forget {
        #[command(flatten)]
        config: ConfigFile,
        /// The user: `sub` of their tokens.
        #[arg(long)]
        sub: String,
    },
    /// Brings the database's tables up to date.
    Migrate {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Says what is wrong with this installation, before a person finds out otherwise. It changes
    /// nothing and prints no secret; the companion may run meanwhile.
    Doctor {
        #[command(flatten)]
        config: ConfigFile,
        /// Also connects to the configured origins of providers, and to `public_url`.
        #[arg(long)]
        online: bool,
        /// Prints one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// The companion's private keys.
    #[command(subcommand)]
    Keys(Keys),
    /// Prints what was done on the command line, and how the key ring changed; the newest first.
    Audit {
        #[command(flatten)]
        config: ConfigFile,
        /// How many lines.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..))]
        limit: i64,
    },
    /// Moves every entry that is sealed to an older key to the current one. It may be stopped and
    /// given again.
    Rewrap {
        #[command(flatten)]
        config: ConfigFile,
    },
}

#[derive(Subcommand)]
enum Keys {
    /// Makes the first keys in an empty `keys_dir`. `serve` does so by itself at first start; where
    /// keys are stored already, it leaves it to you: new ones open none of them.
    Create {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Lists them, the current one first.
    List {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Makes the announced key current, or a new one where none is announced. The older ones still
    /// open what was sealed to them.
    Rotate {
        #[command(flatten)]
        config: ConfigFile,
        /// Only publishes the next key, which the next `rotate` makes current.
        #[arg(long)]
        announce: bool,
    },
    /// Ends an older key: nothing new is taken under it, and once no entry needs it its file is
    /// removed.
    Retire {
        #[command(flatten)]
        config: ConfigFile,
        /// Takes that back, as long as the file is there: the key is taken again.
        #[arg(long)]
        cancel: bool,
        /// As `keys list` names it.
        #[arg(allow_hyphen_values = true)]
        kid: String,
    },
}

#[derive(clap::Args)]
struct ConfigFile {
    /// The configuration, a TOML file; each value also as KEYSEAL__SECTION__NAME.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigFile {
    fn load(&self) -> Result<Config, Failure> {
        Ok(Config::load(self.config.as_deref())?)
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

impl From<Level> for LevelFilter {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::ERROR,
            Level::Warn => Self::WARN,
            Level::Info => Self::INFO,
            Level::Debug => Self::DEBUG,
        }
    }
}

fn main() -> ExitCode {
    let warnings = hardening::apply();
    let ended = run(Cli::parse().command, &warnings);
    logging::flush();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "keyseal-server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command, warnings: &[String]) -> Result<(), Failure> {
    // Requests have threads of their own: this is for what runs beside them.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    match command {
        Command::Serve { config, demo, log } => {
            logging::start(log.into());
            warnings
                .iter()
                .for_each(|warning| tracing::warn!("{warning}"));
            runtime.block_on(serve(config.load()?, demo))
        }
        Command::Token {
            config,
            sub,
            tier,
            hours,
        } => {
            let config = config.load()?;
            let token = token(&config, &sub, tier.as_deref(), hours)?;
            // Whoever has such a token acts as the user, who can read here that it was made.
            if !config.is_local() {
                let user = Owner::new(Realm::Jwt, sub);
                runtime.block_on(note(&config, &user, &Note::new("operator.token")))?;
            }
            print(&token)
        }
        Command::Forget { config, sub } => runtime.block_on(forget(&config.load()?, sub)),
        Command::Migrate { config } => {
            let config = config.load()?;
            runtime.block_on(store::migrate(&config.database_url))?;
            print("The tables are up to date.")
        }
        Command::Doctor {
            config,
            online,
            json,
        } => {
            let file = config.config.as_deref();
            let report = runtime.block_on(doctor::examine(file, warnings, online));
            tell(&report, json)
        }
        Command::Keys(Keys::Create { config }) => {
            let config = config.load()?;
            KeyRing::open(&config.keys_dir, &config.public_url())?;
            let created = Note::new("keys.create");
            runtime.block_on(note(&config, &Owner::operator(), &created))?;
            keys_list(&config)
        }
        Command::Keys(Keys::List { config }) => keys_list(&config.load()?),
        Command::Audit { config, limit } => runtime.block_on(audit(&config.load()?, limit)),
        Command::Keys(Keys::Rotate { config, announce }) => {
            let config = config.load()?;
            let step = if announce {
                Step::Announce
            } else {
                Step::Rotate
            };
            let kid = ring::rotate(&config.keys_dir, step)?;
            keys_list(&config)?;
            let action = match step {
                Step::Announce => "keys.announce",
                Step::Rotate => "keys.rotate",
            };
            let rotated = Note::new(action).detail(kid);
            runtime.block_on(note(&config, &Owner::operator(), &rotated))
        }
        Command::Keys(Keys::Retire {
            config,
            cancel,
            kid,
        }) => {
            let config = config.load()?;
            if cancel {
                ring::keep(&config.keys_dir, &kid)?;
                print(&format!("{kid}  is taken again"))?;
                let kept = Note::new("keys.keep").detail(kid);
                return runtime.block_on(note(&config, &Owner::operator(), &kept));
            }
            runtime.block_on(retire(&config, &kid))
        }
        Command::Rewrap { config } => runtime.block_on(rewrap(&config.load()?)),
    }
}

/// Where there is a problem, it ends as what failed.
fn tell(report: &Report, json: bool) -> Result<(), Failure> {
    let [problems, warnings] =
        [doctor::Level::Problem, doctor::Level::Warning].map(|level| report.count(level));
    if json {
        let whole = serde_json::json!({
            "findings": report.findings(), "problems": problems, "warnings": warnings,
        });
        print(&whole.to_string())?;
    } else {
        report
            .findings()
            .iter()
            .try_for_each(|finding| print(&finding.to_string()))?;
    }
    match problems {
        0 => Ok(()),
        problems => Err(format!("problems: {problems}, warnings: {warnings}").into()),
    }
}

/// Writes down what was done by hand.
async fn note(config: &Config, owner: &Owner, note: &Note<'_>) -> Result<(), Failure> {
    let store = Store::open(&config.database_url).await?;
    store.note(owner, note, clock::micros()).await?;
    store.close().await;
    Ok(())
}

async fn audit(config: &Config, limit: i64) -> Result<(), Failure> {
    let store = Store::open(&config.database_url).await?;
    let newest = EventQuery {
        limit,
        ..EventQuery::default()
    };
    for event in store.events(&Owner::operator(), &newest).await? {
        let detail = event.detail.unwrap_or_default();
        let line = format!("{}  {}  {detail}", clock::rfc3339(event.at), event.action);
        print(line.trim_end())?;
    }
    store.close().await;
    Ok(())
}

async fn serve(config: Config, demo: bool) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let server = Server::bind(config, demo).await?;
    tracing::info!(address = %server.address(), demo, "listening");
    if server.state().config.is_plain_to_others() {
        tracing::warn!(
            "other machines reach this address by plain http, and tokens with it: put TLS in front, and say https in public_url"
        );
    }
    if let Some(link) = server.link().map_err(|problem| problem.detail)? {
        print(&format!("Open {link}"))?;
    }
    server
        .run(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
        .await?;
    Ok(())
}

fn token(config: &Config, sub: &str, tier: Option<&str>, hours: u16) -> Result<String, Failure> {
    let now = clock::seconds();
    match &config.auth {
        Auth::Local => {
            let local = Local::open_kept(&config.keys_dir)?;
            let code = local.link(now).map_err(|problem| problem.detail)?;
            Ok(format!("Open {}/#link={code}", config.public_url()))
        }
        Auth::Jwt(jwt) => {
            let JwtKey::Hs256(secret) = &jwt.key else {
                return Err(
                    "only the issuer can sign tokens: the companion has public keys".into(),
                );
            };
            let mut claims = serde_json::json!({
                "iss": jwt.issuer, "aud": jwt.audience, "sub": sub,
                "iat": now, "exp": now + i64::from(hours) * 3600,
            });
            if let Some(tier) = tier {
                claims["tier"] = tier.into();
            }
            Ok(sign_hs256(secret.expose(), &claims)?)
        }
    }
}

async fn forget(config: &Config, sub: String) -> Result<(), Failure> {
    let realm = if config.is_local() {
        Realm::Local
    } else {
        Realm::Jwt
    };
    let user = Owner::new(realm, sub);
    let store = Store::open(&config.database_url).await?;
    let revoked = store.revoke_all(&user, clock::micros()).await?;
    if revoked > 0 {
        print(&format!("{revoked} keys are revoked"))?;
        // What runs under them ends, and is counted, before the rows go.
        tokio::time::sleep(FOLLOWED).await;
    }
    let removed = store.forget(&user).await?;
    // Without a name: that would be something kept of them.
    let note = Note::new("operator.forget").detail(format!("{removed} rows"));
    store
        .note(&Owner::operator(), &note, clock::micros())
        .await?;
    store.close().await;
    print(&format!(
        "{removed} rows are removed. Backups still hold them until they expire."
    ))
}

/// Until then every running companion has seen a change of `keys_dir`, and a revoke.
const FOLLOWED: Duration = Duration::from_secs(5);

async fn retire(config: &Config, kid: &str) -> Result<(), Failure> {
    let retirement = ring::retire(&config.keys_dir, kid)?;
    print(&format!("{kid}  nothing new is taken under it"))?;
    tokio::time::sleep(FOLLOWED).await;
    let store = Store::open(&config.database_url).await?;
    let needing = store.needing(kid).await?;
    store.close().await;
    if needing > 0 {
        return Err(format!(
            "{needing} entries are sealed to {kid}, which stays: `keyseal-server rewrap` moves them, \
             then retire it again"
        )
        .into());
    }
    retirement.finish()?;
    print(&format!("{kid}  removed"))?;
    let retired = Note::new("keys.retire").detail(kid);
    note(config, &Owner::operator(), &retired).await
}

async fn rewrap(config: &Config) -> Result<(), Failure> {
    let store = Store::open(&config.database_url).await?;
    let moved = rewrap::rewrap(&config.keys_dir, &store, |done| {
        // Nobody may read it: the entries are moved all the same.
        let _ = print(&format!("{} entries moved so far", done.moved));
    });
    let done = moved.await?;
    let detail = format!("moved {}, lost {}", done.moved, done.lost);
    let note = Note::new("entries.rewrap").detail(detail);
    let operator = Owner::operator();
    store.note(&operator, &note, clock::micros()).await?;
    store.close().await;
    print(&format!(
        "{} entries moved to the current key, {} have to be entered again.",
        done.moved, done.lost
    ))
}

fn keys_list(config: &Config) -> Result<(), Failure> {
    let ring = KeyRing::read(&config.keys_dir)?;
    let published = ring.published();
    let current = ring.current_kid();
    print(&format!(
        "key set {} for {}, good until {}",
        published.seq(),
        published.issuer(),
        clock::rfc3339(published.exp() * 1_000_000)
    ))?;
    print(&format!("identity {}", published.fingerprint()))?;
    print(&format!("trustedIdentity \"{}\"", published.thumbprint()))?;
    let listed = published.keys().iter().filter_map(|key| key.kid.clone());
    let published: Vec<String> = listed.collect();
    for kid in &published {
        let what = if *kid == current {
            "current"
        } else {
            "announced"
        };
        print(&format!("{kid}  {what}"))?;
    }
    for kid in ring.kids().iter().filter(|kid| !published.contains(kid)) {
        let what = if ring.is_retiring(kid) {
            "opens only; nothing new is taken under it"
        } else {
            "opens only"
        };
        print(&format!("{kid}  {what}"))?;
    }
    Ok(())
}

/// Standard output is for people and scripts; the log goes to standard error.
fn print(line: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}
