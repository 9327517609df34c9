//! Flags into a configuration. What is wrong with them is told in one sentence and a hint.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Command};
use vlm_sim::{Config, Pool};

/// No delay is longer: what is meant as forever is `--hang-rate`.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What to run.
#[derive(Debug)]
pub(crate) struct Run {
    /// `HOST:PORT`.
    pub(crate) listen: String,
    pub(crate) config: Config,
}

/// Why there is nothing to run.
#[derive(Debug)]
pub(crate) enum Exit {
    /// Help or version was asked for: this text.
    Asked(String),
    Bad(Failure),
}

/// One sentence on what is wrong, one on what to do.
#[derive(Debug)]
pub(crate) struct Failure {
    sentence: String,
    hint: String,
}

impl Failure {
    pub(crate) fn new(sentence: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), hint: hint.into() }
    }

    /// Tells the user, and gives back the exit code.
    pub(crate) fn tell(&self, code: u8) -> ExitCode {
        eprintln!("error: {}\nhint: {}", self.sentence, self.hint);
        ExitCode::from(code)
    }
}

/// Reads the command line, program name first, and the files it names.
pub(crate) fn read(args: impl IntoIterator<Item = OsString>) -> Result<Run, Exit> {
    let matches = command().try_get_matches_from(args).map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Asked(error.to_string()),
        _ => Exit::Bad(misused(&error)),
    })?;
    let run = configure(&matches).map_err(Exit::Bad)?;
    run.config.validate().map_err(|refused| Exit::Bad(Failure::new(refused.to_string(), refused.hint())))?;
    Ok(run)
}

fn command() -> Command {
    let value = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help).allow_negative_numbers(true)
    };
    Command::new("vlm-sim")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Simulates the description service and OpenAI-compatible chat models.")
        .after_help("A duration has a unit (800ms, 30s); a bare number is milliseconds.")
        .arg(value(
            "listen",
            "HOST:PORT",
            "Where to listen; port 0 takes a free one [default: 127.0.0.1:5003]",
        ))
        .arg(value("latency", "DURATION", "How long a description takes [default: 800ms]"))
        .arg(value("jitter", "DURATION", "Up to how much longer or shorter it takes [default: 0]"))
        .arg(value(
            "error-rate",
            "0..1",
            "The share of description calls that fail with status 500 [default: 0]",
        ))
        .arg(value(
            "hang-rate",
            "0..1",
            "The share of description calls that are never answered [default: 0]",
        ))
        .arg(value(
            "garbage-rate",
            "0..1",
            "The share of description calls answered with rubbish [default: 0]",
        ))
        .arg(value(
            "seed",
            "N",
            "Where all chance comes from: same seed, same calls, same replies [default: 0]",
        ))
        .arg(value(
            "pool",
            "FILE",
            "Descriptions, one a line, or JSONL with `description` [default: built-in]",
        ))
        .arg(Arg::new("sticky").long("sticky").action(ArgAction::SetTrue).help("A session keeps its visitor"))
        .arg(value("capacity", "N", "How many calls are worked on at once; more wait [default: no limit]"))
        .arg(value("slowdown", "X", "What all delays are multiplied by [default: 1]"))
        .arg(value("straggler-rate", "0..1", "The share of calls that take ten times as long [default: 0]"))
        .arg(value(
            "require-token",
            "TOKEN",
            "Ask for `Authorization: Bearer TOKEN`, but not on /health and /stats",
        ))
        .arg(value("answer", "FILE", "What the `answer` models say [default: 5 sentences of 12 words]"))
}

fn configure(matches: &ArgMatches) -> Result<Run, Failure> {
    let given = |name: &str| matches.get_one::<String>(name).map(String::as_str);
    let mut config = Config { sticky: matches.get_flag("sticky"), ..Config::default() };
    for (name, knob) in [("latency", &mut config.latency), ("jitter", &mut config.jitter)] {
        if let Some(text) = given(name) {
            *knob = duration(name, text)?;
        }
    }
    for (name, knob) in [
        ("error-rate", &mut config.error_rate),
        ("hang-rate", &mut config.hang_rate),
        ("garbage-rate", &mut config.garbage_rate),
        ("straggler-rate", &mut config.straggler_rate),
        ("slowdown", &mut config.slowdown),
    ] {
        if let Some(text) = given(name) {
            *knob = number(name, text, "a number", "write it like 0.25")?;
        }
    }
    if let Some(text) = given("seed") {
        config.seed = number("seed", text, "a whole number from 0", "write it like 42")?;
    }
    if let Some(text) = given("capacity") {
        config.capacity = Some(number("capacity", text, "a whole number from 1", "write it like 4")?);
    }
    if let Some(path) = given("pool") {
        config.pool =
            Pool::read(Path::new(path)).map_err(|error| Failure::new(error.to_string(), error.hint()))?;
    }
    if let Some(path) = given("answer") {
        config.answer = std::fs::read_to_string(path).map_err(|error| {
            Failure::new(
                format!("the answer {path} cannot be read: {error}"),
                "give --answer a UTF-8 text file",
            )
        })?;
        config.answer.truncate(config.answer.trim_end().len());
    }
    config.token = given("require-token").map(str::to_owned);
    Ok(Run { listen: address(given("listen").unwrap_or("127.0.0.1:5003"))?, config })
}

/// `HOST:PORT`, the host as a name or an address; the rest shows when it is bound.
fn address(text: &str) -> Result<String, Failure> {
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(text.to_owned()),
        _ => Err(Failure::new(
            format!("--listen is `{text}`, which is not HOST:PORT"),
            "write it like 127.0.0.1:5003",
        )),
    }
}

/// A duration with a unit, or a bare number of milliseconds.
fn duration(name: &str, text: &str) -> Result<Duration, Failure> {
    let bare = text.parse::<f64>().ok().and_then(|ms| Duration::try_from_secs_f64(ms / 1000.0).ok());
    let read = bare.or_else(|| humantime::parse_duration(text).ok()).filter(|duration| *duration <= LONGEST);
    read.ok_or_else(|| {
        Failure::new(
            format!("--{name} is `{text}`, which is not a duration of at most 24h"),
            "write it with a unit, like 800ms or 30s; a bare number is milliseconds",
        )
    })
}

fn number<T: FromStr>(name: &str, text: &str, kind: &str, hint: &str) -> Result<T, Failure> {
    text.trim().parse().map_err(|_| Failure::new(format!("--{name} is `{text}`, which is not {kind}"), hint))
}

/// What the command line library found, in our form.
fn misused(error: &clap::Error) -> Failure {
    let told = error.to_string();
    let sentence = told.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let hint = match error.get(ContextKind::SuggestedArg) {
        Some(ContextValue::String(flag)) => format!("did you mean {flag}?"),
        _ => "`vlm-sim --help` lists all flags".to_owned(),
    };
    Failure::new(sentence, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(args: &[&str]) -> Result<Run, Exit> {
        read(std::iter::once("vlm-sim").chain(args.iter().copied()).map(OsString::from))
    }

    #[test]
    fn flags_set_the_knobs() {
        let Run { listen, config } = run(&[]).unwrap();
        assert_eq!((listen.as_str(), config), ("127.0.0.1:5003", Config::default()));

        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let (pool, answer) = (file("pool", "a man\n"), file("answer", "It is so.\n"));
        let flags = format!(
            "--listen localhost:0 --latency 1s --jitter 250 --error-rate .1 --hang-rate 0.2 --garbage-rate 0.3 \
             --seed 7 --pool {pool} --sticky --capacity 3 --slowdown 2 --straggler-rate 0.5 --require-token T \
             --answer {answer}"
        );
        let Run { listen, config } = run(&flags.split_whitespace().collect::<Vec<_>>()).unwrap();
        assert_eq!(listen, "localhost:0");
        let expect = Config {
            latency: Duration::from_secs(1),
            jitter: Duration::from_millis(250),
            error_rate: 0.1,
            hang_rate: 0.2,
            garbage_rate: 0.3,
            seed: 7,
            pool: Pool::parse("a man").unwrap(),
            sticky: true,
            capacity: Some(3),
            slowdown: 2.0,
            straggler_rate: 0.5,
            token: Some("T".into()),
            answer: "It is so.".into(),
        };
        assert_eq!(config, expect);
    }

    #[test]
    fn bad_flags_are_told_with_a_hint() {
        let check = |args: &[&str], sentence: &str, hint: &str| match run(args) {
            Err(Exit::Bad(failure)) => {
                assert!(failure.sentence.contains(sentence), "{failure:?}");
                assert!(failure.hint.contains(hint), "{failure:?}");
                assert!(!failure.sentence.contains('\n') && !failure.hint.contains('\n'), "{failure:?}");
            }
            other => panic!("{args:?} gave {other:?}"),
        };
        check(&["--latency", "soon"], "--latency is `soon`", "800ms");
        check(&["--latency", "-5"], "--latency is `-5`", "800ms");
        check(&["--jitter", "9999h"], "--jitter is `9999h`", "800ms");
        check(&["--latency", "nan"], "--latency is `nan`", "800ms");
        check(&["--error-rate", "often"], "--error-rate is `often`", "0.25");
        check(&["--error-rate", "1.5"], "--error-rate is 1.5", "from 0 (none) to 1 (all)");
        check(&["--hang-rate", "-1"], "--hang-rate is -1", "from 0 (none) to 1 (all)");
        check(&["--error-rate", "0.6", "--garbage-rate", "0.6"], "add up to 1.2", "lower one");
        check(&["--seed", "x"], "--seed is `x`", "42");
        check(&["--capacity", "0"], "--capacity is 0", "leave --capacity out");
        check(&["--slowdown", "0"], "--slowdown is 0", "twice");
        check(&["--listen", "5003"], "--listen is `5003`", "127.0.0.1:5003");
        check(&["--listen", "localhost:99999"], "not HOST:PORT", "127.0.0.1:5003");
        check(&["--pool", "/no/such/pool"], "/no/such/pool cannot be read", "readable file");
        check(&["--answer", "/no/such/answer"], "/no/such/answer cannot be read", "UTF-8");
        check(&["--latncy", "5"], "unexpected argument '--latncy'", "did you mean --latency?");
        check(&["--latency"], "--latency", "--help");
        check(&["banana"], "unexpected argument 'banana'", "--help");
        check(&["--seed", "1", "--seed", "2"], "cannot be used multiple times", "--help");
    }

    #[test]
    fn help_lists_every_flag() {
        let Err(Exit::Asked(help)) = run(&["--help"]) else { panic!("no help") };
        for flag in command().get_arguments().filter_map(|arg| arg.get_long()) {
            assert!(help.contains(&format!("--{flag}")), "{flag} is not in the help");
        }
    }
}
