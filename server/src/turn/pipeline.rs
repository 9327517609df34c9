//! The pipeline: segments of the answer become conversions, and what they bring is sent in order.

use super::call::Call;
use super::conversion::{Converting, OPENER, Progress};
use super::view::View;
use super::{FactGuard, Turn};
use crate::event::Stage;
use crate::language::Lang;
use crate::llm::LlmError;
use crate::tone::{Conversion, builtin};

impl Turn<'_> {
    /// Whether the answer is converted in one piece: it is there at once, or is framed by rule.
    fn is_whole(&self) -> bool {
        self.engine.converter.is_builtin() || !self.is_model_asked
    }

    /// Whether the answer's first segment can be handed out: a clause is enough, unless it sounds like a refusal.
    /// Whether it is one, or "I'm not sure about the year, but it is old", only the whole answer tells.
    pub(super) fn is_segment_ready(&mut self) -> bool {
        if self.is_whole() || !self.segments.gather_early() {
            return self.segments.is_ended();
        }
        self.segments.is_ended() || builtin::has_content(self.segments.gathered())
    }

    /// Whether there is to be an opener: words about the visitor, which need no answer. A refusal gets none.
    pub(super) fn may_open(&self, view: &View) -> bool {
        let is_worth_it = if self.segments.has_gathered() {
            builtin::has_content(&self.reply.answer)
        } else {
            self.is_model_asked
        };
        view.mention.is_some() && is_worth_it && !self.engine.converter.is_builtin()
    }

    /// Begins the opener, if there is to be one.
    pub(super) fn open(&mut self, view: &View) {
        if self.may_open(view) {
            self.begin_conversion(view, OPENER, String::new(), view.mention.as_deref());
        }
    }

    /// Begins as many conversions as there is text and room for.
    pub(super) fn convert_more(&mut self, view: &View) {
        let is_builtin = self.engine.converter.is_builtin();
        while self.conversions.has_room() {
            let is_silent = !self.conversions.has_begun() && self.conversions.is_empty();
            // While nothing is being said, a clause is enough.
            if (self.is_whole() || is_silent) && !self.is_segment_ready() {
                return;
            }
            let Some(plain) = self.segments.take() else { return };
            let number = self.conversions.next_number();
            // A frame begins with the mention; a model has said it in the opener.
            let mention = view.mention.as_deref().filter(|_| is_builtin && builtin::has_content(&plain));
            self.begin_conversion(view, number, plain, mention);
        }
    }

    /// Converts the whole answer as one segment.
    pub(super) async fn convert_whole(&mut self, view: View) -> Result<(), LlmError> {
        let view = self.fix(view);
        let plain = self.reply.answer.clone();
        let mention = view.mention.as_deref().filter(|_| builtin::has_content(&plain));
        let number = self.conversions.next_number();
        self.begin_conversion(&view, number, plain, mention);
        while !self.conversions.is_empty() {
            let (at, progress) = self.conversions.next().await;
            self.take_conversion(at, progress)?;
        }
        Ok(())
    }

    /// What is asked of the converter for a segment.
    pub(super) fn conversion<'c>(
        &'c self,
        view: &'c View,
        number: u32,
        plain: &'c str,
        mention: Option<&'c str>,
    ) -> Conversion<'c> {
        Conversion {
            text: (number != OPENER).then(|| plain.trim()),
            // Who goes on with an answer isn't asked again: small models would greet once more.
            question: (number == 1).then_some(&*self.request.message.text),
            mention,
            description: &view.description,
            tone: view.selection.tone,
            lang: self.lang,
        }
    }

    fn begin_conversion(&mut self, view: &View, number: u32, plain: String, mention: Option<&str>) {
        if self.is_converter_down {
            self.conversions.push(Converting::unconverted(number, plain));
            self.deliver();
            return;
        }
        let generation = self.engine.converter.convert(&self.conversion(view, number, &plain, mention));
        let call = Call::begin(generation, self.lang);
        let span = self.timeline.open(Stage::Convert, Some(number));
        let is_watched = self.engine.knobs.fact_guard != FactGuard::Off && number != OPENER;
        let mut converting = Converting::new(number, plain, call, span, is_watched);
        converting.mentions = mention.is_some();
        self.reply.usage.add(&converting.take_usage());
        self.conversions.push(converting);
    }

    /// Takes what a conversion brings, and sends what may be sent; an error ends the turn.
    pub(super) fn take_conversion(&mut self, at: usize, progress: Progress) -> Result<(), LlmError> {
        let is_strict = self.engine.knobs.fact_guard.holds();
        let converting = self.conversions.get(at);
        self.reply.usage.add(&converting.take_usage());
        match progress {
            Progress::Text(text) => converting.push(&text),
            Progress::Whole => {
                converting.end();
                if let Some(span) = converting.span() {
                    self.timeline.close(span);
                }
                if let Some(missing) = converting.take_missing() {
                    if is_strict && !missing.is_empty() {
                        converting.give_up();
                        self.reply.degrade(Some("convert"));
                    }
                    self.reply.miss(missing);
                }
            }
            Progress::Failed(error) if converting.is_sent => return Err(error),
            Progress::Failed(error) if converting.retry(&error) => {
                self.reply.usage.add(&converting.take_usage());
                tracing::warn!(%error, "conversion is tried again");
            }
            Progress::Failed(error) => {
                tracing::warn!(%error, "a conversion is done without");
                if let Some(span) = converting.span() {
                    self.timeline.close(span);
                }
                // An opener is simply left out.
                if converting.number != OPENER {
                    self.reply.degrade(Some("convert"));
                    self.is_converter_down |= self.reply.tone.is_none();
                }
                converting.give_up();
            }
        }
        self.deliver();
        Ok(())
    }

    /// Sends, in order, what may be sent.
    fn deliver(&mut self) {
        let is_strict = self.engine.knobs.fact_guard.holds();
        if self.conversions.is_opener_late() {
            self.conversions.pop();
        }
        while let Some(head) = self.conversions.head() {
            if head.is_whole() || !is_strict {
                let mut text = head.take_unsent();
                let (is_opener, mentions, is_plain) = (head.number == OPENER, head.mentions, head.is_plain);
                if !text.is_empty() {
                    if !is_plain {
                        self.tell_tone(mentions);
                    }
                    self.reply.has_answer |= !is_opener;
                    text.insert_str(0, &std::mem::take(&mut self.gap));
                    self.send(text);
                }
            }
            if !self.conversions.head().is_some_and(|head| head.is_whole()) {
                return;
            }
            if let Some(told) = self.conversions.pop() {
                self.gap = gap_behind(&told, self.lang);
                self.reply.told.push_str(&told.plain);
            }
        }
    }
}

/// What stands between a segment and the next one: as in the plain text, else as the language has it.
fn gap_behind(told: &Converting, lang: Lang) -> String {
    let plain = &told.plain[told.plain.trim_end().len()..];
    match (plain, lang) {
        _ if !told.is_sent => String::new(),
        ("", Lang::En) => " ".to_owned(),
        (plain, _) => plain.to_owned(),
    }
}
