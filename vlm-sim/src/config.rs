//! Every knob of the simulator, and what is refused.

use std::fmt;
use std::time::Duration;

use crate::pool::Pool;

/// What `answer` says unless told otherwise: 5 sentences of 12 words each, a comma after each one's 5th word, so that
/// a reader knows where a clause and where a sentence ends without looking.
pub(crate) const ANSWER: &str = "For those who enter here, the tall glass tower always comes first. \
    Behind its quiet blue panels, patient engineers tested sensors for many years. \
    When the first trial ended, every instrument had kept its steady rhythm. \
    Thanks to these careful methods, small workshops now build much better tools. \
    If you have another question, please ask and we will look together.";

/// How the simulator behaves. [`Config::default`] is a healthy service that takes 800 ms.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// How long a description takes.
    pub latency: Duration,
    /// A description takes `latency` plus or minus up to this much, evenly spread and never below zero.
    pub jitter: Duration,
    /// The share (0 to 1) of description calls that fail with status 500.
    pub error_rate: f64,
    /// The share (0 to 1) of description calls that are never answered.
    pub hang_rate: f64,
    /// The share (0 to 1) of description calls that are answered with rubbish, each kind of it in turn.
    pub garbage_rate: f64,
    /// All chance comes from here: the same seed and the same calls give the same descriptions, faults and delays.
    pub seed: u64,
    /// The visitors who come by.
    pub pool: Pool,
    /// A session keeps its visitor.
    pub sticky: bool,
    /// How many calls (descriptions and chats together) are worked on at once; the others wait their turn. A call that
    /// hangs keeps its place until its client leaves.
    pub capacity: Option<usize>,
    /// All delays, of descriptions and of chats, are multiplied by this (above 0).
    pub slowdown: f64,
    /// The share (0 to 1) of calls, descriptions and chats, whose delays are ten times as long.
    pub straggler_rate: f64,
    /// The bearer token to ask for on every route but `/health` and `/stats`.
    pub token: Option<String>,
    /// What the chat models of the role `answer` say.
    pub answer: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            latency: Duration::from_millis(800),
            jitter: Duration::ZERO,
            error_rate: 0.0,
            hang_rate: 0.0,
            garbage_rate: 0.0,
            seed: 0,
            pool: Pool::builtin(),
            sticky: false,
            capacity: None,
            slowdown: 1.0,
            straggler_rate: 0.0,
            token: None,
            answer: ANSWER.to_owned(),
        }
    }
}

impl Config {
    /// Refuses what cannot be meant. [`crate::Simulator::new`] calls it.
    pub fn validate(&self) -> Result<(), InvalidConfig> {
        let rates = [
            ("error-rate", self.error_rate),
            ("hang-rate", self.hang_rate),
            ("garbage-rate", self.garbage_rate),
            ("straggler-rate", self.straggler_rate),
        ];
        if let Some((name, value)) = rates.into_iter().find(|(_, rate)| !(0.0..=1.0).contains(rate)) {
            return Err(InvalidConfig::Rate { name, value });
        }
        let sum = self.error_rate + self.hang_rate + self.garbage_rate;
        // 0.1 + 0.2 + 0.7 is a little more than 1 in binary.
        if sum > 1.0 + 1e-9 {
            return Err(InvalidConfig::RateSum(sum));
        }
        if !(self.slowdown > 0.0 && self.slowdown.is_finite()) {
            return Err(InvalidConfig::Slowdown(self.slowdown));
        }
        if self.capacity == Some(0) {
            return Err(InvalidConfig::Capacity);
        }
        if self.token.as_deref().is_some_and(|token| token.trim().is_empty()) {
            return Err(InvalidConfig::Token);
        }
        if self.answer.trim().is_empty() {
            return Err(InvalidConfig::Answer);
        }
        Ok(())
    }
}

/// Why a [`Config`] is refused. Displays one sentence; [`InvalidConfig::hint`] says what to do.
#[derive(Clone, Debug, PartialEq)]
pub enum InvalidConfig {
    /// A rate outside 0 to 1.
    Rate {
        /// The knob, as it is written as a flag, without its dashes.
        name: &'static str,
        /// What it was set to.
        value: f64,
    },
    /// The rates of the three faults add up to more than 1.
    RateSum(f64),
    /// A slowdown that is not above 0.
    Slowdown(f64),
    /// A capacity of 0 would answer nobody.
    Capacity,
    /// An empty token.
    Token,
    /// An answer without a word.
    Answer,
}

impl InvalidConfig {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Rate { .. } => "a rate is a share of the calls, from 0 (none) to 1 (all)",
            Self::RateSum(_) => "a call has at most one fault: lower one of the three rates",
            Self::Slowdown(_) => "2 takes twice as long, 0.5 half as long, 1 changes nothing",
            Self::Capacity => {
                "give the number of calls to work on at once, or leave --capacity out for no limit"
            }
            Self::Token => {
                "give the token that clients send, or leave --require-token out to let everybody in"
            }
            Self::Answer => "put the text that the `answer` models should say into the file",
        }
    }
}

impl fmt::Display for InvalidConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rate { name, value } => write!(f, "--{name} is {value}, which is not between 0 and 1"),
            Self::RateSum(sum) => {
                write!(
                    f,
                    "--error-rate, --hang-rate and --garbage-rate add up to {sum:.3}, which is more than 1"
                )
            }
            Self::Slowdown(value) => write!(f, "--slowdown is {value}, which is not a number above 0"),
            Self::Capacity => f.write_str("--capacity is 0, so that no call would ever be answered"),
            Self::Token => f.write_str("--require-token is empty"),
            Self::Answer => f.write_str("the text of --answer is empty"),
        }
    }
}

impl std::error::Error for InvalidConfig {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knobs_out_of_range_are_refused_by_name() {
        let check = |change: fn(&mut Config), expect: &str| {
            let mut config = Config::default();
            change(&mut config);
            let told = config.validate().err().map(|e| e.to_string()).unwrap_or_default();
            assert!(told.contains(expect), "{told:?} does not tell {expect:?}");
        };
        check(|_| (), "");
        check(|c| c.error_rate = -0.1, "--error-rate is -0.1");
        check(|c| c.hang_rate = 1.5, "--hang-rate is 1.5");
        check(|c| c.straggler_rate = f64::NAN, "--straggler-rate is NaN");
        check(|c| (c.error_rate, c.hang_rate) = (0.6, 0.5), "add up to 1.100");
        check(|c| c.slowdown = 0.0, "--slowdown is 0");
        check(|c| c.slowdown = f64::INFINITY, "--slowdown is inf");
        check(|c| c.capacity = Some(0), "--capacity is 0");
        check(|c| c.token = Some(" ".into()), "--require-token");
        check(|c| c.answer = "\n".into(), "--answer");
    }

    #[test]
    fn rates_that_add_up_to_one_are_fine() {
        let config = Config { error_rate: 0.1, hang_rate: 0.2, garbage_rate: 0.7, ..Config::default() };
        assert_eq!(config.validate(), Ok(()));
    }

    #[test]
    fn the_answer_has_five_sentences_of_twelve_words_with_a_comma_after_the_fifth() {
        let words: Vec<&str> = ANSWER.split(' ').collect();
        assert_eq!(words.len(), 60);
        for sentence in words.chunks(12) {
            let commas: Vec<usize> = (0..12).filter(|&i| sentence[i].ends_with(',')).collect();
            let stops: Vec<usize> = (0..12).filter(|&i| sentence[i].ends_with('.')).collect();
            assert_eq!((commas, stops), (vec![4], vec![11]), "{sentence:?}");
        }
    }
}
