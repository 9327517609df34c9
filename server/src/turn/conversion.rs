//! Conversions in flight: segments of the answer on their way into the tone, delivered in order.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Context, Poll};

use super::call::Call;
use super::timeline::SpanId;
use crate::event::Usage;
use crate::llm::LlmError;
use crate::tone::facts::Watch;
use crate::tone::lead::Lead;

/// So many conversions run at once: one is being told while the next is made.
const MAX_IN_FLIGHT: usize = 2;

/// The opener's number; the answer's segments count from 1.
pub(super) const OPENER: u32 = 0;

/// A segment and what has become of it.
pub(super) struct Converting {
    /// From 1; 0 is the opener.
    pub(super) number: u32,
    /// The plain text; empty for the opener.
    pub(super) plain: String,
    /// It speaks of the visitor.
    pub(super) mentions: bool,
    /// Its plain text is sent in place of a conversion.
    pub(super) is_plain: bool,
    /// All of its conversion that has come.
    pub(super) converted: String,
    /// How much of that was sent, in bytes.
    sent: usize,
    /// Some of it was sent.
    pub(super) is_sent: bool,
    /// The fact guard.
    watch: Option<Watch>,
    /// The lead guard, of a segment that goes on.
    lead: Option<Lead>,
    span: Option<SpanId>,
    /// None once the conversion is over.
    call: Option<Call>,
    /// What it has cost and was not yet taken.
    usage: Usage,
}

impl Converting {
    /// A segment whose conversion begins now. `is_watched`: the fact guard looks on.
    pub(super) fn new(number: u32, plain: String, call: Call, span: SpanId, is_watched: bool) -> Self {
        let watch = is_watched.then(|| Watch::over(&plain));
        let lead = Self::lead(number, &plain);
        let unconverted = Self::unconverted(number, plain);
        let (call, span, converted) = (Some(call), Some(span), String::new());
        Self { is_plain: false, watch, lead, call, span, converted, ..unconverted }
    }

    fn lead(number: u32, plain: &str) -> Option<Lead> {
        (number > 1).then(|| Lead::over(plain))
    }

    /// A segment that is sent as it is.
    pub(super) fn unconverted(number: u32, plain: String) -> Self {
        Self {
            number,
            converted: plain.trim().to_owned(),
            plain,
            mentions: false,
            is_plain: true,
            sent: 0,
            is_sent: false,
            watch: None,
            lead: None,
            span: None,
            call: None,
            usage: Usage::default(),
        }
    }

    /// Whether all of it has come.
    pub(super) fn is_whole(&self) -> bool {
        self.call.is_none()
    }

    pub(super) fn span(&self) -> Option<SpanId> {
        self.span
    }

    /// Takes a piece of its conversion.
    pub(super) fn push(&mut self, text: &str) {
        match &mut self.lead {
            Some(lead) => {
                let text = lead.push(text);
                self.add(&text);
            }
            None => self.add(text),
        }
    }

    /// All of its conversion has come.
    pub(super) fn end(&mut self) {
        if let Some(held) = self.lead.take().map(|mut lead| lead.finish()) {
            self.add(&held);
        }
    }

    fn add(&mut self, text: &str) {
        self.converted.push_str(text);
        if let Some(watch) = &mut self.watch {
            watch.push(text);
        }
    }

    /// The facts that its conversion lost; none if nobody looked on.
    pub(super) fn take_missing(&mut self) -> Option<Vec<String>> {
        self.watch.take().map(Watch::finish)
    }

    /// What has come and was not sent; it counts as sent from now on.
    pub(super) fn take_unsent(&mut self) -> String {
        let unsent = self.converted[self.sent..].to_owned();
        self.sent = self.converted.len();
        self.is_sent |= !unsent.is_empty();
        unsent
    }

    /// What was sent of it.
    pub(super) fn sent(&self) -> &str {
        &self.converted[..self.sent]
    }

    /// Begins the conversion again after an error, unless it was tried too often.
    pub(super) fn retry(&mut self, error: &LlmError) -> bool {
        let begun_again = self.call.as_mut().is_some_and(|call| call.retry(error));
        if begun_again {
            self.converted.clear();
            self.watch = self.watch.as_ref().map(|_| Watch::over(&self.plain));
            self.lead = Self::lead(self.number, &self.plain);
        }
        begun_again
    }

    /// Does without a conversion: the plain text is sent, of which an opener has none.
    pub(super) fn give_up(&mut self) {
        self.call = None;
        self.is_plain = true;
        self.plain.trim().clone_into(&mut self.converted);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Progress> {
        let Some(call) = &mut self.call else { return Poll::Pending };
        let progress = call.poll_text(cx).map(|text| match text {
            Some(Ok(text)) => Progress::Text(text),
            Some(Err(error)) => Progress::Failed(error),
            None => Progress::Whole,
        });
        if progress.is_ready() {
            self.usage.add(&call.take_usage());
        }
        if let Poll::Ready(Progress::Whole) = progress {
            self.call = None;
        }
        progress
    }

    /// What it has cost since this was last asked.
    pub(super) fn take_usage(&mut self) -> Usage {
        let mut usage = std::mem::take(&mut self.usage);
        if let Some(call) = &mut self.call {
            usage.add(&call.take_usage());
        }
        usage
    }
}

/// What has become of a conversion.
pub(super) enum Progress {
    /// A piece of text came.
    Text(String),
    /// All of it has come.
    Whole,
    /// It broke.
    Failed(LlmError),
}

/// The segments that are not wholly sent, in order.
#[derive(Default)]
pub(super) struct Conversions {
    queue: VecDeque<Converting>,
    /// How many segments there have been, without the opener.
    begun: u32,
}

impl Conversions {
    /// Whether another conversion may begin.
    pub(super) fn has_room(&self) -> bool {
        self.queue.iter().filter(|converting| !converting.is_whole()).count() < MAX_IN_FLIGHT
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether a segment of the answer was begun.
    pub(super) fn has_begun(&self) -> bool {
        self.begun > 0
    }

    /// The number of the next segment.
    pub(super) fn next_number(&mut self) -> u32 {
        self.begun += 1;
        self.begun
    }

    pub(super) fn push(&mut self, converting: Converting) {
        self.queue.push_back(converting);
    }

    /// The segment whose turn it is to be sent.
    pub(super) fn head(&mut self) -> Option<&mut Converting> {
        self.queue.front_mut()
    }

    pub(super) fn pop(&mut self) -> Option<Converting> {
        self.queue.pop_front()
    }

    /// Whether an opener has said nothing yet while the answer's first segment is ready.
    pub(super) fn is_opener_late(&self) -> bool {
        let mut first_two = self.queue.iter();
        matches!((first_two.next(), first_two.next()),
            (Some(opener), Some(first)) if opener.number == OPENER && opener.converted.is_empty() && first.is_whole())
    }

    /// Forgets the answer's segments: it is begun again. The opener stays.
    pub(super) fn begin_again(&mut self) {
        self.queue.retain(|converting| converting.number == OPENER);
        self.begun = 0;
    }

    /// What happens next in any conversion, and its place in the queue; waits for ever if none runs. May be
    /// dropped and called again at any time.
    pub(super) async fn next(&mut self) -> (usize, Progress) {
        poll_fn(|cx| {
            let polled = self.queue.iter_mut().map(|converting| converting.poll(cx)).enumerate();
            for (at, progress) in polled {
                if let Poll::Ready(progress) = progress {
                    return Poll::Ready((at, progress));
                }
            }
            Poll::Pending
        })
        .await
    }

    pub(super) fn get(&mut self, at: usize) -> &mut Converting {
        &mut self.queue[at]
    }
}
