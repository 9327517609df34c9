//! Where a key's value comes from: flags, then the environment, then the file, then the default.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use clap::ArgMatches;

use super::keys::{self, KEYS, Kind};

/// Values as they were written, and where.
#[derive(Debug, Default)]
pub(crate) struct Layers {
    values: HashMap<&'static str, Written>,
}

#[derive(Debug, Clone)]
struct Written {
    origin: String,
    values: Vec<String>,
}

/// What is wrong with a key, or with all of them together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// What happened: names the flag, variable or entry, and its value.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl ConfigError {
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nhint: {}", self.message, self.hint)
    }
}

impl std::error::Error for ConfigError {}

impl Layers {
    /// Adds the flags given.
    pub(crate) fn add_flags(&mut self, matches: &ArgMatches) {
        for key in KEYS {
            // A key that this command doesn't take is simply not there.
            if matches.try_contains_id(key.name).unwrap_or(false)
                && matches.value_source(key.name) == Some(clap::parser::ValueSource::CommandLine)
            {
                let values = match key.kind {
                    Kind::Switch => vec![matches.get_flag(key.name).to_string()],
                    _ => matches.get_many::<String>(key.name).into_iter().flatten().cloned().collect(),
                };
                self.add(key.name, format!("--{}", key.flag()), values);
            }
        }
    }

    /// Adds the `RAPPORT_*` variables; repeatable ones are separated by commas.
    pub(crate) fn add_environment(&mut self, variable: impl Fn(&str) -> Option<String>) {
        for key in KEYS {
            let name = key.variable();
            // An empty variable is one that was not meant to be set.
            if let Some(value) = variable(&name).filter(|value| !value.is_empty()) {
                let values = if key.is_repeatable() {
                    value.split(',').map(|value| value.trim().to_owned()).collect()
                } else {
                    vec![value]
                };
                self.add(key.name, name, values);
            }
        }
    }

    /// Adds a file's entries.
    pub(crate) fn add_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let name = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| {
            ConfigError::new(
                format!("can't read {name}: {error}"),
                "check --config and the file's permissions",
            )
        })?;
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            ConfigError::new(
                format!("{name} is not TOML: {}", error.message()),
                "write one `key = value` a line",
            )
        })?;
        for (entry, value) in table {
            let Some(key) = keys::find(&entry) else {
                return Err(ConfigError::new(
                    format!("{name}: there is no key `{entry}`"),
                    "`rapport config show` lists all keys",
                ));
            };
            let values = match value {
                toml::Value::Array(values) if key.is_repeatable() => values.iter().map(scalar).collect(),
                value => scalar(&value).map(|value| vec![value]),
            };
            let values = values.ok_or_else(|| {
                ConfigError::new(
                    format!("{name}: `{entry}` is a list or table"),
                    format!("write {entry} = \"{}\"", key.value),
                )
            })?;
            self.add(key.name, format!("{name}: {entry}"), values);
        }
        Ok(())
    }

    fn add(&mut self, name: &'static str, origin: String, values: Vec<String>) {
        // The first layer that names a key wins.
        self.values.entry(name).or_insert(Written { origin, values });
    }

    fn written(&self, name: &'static str) -> Written {
        let by_default = || {
            let default = keys::find(name).map_or("", |key| key.default);
            let values = if default.is_empty() { Vec::new() } else { vec![default.to_owned()] };
            Written { origin: "default".into(), values }
        };
        self.values.get(name).cloned().unwrap_or_else(by_default)
    }

    /// Each key, its values as written and where, for people.
    pub(crate) fn show(&self) -> Vec<(&'static str, Vec<String>, String)> {
        let of_key = |key: &keys::Key| {
            let Written { origin, values } = self.written(key.name);
            let is_secret = key.kind == Kind::Secret;
            let shown = |value: &String| if is_secret { "***".to_owned() } else { shown(value) };
            (key.name, values.iter().map(shown).collect(), origin)
        };
        KEYS.iter().map(of_key).collect()
    }

    /// All values of a repeatable key.
    pub(crate) fn all(&self, name: &'static str) -> Vec<String> {
        self.written(name).values
    }

    /// A key's value as text.
    pub(crate) fn text(&self, name: &'static str) -> Option<String> {
        self.written(name).values.into_iter().last()
    }

    /// An error about a key, naming where its value came from.
    pub(crate) fn wrong(&self, name: &'static str, what: &str, hint: impl Into<String>) -> ConfigError {
        let Written { origin, values } = self.written(name);
        let values: Vec<_> = values.iter().map(|value| shown(value)).collect();
        ConfigError::new(format!("{origin}: `{}` {what}", values.join(",")), hint)
    }

    fn parsed<T>(
        &self,
        name: &'static str,
        parse: impl Fn(&str) -> Option<T>,
        what: &str,
        hint: &str,
    ) -> Result<T, ConfigError> {
        let text = self.text(name).unwrap_or_default();
        parse(text.trim()).ok_or_else(|| self.wrong(name, what, hint))
    }

    /// A duration with a unit; a bare number is milliseconds.
    pub(crate) fn duration(&self, name: &'static str) -> Result<Duration, ConfigError> {
        const HINT: &str = "write 800ms, 30s or 10m; a bare number is milliseconds";
        self.parsed(name, parse_duration, "is no duration", HINT)
    }

    /// A duration above zero.
    pub(crate) fn positive(&self, name: &'static str) -> Result<Duration, ConfigError> {
        let duration = self.duration(name)?;
        if duration.is_zero() {
            return Err(self.wrong(name, "leaves no time at all", "write 1ms or more"));
        }
        Ok(duration)
    }

    /// A size of at least `min` bytes.
    pub(crate) fn size(&self, name: &'static str, min: usize) -> Result<usize, ConfigError> {
        const HINT: &str = "write 64KiB or 2MiB; a bare number is bytes";
        let parse = |text: &str| usize::try_from(text.parse::<bytesize::ByteSize>().ok()?.0).ok();
        let size = self.parsed(name, parse, "is no size", HINT)?;
        if size < min {
            return Err(self.wrong(name, "is too little to work with", format!("write {min} bytes or more")));
        }
        Ok(size)
    }

    /// A number within bounds.
    pub(crate) fn number<T>(&self, name: &'static str, min: T, max: T) -> Result<T, ConfigError>
    where
        T: FromStr + PartialOrd + fmt::Display + Copy,
    {
        let parse = |text: &str| text.parse().ok().filter(|number| (min..=max).contains(number));
        self.parsed(name, parse, "is out of bounds", &format!("write a number from {min} to {max}"))
    }

    /// True or false.
    pub(crate) fn bool(&self, name: &'static str) -> Result<bool, ConfigError> {
        let parse = |text: &str| match text.to_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(true),
            "false" | "no" | "off" | "0" => Some(false),
            _ => None,
        };
        self.parsed(name, parse, "is neither true nor false", "write true or false")
    }

    /// One of a few names.
    pub(crate) fn choice<T: Copy>(&self, name: &'static str, known: &[(&str, T)]) -> Result<T, ConfigError> {
        let parse = |text: &str| known.iter().find(|(known, _)| *known == text).map(|(_, value)| *value);
        let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
        self.parsed(name, parse, "is unknown", &format!("write one of {}", names.join(", ")))
    }
}

fn scalar(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Float(number) => Some(number.to_string()),
        toml::Value::Boolean(value) => Some(value.to_string()),
        _ => None,
    }
}

fn parse_duration(text: &str) -> Option<Duration> {
    match text.parse::<u64>() {
        Ok(millis) => Some(Duration::from_millis(millis)),
        Err(_) => humantime::parse_duration(text).ok(),
    }
}

/// A value as people may see it: a URL without its password, also where it is no URL quite.
fn shown(value: &str) -> String {
    let Some((scheme, rest)) = value.split_once("://") else { return value.to_owned() };
    if let Some((path, query)) = rest.split_once('?')
        && query.contains("pass=")
    {
        return format!("{scheme}://{path}?***"); // of a store behind a socket
    }
    // A password that is not percent-encoded looks like a path or a port; one without a colon like a name.
    if scheme.starts_with("redis")
        && let Some((_, host)) = rest.rsplit_once('@')
    {
        return format!("{scheme}://***@{host}");
    }
    match reqwest::Url::parse(value) {
        Ok(mut url) => {
            let is_secret = url.password().is_some() && url.set_password(Some("***")).is_ok();
            if is_secret { url.into() } else { value.to_owned() }
        }
        Err(_) => match rest.rsplit_once('@') {
            Some((_, host)) => format!("{scheme}://***@{host}"),
            None => value.to_owned(),
        },
    }
}
