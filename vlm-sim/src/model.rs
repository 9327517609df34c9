//! What the name of a simulated chat model means.

use std::fmt;
use std::str::FromStr;

/// What a model does with the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Says the configured answer.
    Answer,
    /// Echoes what stands between `<text>` and `</text>`.
    Convert,
    /// Answers with the label of a tone.
    Select,
    /// Echoes the question.
    Rewrite,
    /// Describes a visitor of the pool.
    Describe,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 5] = [Self::Answer, Self::Convert, Self::Select, Self::Rewrite, Self::Describe];

    /// The role as it stands in a model's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Convert => "convert",
            Self::Select => "select",
            Self::Rewrite => "rewrite",
            Self::Describe => "describe",
        }
    }
}

/// What goes wrong with every call of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection is dropped after this many tokens.
    Cut(usize),
    /// After this many tokens nothing more comes, until the client leaves.
    Stall(usize),
    /// What comes is not JSON.
    Garbage,
    /// Refused at once with this status (400 to 599).
    Status(u16),
}

/// A simulated chat model: `sim[-ROLE][-ttftMS][-tpsN][-FAULT]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    /// Without a role the messages decide: an image is described, a `<text>` converted, all else answered.
    pub role: Option<Role>,
    /// Time to first token: milliseconds from the request's arrival until the tokens start to flow.
    pub ttft: Option<f64>,
    /// Tokens a second; 0 sends all at once.
    pub tps: Option<f64>,
    /// What goes wrong.
    pub fault: Option<Fault>,
}

/// No simulated model has that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownModel;

impl fmt::Display for UnknownModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "simulated models are named sim-ROLE-ttftMS-tpsN, e.g. sim-answer-ttft300-tps50; ROLE is answer, convert, \
             select, rewrite or describe, and -cutN, -stallN, -garbage or -status503 may follow",
        )
    }
}

impl std::error::Error for UnknownModel {}

impl FromStr for Model {
    type Err = UnknownModel;

    fn from_str(name: &str) -> Result<Self, UnknownModel> {
        let mut parts = name.split('-').peekable();
        if parts.next() != Some("sim") {
            return Err(UnknownModel);
        }
        let role = next_as(&mut parts, |part| Role::ALL.into_iter().find(|role| role.name() == part));
        let ttft = next_as(&mut parts, |part| decimal(part.strip_prefix("ttft")?));
        let tps = next_as(&mut parts, |part| decimal(part.strip_prefix("tps")?));
        let fault = next_as(&mut parts, fault);
        // Whatever was not understood is still there.
        if parts.next().is_some() { Err(UnknownModel) } else { Ok(Self { role, ttft, tps, fault }) }
    }
}

/// Takes the next part of a name if it can be read as what is looked for.
fn next_as<'a, T>(
    parts: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>,
    read: impl Fn(&'a str) -> Option<T>,
) -> Option<T> {
    let read = read(parts.peek()?)?;
    parts.next();
    Some(read)
}

fn fault(part: &str) -> Option<Fault> {
    if part == "garbage" {
        return Some(Fault::Garbage);
    }
    let digits = part.trim_start_matches(|c: char| !c.is_ascii_digit());
    let number = || if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None };
    match &part[..part.len() - digits.len()] {
        "cut" => number().map(Fault::Cut),
        "stall" => number().map(Fault::Stall),
        "status" => number()
            .and_then(|status| u16::try_from(status).ok())
            .filter(|status| (400..=599).contains(status))
            .map(Fault::Status),
        _ => None,
    }
}

/// Digits with at most one point: `f64` would also read `inf`, `1e9` and `+5`.
fn decimal(text: &str) -> Option<f64> {
    let plain = text.starts_with(|c: char| c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || c == '.');
    if plain { text.parse().ok().filter(|number: &f64| number.is_finite()) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read() {
        let check = |name: &str, role, ttft, tps, fault| {
            assert_eq!(name.parse(), Ok(Model { role, ttft, tps, fault }), "{name}");
        };
        check("sim", None, None, None, None);
        check("sim-ttft300-tps50", None, Some(300.0), Some(50.0), None);
        check("sim-answer-ttft300-tps50", Some(Role::Answer), Some(300.0), Some(50.0), None);
        check("sim-convert-ttft0.5-tps12.5", Some(Role::Convert), Some(0.5), Some(12.5), None);
        check("sim-select-ttft0-tps0-cut3", Some(Role::Select), Some(0.0), Some(0.0), Some(Fault::Cut(3)));
        check(
            "sim-rewrite-ttft1-tps1-stall0",
            Some(Role::Rewrite),
            Some(1.0),
            Some(1.0),
            Some(Fault::Stall(0)),
        );
        check("sim-describe-garbage", Some(Role::Describe), None, None, Some(Fault::Garbage));
        check("sim-ttft1-tps1-status503", None, Some(1.0), Some(1.0), Some(Fault::Status(503)));
        check("sim-tps5", None, None, Some(5.0), None);
    }

    #[test]
    fn other_names_are_unknown() {
        for name in [
            "",
            "gpt-4o",
            "simulator",
            "sim-",
            "sim-poet-ttft1-tps1",
            "sim-answer-ttft-tps1",
            "sim-ttftinf",
            "sim-ttft1e3",
            "sim-ttft+5",
            "sim-ttft-5",
            "sim-ttft1.",
            "sim-ttft1.2.3",
            "sim-tps5-ttft3",
            "sim-cut",
            "sim-cut1.5",
            "sim-cut1x2",
            "sim-status200",
            "sim-status600",
            "sim-cut1-cut2",
            "sim-stall99999999999999999999",
            "SIM",
            "sim-答",
        ] {
            assert_eq!(name.parse::<Model>(), Err(UnknownModel), "{name:?}");
        }
    }
}
