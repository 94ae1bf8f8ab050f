//! Inputs as tills write them, whole and broken.

use super::*;

/// `línea clave cuerpo` of each entry, or `línea !código lugar`.
fn told(text: &str) -> Vec<String> {
    Sales::new(text.as_bytes())
        .map(|entry| {
            let Entry { line, offer } = entry.unwrap();
            match offer {
                Ok(Offer { key, body }) => {
                    let body = String::from_utf8_lossy(&body).replace('\n', "");
                    format!("{line} {} {body}", key.unwrap_or("-".to_owned()))
                }
                Err(refusal) => format!("{line} !{} {}", refusal.code, refusal.path),
            }
        })
        .collect()
}

#[track_caller]
fn check(text: &str, expect: &[&str]) {
    assert_eq!(told(text), expect, "{text}");
}

#[test]
fn one_object_may_spread_over_lines() {
    check(
        "\n{\n\"Encabezado\": {},\n\"Detalle\": [\n{\"NmbItem\": \"a\"}\n]}\n",
        &[r#"2 - {"Encabezado": {},"Detalle": [{"NmbItem": "a"}]}"#],
    );
    check("{\"a\":1}", &[r#"1 - {"a":1}"#]);
}

#[test]
fn one_a_line_with_keys_and_blank_lines() {
    check(
        "{\"key\":\"k1\",\"sale\":{\"a\":1}}\n\n{\"key\": 7, \"sale\": {\"a\": 1.10}}\r\n{\"a\":3}",
        &[r#"1 k1 {"a":1}"#, r#"3 7 {"a": 1.10}"#, r#"4 - {"a":3}"#],
    );
}

#[test]
fn an_array_in_any_layout() {
    check(r#"[{"a":1},{"key":"k","sale":{"b":[1,2]}}]"#, &[r#"1 - {"a":1}"#, r#"1 k {"b":[1,2]}"#]);
    check(
        "[\n  {\n  \"a\": \"]}\"\n  },\n  {\"a\": 2}\n]\n",
        &["2 - {  \"a\": \"]}\"  }", r#"5 - {"a": 2}"#],
    );
    check("[]", &[]);
    check("[3, \"x\"]", &["1 - 3", "1 - \"x\""]);
}

#[test]
fn a_bad_line_names_itself_and_the_others_go_on() {
    check(
        "{\"a\":1}\n{\"a\":}\n{\"a\":3}\n",
        &[r#"1 - {"a":1}"#, "2 !json-malformed línea 2, columna 6", r#"3 - {"a":3}"#],
    );
    check(
        "{\"a\":1}\n{\"a\":\n{\"a\":3}\n",
        &[r#"1 - {"a":1}"#, "2 !json-malformed línea 2, columna 5", r#"3 - {"a":3}"#],
    );
    check(
        "{\"a\":1} {\"a\":2}\n{\"Encabezado\":{}}\n",
        &["1 !json-malformed línea 1, columna 9", r#"2 - {"Encabezado":{}}"#],
    );
}

#[test]
fn a_first_line_that_was_cut_short_does_not_swallow_the_rest() {
    let first = "{\"key\":\"a\",\"sale\":{\"Enc\n";
    let rest = "{\"key\":\"b\",\"sale\":{}}\n{\"key\":\"c\",\"sale\":{}}\n";
    let lines = told(&format!("{first}{rest}"));
    assert!(lines[0].starts_with("1 !json-malformed"), "{lines:?}");
    assert_eq!(&lines[1..], [r#"2 b {}"#, r#"3 c {}"#]);

    let lines = told(&format!("{{\"key\":\"a\",\"sale\":\n{rest}"));
    assert!(lines[0].starts_with("1 !json-malformed"), "{lines:?}");
    assert!(lines.contains(&"3 c {}".to_owned()), "{lines:?}");
}

#[test]
fn a_broken_spread_sale_is_told_once() {
    check(
        "{\n  Encabezado: {\n  \"b\": 1\n  },\n  \"c\": [\n  {\"d\": 1}\n ]\n}\n",
        &["1 !json-malformed línea 2, columna 3"],
    );
}

#[test]
fn an_array_with_a_broken_element_goes_on() {
    check(
        "[\n{\"a\":1},\n{\"a\":},\n{\"a\":3}\n]",
        &[r#"2 - {"a":1}"#, "3 !json-malformed línea 3, columna 6", r#"4 - {"a":3}"#],
    );
    let cut = told("[{\"a\":1},\n{\"a\":2}\n");
    assert_eq!(&cut[..2], [r#"1 - {"a":1}"#, r#"2 - {"a":2}"#]);
    assert_eq!(cut[2], "2 !json-malformed línea 2");
}

#[test]
fn the_inside_of_a_broken_wrapper_is_never_issued_without_its_key() {
    let inside = "{\"Encabezado\":{}}";
    for broken in [
        "{\"key\":\"k1\" \"sale\":\n",
        "{\"key\":\"k1\",,\n\"sale\":\n",
        "{\"key\":\"k1\",,\n",
        "{\"key\":\"k1\",\"sale\"\n",
        "{\"key\":\"k1\"},\"sale\":\n",
        "{key: \"k1\", sale:\n",
        "{\n\"key\": \"k1\n\",\n\"sale\":\n",
        "{\"dte\" {\n",
        "{\"key\":\"k0\",\"sale\":{}}\n{\"key\":\"k1\",\"sale\":\n",
        "[\n{\"key\":\"k1\"},\"sale\":\n",
        "[\n{\"key\":\"k1\n\",\"sale\":\n",
    ] {
        let lines = told(&format!("{broken}{inside}\n}}\n"));
        assert!(lines.iter().any(|line| line.contains("!json-malformed")), "{broken}: {lines:?}");
        assert!(lines.iter().any(|line| line.contains("!sale-after-damage")), "{broken}: {lines:?}");
        assert!(!lines.iter().any(|line| line.contains("- {\"Encabezado")), "{broken}: {lines:?}");
    }
}

#[test]
fn after_a_broken_wrapper_only_whole_ones_go_on_until_one_has() {
    check(
        "{\"key\":\"a\",,\n{\"Encabezado\":{}}\n{\"key\":\"b\",\"sale\":{}}\n{\"Encabezado\":{}}\n",
        &[
            "1 !json-malformed línea 1, columna 12",
            "2 !sale-after-damage línea 2",
            "3 b {}",
            r#"4 - {"Encabezado":{}}"#,
        ],
    );
    check(
        "[{\"key\":\"a\",,\"sale\":{}},\n{\"Encabezado\":{}},\n{\"key\":\"b\",\"sale\":{}},\n{\"Encabezado\":{}}]",
        &[
            "1 !json-malformed línea 1, columna 12",
            "2 !sale-after-damage línea 2",
            "3 b {}",
            r#"4 - {"Encabezado":{}}"#,
        ],
    );
    // A bare sale that was broken had no key to lose.
    check(
        "{\"Encabezado\":,}\n{\"Encabezado\":{}}\n",
        &["1 !json-malformed línea 1, columna 15", r#"2 - {"Encabezado":{}}"#],
    );
}

#[test]
fn a_sale_over_several_lines_after_a_broken_one_is_not_passed_over_in_silence() {
    check(
        "{\"Detalle\":,}\n{\n \"Encabezado\": {}\n}\n",
        &["1 !json-malformed línea 1, columna 12", "3 !json-malformed línea 3"],
    );
}

#[test]
fn wrong_encodings_are_named() {
    let latin: Vec<_> = Sales::new(&b"{\"a\":1}\n{\"a\":\"\xd1\"}\n"[..]).map(Result::unwrap).collect();
    assert!(latin[1].offer.as_ref().unwrap_err().message.contains("UTF-8"));
    let wide: Vec<_> = Sales::new(&b"\xff\xfe{\x00"[..]).map(Result::unwrap).collect();
    assert!(wide[0].offer.as_ref().unwrap_err().message.contains("UTF-16"));
    check("\u{feff}{\"a\":1}", &[r#"1 - {"a":1}"#]);
}

#[test]
fn a_wrapper_holds_a_key_and_a_sale_only() {
    check(r#"{"key":"k","sale":{},"otro":1}"#, &["1 !field-unknown línea 1: otro"]);
    check(r#"{"key":[1],"sale":{}}"#, &["1 !key-invalid línea 1: key"]);
    check(r#"{"key":null,"sale":{}}"#, &["1 - {}"]);
}

/// The last of two would win in silence: a sale under another's key, or another sale than was meant.
#[test]
fn a_wrapper_that_says_a_member_twice_is_refused() {
    check(r#"{"key":"a","key":"b","sale":{}}"#, &["1 !json-duplicate-key línea 1: key"]);
    check(r#"{"sale":{"a":1},"key":"a","sale":{"a":2}}"#, &["1 !json-duplicate-key línea 1: sale"]);
    check(r#"{"key":"a","k\u0065y":"b","sale":{}}"#, &["1 !json-duplicate-key línea 1: key"]);
    // What is no wrapper is the agent's to refuse.
    check(r#"{"a":1,"a":2}"#, &[r#"1 - {"a":1,"a":2}"#]);
}

#[test]
fn a_key_that_comes_in_a_text_is_read_as_one_that_comes_by_http() {
    check(r#"{"key":" k\u00a0\n","sale":{}}"#, &["1 k {}"]);
    check(r#"{"key":"k\u0000","sale":{}}"#, &["1 !key-invalid línea 1: key"]);
    check(r#"{"key":"","sale":{}}"#, &["1 !key-invalid línea 1: key"]);
}

#[test]
fn lines_are_handed_on_before_the_input_ends() {
    struct Tap(Vec<&'static [u8]>);
    impl io::Read for Tap {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            assert!(!self.0.is_empty(), "asked for more than it needed");
            let next = self.0.remove(0);
            to[..next.len()].copy_from_slice(next);
            Ok(next.len())
        }
    }
    let mut sales = Sales::new(io::BufReader::new(Tap(vec![b"{\"a\":1}\n", b"{\"a\"", b":2}\n"])));
    assert_eq!(sales.next().unwrap().unwrap().line, 1);
    assert_eq!(sales.next().unwrap().unwrap().line, 2);
}
