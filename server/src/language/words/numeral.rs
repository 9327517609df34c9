//! Numbers written in Chinese: 第十三屆 is found by 13, 二〇二五年 by 2025.

/// The most characters that a written number may have.
const LONGEST: usize = 12;

/// The numbers in a run of Han characters, in digits: those of two characters or more, and those behind 第.
pub(super) fn numbers(run: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut written = Vec::new();
    let mut before = ' ';
    for c in run.chars().chain([' ']) {
        if digit(c).is_some() || unit(c).is_some() {
            written.push(c);
            continue;
        }
        let counted = before == '第' || written.len() > 1;
        if counted && written.len() <= LONGEST && written.iter().any(|&c| digit(c).is_some() || c == '十') {
            found.extend(value(&written).map(|value| value.to_string()));
        }
        written.clear();
        before = c;
    }
    found
}

fn digit(c: char) -> Option<u64> {
    match c {
        '零' | '〇' => Some(0),
        '一' => Some(1),
        '二' | '兩' => Some(2),
        '三' => Some(3),
        '四' => Some(4),
        '五' => Some(5),
        '六' => Some(6),
        '七' => Some(7),
        '八' => Some(8),
        '九' => Some(9),
        _ => None,
    }
}

fn unit(c: char) -> Option<u64> {
    match c {
        '十' => Some(10),
        '百' => Some(100),
        '千' => Some(1_000),
        '萬' => Some(10_000),
        '億' => Some(100_000_000),
        _ => None,
    }
}

/// What a written number is worth.
fn value(written: &[char]) -> Option<u64> {
    if written.iter().all(|&c| digit(c).is_some()) {
        return written
            .iter()
            .filter_map(|&c| digit(c))
            .try_fold(0_u64, |sum, d| sum.checked_mul(10)?.checked_add(d));
    }
    let (mut total, mut section, mut last) = (0_u64, 0_u64, None);
    for &c in written {
        if let Some(d) = digit(c) {
            last = Some(d);
            continue;
        }
        let unit = unit(c)?;
        if unit >= 10_000 {
            // 億 raises what stands before it, 萬 only what stands between it and an 億.
            let part = section.checked_add(last.take().unwrap_or(0))?;
            let (raised, kept) = if unit > 10_000 { (total.checked_add(part)?, 0) } else { (part, total) };
            total = raised.checked_mul(unit)?.checked_add(kept)?;
            section = 0;
        } else {
            section = section.checked_add(last.take().unwrap_or(1).checked_mul(unit)?)?;
        }
    }
    total.checked_add(section)?.checked_add(last.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn written_numbers() {
        for (run, expect) in [
            ("第十三屆", &["13"][..]),
            ("第一屆", &["1"]),
            ("二〇二五年", &["2025"]),
            ("一百二十人", &["120"]),
            ("三萬件", &["30000"]),
            ("六千位", &["6000"]),
            ("一億兩千萬", &["120000000"]),
            ("一樓", &[]),
            ("第", &[]),
            ("千萬不要", &[]),
            ("億億億億億億億億億億億億", &[]),
            ("九億億億億億億億億億億億", &[]),
            ("九九九九九九九九九九九九九九九九九九九九九九九九九", &[]),
        ] {
            assert_eq!(numbers(run), expect, "{run}");
        }
    }
}
