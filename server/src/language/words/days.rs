//! Days of the week in Chinese: 星期一, 禮拜一 and 週一 are one word, which dictionaries cut.

/// The day that a character means behind 週.
fn day(c: char) -> Option<char> {
    match c {
        '一' | '二' | '三' | '四' | '五' | '六' | '日' => Some(c),
        '天' => Some('日'),
        _ => None,
    }
}

/// A text with 週一 for 星期一 and 禮拜一.
pub(super) fn with_weeks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("星期").into_iter().chain(rest.find("禮拜")).min() {
        let behind = &rest[at + "星期".len()..];
        out.push_str(&rest[..at]);
        let written = behind.chars().next();
        if let Some((written, day)) = written.and_then(|c| Some((c, day(c)?))) {
            out.extend(['週', day]);
            rest = &behind[written.len_utf8()..];
        } else {
            out.push_str(&rest[at..at + "星期".len()]);
            rest = behind;
        }
    }
    out + rest
}

/// The days that a run of Han characters names.
pub(super) fn named(run: &str) -> impl Iterator<Item = String> + '_ {
    let days = run.split('週').skip(1).filter_map(|behind| behind.chars().next().and_then(day));
    days.map(|day| format!("週{day}"))
}

#[cfg(test)]
mod tests {
    use super::{named, with_weeks};

    #[test]
    fn days_of_the_week() {
        assert_eq!(with_weeks("每星期三和禮拜天，星期幾？"), "每週三和週日，星期幾？");
        assert_eq!(named("每週三和週日休館").collect::<Vec<_>>(), ["週三", "週日"]);
        assert_eq!(named("十週年週記").count(), 0);
    }
}
