//! The known tag that an unknown one was probably meant to be.

/// The nearest of `known`, when it is near enough to be worth saying.
pub fn nearest<'a>(tag: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = tag.to_lowercase();
    let (distance, found) = known.map(|k| (distance(&wanted, &k.to_lowercase()), k)).min()?;
    (distance <= 1 + wanted.chars().count() / 4).then_some(found)
}

/// Levenshtein's: letters put in, taken out or changed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(60).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let known = ["NmbItem", "QtyItem", "PrcItem", "MontoItem"];
        for (tag, expect) in [
            ("nmbitem", Some("NmbItem")),
            ("QtItem", Some("QtyItem")),
            ("Cantidad", None),
            ("MntItem", Some("NmbItem")),
            ("", None),
        ] {
            let found = nearest(tag, known.into_iter());
            assert_eq!(found.is_some(), expect.is_some(), "{tag}: {found:?}");
        }
        assert_eq!(nearest("QtItem", known.into_iter()), Some("QtyItem"));
    }
}
