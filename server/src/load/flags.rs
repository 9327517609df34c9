//! The command line of `rapport load`.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::error::LoadError;
use super::plan::{Arrivals, Plan};
use super::questions::Questions;
use super::target::Target;

const AFTER: &str = "Sessions arrive, and questions are due, at times that are fixed before the run; a slow server \
moves none of them. Latencies count from these times. docs/load.md tells what is measured and how to read it.";

/// A flag: name, what stands for its value, default, help.
const FLAGS: [(&str, &str, &str, &str); 16] = [
    ("sessions", "N", "100", "Sessions that arrive, one after the other"),
    ("rate", "R", "5", "Sessions that arrive a second"),
    ("arrivals", "poisson|constant", "poisson", "By chance, as visitors come, or evenly"),
    ("seed", "N", "", "Makes the arrivals repeatable; by default drawn, and told in the report"),
    (
        "think",
        "DURATION",
        "5s",
        "From a session's arrival to its first question, and from each question to the next",
    ),
    ("turns", "N", "", "Questions a session [default: 3, or without end if --duration is given]"),
    ("duration", "DURATION", "", "No session arrives and no question is due later than this"),
    ("idle", "N", "0", "More sessions that connect before the run and only stay"),
    ("questions", "FILE", "", "One question a line, or JSONL with `question` [default: a built-in list]"),
    ("strategy", "NAME", "", "The strategy to ask for [default: the server's]"),
    ("convert_tone", "BOOL", "true", "Ask for replies in the visitor's tone; false: for the plain answers"),
    ("token", "T", "", "A token that the server asks for"),
    ("token_file", "FILE", "", "The same, from a file's first line"),
    (
        "timeout",
        "DURATION",
        "60s",
        "The longest wait for a connection, and for a reply once its question is sent",
    ),
    ("fail_over", "PERCENT", "0", "Fail if more than this share of the questions gets no whole reply"),
    ("json", "FILE", "", "Write the report as JSON; `-`: to standard output, and nothing else there"),
];

/// What the command line asks for.
#[derive(Debug)]
pub struct Order {
    /// The run.
    pub plan: Plan,
    /// Where the JSON goes; `-` for standard output.
    pub json: Option<PathBuf>,
    /// Where the page goes.
    pub html: Option<PathBuf>,
    /// Neither bar nor table.
    pub is_quiet: bool,
}

/// Adds the flags to a command.
pub fn add_flags(command: Command) -> Command {
    let url = Arg::new("url")
        .value_name("URL")
        .default_value("ws://127.0.0.1:5002/ws")
        .help("The server: ws://HOST:PORT/ws, http://HOST:PORT or HOST:PORT; no TLS");
    let command = FLAGS.iter().fold(command.arg(url), |command, &(name, value, default, help)| {
        let help = if default.is_empty() { help.to_owned() } else { format!("{help} [default: {default}]") };
        command.arg(Arg::new(name).long(name.replace('_', "-")).value_name(value).help(help))
    });
    let html = Arg::new("html").long("html").value_name("FILE").help("Write the report as a page with plots");
    let quiet =
        Arg::new("quiet").long("quiet").action(ArgAction::SetTrue).help("No progress bar and no table");
    command.arg(html).arg(quiet).after_help(AFTER)
}

impl Order {
    /// Reads and checks the flags, and the files that they name.
    pub fn read(matches: &ArgMatches) -> Result<Self, LoadError> {
        let flags = Flags(matches);
        let token = flags.token()?;
        let target = Target::parse(flags.text("url").unwrap_or_default(), token.as_deref())?;
        let duration = flags.duration("duration")?;
        let (rate, fail_over) =
            (flags.number("rate", 0.001, 100_000.0)?, flags.number("fail_over", 0.0, 100.0)?);
        let plan = Plan {
            target,
            sessions: flags.number("sessions", 1, 10_000_000)?.unwrap_or(100),
            rate: rate.unwrap_or(5.0),
            arrivals: flags.arrivals()?,
            seed: flags.number("seed", 0, u64::MAX)?.unwrap_or_else(|| fastrand::u64(..1_000_000)),
            think: flags.duration("think")?.unwrap_or(Duration::from_secs(5)),
            turns: flags.number("turns", 1, 1_000_000)?.or(if duration.is_some() { None } else { Some(3) }),
            duration,
            idle: flags.number("idle", 0, 10_000_000)?.unwrap_or(0),
            questions: match flags.text("questions") {
                Some(file) => Questions::read(Path::new(file))?,
                None => Questions::built_in(),
            },
            strategy: flags.text("strategy").map(str::to_owned),
            convert_tone: flags.bool("convert_tone")?.unwrap_or(true),
            timeout: flags.duration("timeout")?.unwrap_or(Duration::from_secs(60)),
            fail_over: fail_over.unwrap_or(0.0),
        };
        if let Some(duration) = plan.duration.filter(|&duration| duration < plan.think) {
            return Err(LoadError::plan(
                format!(
                    "--duration: no question is due within {}: the first one is due {} after its session's arrival",
                    humantime::format_duration(duration),
                    humantime::format_duration(plan.think)
                ),
                "give a longer --duration or a shorter --think",
            ));
        }
        Ok(Self {
            plan,
            json: flags.text("json").map(PathBuf::from),
            html: flags.text("html").map(PathBuf::from),
            is_quiet: matches.get_flag("quiet"),
        })
    }
}

/// The flags given, each read with its type.
struct Flags<'a>(&'a ArgMatches);

impl<'a> Flags<'a> {
    fn text(&self, name: &str) -> Option<&'a str> {
        self.0.get_one::<String>(name).map(String::as_str)
    }

    fn read<T>(
        &self,
        name: &str,
        parse: impl Fn(&str) -> Option<T>,
        what: &str,
        hint: impl Into<String>,
    ) -> Result<Option<T>, LoadError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let wrong = || LoadError::plan(format!("--{}: `{text}` {what}", name.replace('_', "-")), hint.into());
        parse(text.trim()).map(Some).ok_or_else(wrong)
    }

    fn number<T>(&self, name: &str, min: T, max: T) -> Result<Option<T>, LoadError>
    where
        T: FromStr + PartialOrd + std::fmt::Display + Copy,
    {
        let parse = |text: &str| text.parse().ok().filter(|number| (min..=max).contains(number));
        self.read(name, parse, "is out of bounds", format!("write a number from {min} to {max}"))
    }

    /// Above zero.
    fn duration(&self, name: &str) -> Result<Option<Duration>, LoadError> {
        let parse = |text: &str| {
            let duration = match text.parse::<u64>() {
                Ok(millis) => Duration::from_millis(millis),
                Err(_) => humantime::parse_duration(text).ok()?,
            };
            (duration >= Duration::from_millis(1)).then_some(duration)
        };
        let hint = "write 800ms, 30s or 10m, 1ms at least; a bare number is milliseconds";
        self.read(name, parse, "is no duration to work with", hint)
    }

    fn bool(&self, name: &str) -> Result<Option<bool>, LoadError> {
        let parse = |text: &str| match text.to_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(true),
            "false" | "no" | "off" | "0" => Some(false),
            _ => None,
        };
        self.read(name, parse, "is neither true nor false", "write true or false")
    }

    fn arrivals(&self) -> Result<Arrivals, LoadError> {
        let parse = |text: &str| {
            Arrivals::NAMES.iter().find(|(known, _)| *known == text).map(|(_, arrivals)| *arrivals)
        };
        let arrivals = self.read("arrivals", parse, "is unknown", "write poisson or constant")?;
        Ok(arrivals.unwrap_or(Arrivals::Poisson))
    }

    fn token(&self) -> Result<Option<String>, LoadError> {
        let Some(file) = self.text("token_file") else {
            return Ok(self.text("token").map(str::to_owned));
        };
        let hint = "write the token into that file's first line";
        let text = std::fs::read_to_string(file)
            .map_err(|error| LoadError::plan(format!("--token-file: can't read {file}: {error}"), hint))?;
        let token = text.lines().map(str::trim).find(|line| !line.is_empty());
        let token =
            token.ok_or_else(|| LoadError::plan(format!("--token-file: {file} holds no token"), hint))?;
        Ok(Some(token.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(flags: &[&str]) -> Result<Order, LoadError> {
        let command = add_flags(Command::new("load"));
        Order::read(&command.try_get_matches_from([&["load"], flags].concat()).unwrap())
    }

    #[test]
    fn the_defaults_of_the_help_are_those_of_a_plan() {
        let plan = order(&[]).unwrap().plan;
        let told = Plan::new(Target::parse("ws://127.0.0.1:5002/ws", None).unwrap());
        assert_eq!(format!("{:?}", Plan { seed: 1, ..plan }), format!("{told:?}"));
        let help = add_flags(Command::new("load")).render_help().to_string();
        for told in ["[default: 100]", "[default: 5]", "[default: 5s]", "[default: 60s]", "--fail-over"] {
            assert!(help.contains(told), "{told}");
        }
    }

    #[test]
    fn every_flag_is_read() {
        let read = order(&[
            "h:1",
            "--sessions",
            "7",
            "--rate",
            "0.5",
            "--arrivals",
            "constant",
            "--seed",
            "3",
            "--think",
            "800ms",
            "--duration",
            "10m",
            "--idle",
            "9",
            "--strategy",
            "parallel",
            "--convert-tone",
            "no",
            "--timeout",
            "500",
            "--fail-over",
            "2.5",
            "--json",
            "-",
            "--html",
            "a.html",
            "--quiet",
        ]);
        let Order { plan, json, html, is_quiet } = read.unwrap();
        assert_eq!((plan.sessions, plan.rate.to_bits(), plan.seed), (7, 0.5_f64.to_bits(), 3));
        assert_eq!((plan.arrivals, plan.turns, plan.idle), (Arrivals::Constant, None, 9));
        assert_eq!((plan.think, plan.timeout), (Duration::from_millis(800), Duration::from_millis(500)));
        assert_eq!(plan.duration, Some(Duration::from_secs(600)));
        assert_eq!((plan.strategy.as_deref(), plan.convert_tone), (Some("parallel"), false));
        assert_eq!((json, html, is_quiet), (Some("-".into()), Some("a.html".into()), true));
        assert_eq!(order(&["--duration", "1m", "--turns", "4"]).unwrap().plan.turns, Some(4));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_remedy() {
        let check = |flags: &[&str], words: &[&str]| {
            let said = order(flags).unwrap_err().to_string();
            for word in words.iter().chain(&["hint: "]) {
                assert!(said.contains(word), "`{word}` is not in: {said}");
            }
        };
        check(&["--rate", "0"], &["--rate", "`0`", "0.001"]);
        check(&["--rate", "NaN"], &["--rate"]);
        check(&["--sessions", "0"], &["--sessions", "from 1"]);
        check(&["--think", "0"], &["--think", "800ms"]);
        check(&["--think", "soon"], &["--think", "`soon`"]);
        check(&["--arrivals", "burst"], &["--arrivals", "poisson or constant"]);
        check(&["--convert-tone", "maybe"], &["--convert-tone", "true or false"]);
        check(&["--fail-over", "101"], &["--fail-over", "100"]);
        check(&["--duration", "1s"], &["--duration", "5s", "--think"]);
        check(&["--token-file", "/nowhere/token"], &["--token-file", "/nowhere/token"]);
        check(&["--questions", "/nowhere/questions"], &["--questions", "/nowhere/questions"]);
        check(&["wss://h"], &["TLS"]);
    }
}
