//! Patterns. What each matches was asked of Python's `fnmatch.fnmatchcase`.

use proptest::prelude::*;

use super::super::glob::Glob;
use super::*;

fn matches(pattern: &str, text: &str) -> bool {
    Glob::new(pattern).unwrap().matches(text)
}

/// The same by going back, for patterns without brackets.
fn matches_slowly(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        (['*', pattern @ ..], _) if matches_slowly(pattern, text) => true,
        (['*', ..], [_, text @ ..]) => matches_slowly(pattern, text),
        (['?', pattern @ ..], [_, text @ ..]) => matches_slowly(pattern, text),
        ([a, pattern @ ..], [b, text @ ..]) => a == b && matches_slowly(pattern, text),
        _ => false,
    }
}

proptest! {
    #[test]
    fn stars_and_question_marks(pattern in "[ab?*é]{0,10}", text in "[abé\n]{0,10}") {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        let expected = matches_slowly(&chars(&pattern), &chars(&text));
        prop_assert_eq!(matches(&pattern, &text), expected);
    }

    #[test]
    fn any_pattern_is_one(pattern in ".{0,60}", text in ".{0,60}") {
        let glob = Glob::new(&pattern).unwrap();
        if glob.matches(&text) {
            prop_assert!(text.starts_with(glob.prefix()));
        }
    }
}

#[test]
fn a_hostile_pattern_costs_no_more_than_another() {
    // Going back, this would take longer than the universe has.
    let pattern = format!("{}b", "a*".repeat(127));
    assert!(!matches(&pattern, &"a".repeat(KEY_BYTES_MAX)));
    let text = "a".repeat(KEY_BYTES_MAX - 1) + "b";
    assert!(matches(&pattern, &text));
    // Every word of bits is used, and each hands on to the next.
    let longest = "?".repeat(PATTERN_BYTES_MAX);
    assert!(matches(&longest, &"é".repeat(PATTERN_BYTES_MAX)));
    assert!(!matches(&longest, &"é".repeat(PATTERN_BYTES_MAX - 1)));
    assert!(!matches(&longest, &"é".repeat(PATTERN_BYTES_MAX + 1)));
}

#[test]
fn a_prefix_ends_where_the_pattern_leaves_a_choice() {
    for (pattern, prefix) in [
        ("user:*", "user:"),
        ("user", "user"),
        ("*", ""),
        ("us[e]r?", "user"),
        ("us[er]", "us"),
        ("us[!e]", "us"),
        ("us[", "us["),
        ("us*er", "us"),
    ] {
        assert_eq!(Glob::new(pattern).unwrap().prefix(), prefix, "{pattern}");
    }
}

/// Each pattern with those of the characters that it matches.
#[test]
fn brackets_mean_what_they_mean_to_python() {
    const CHARACTERS: &str = r"!-]^[\abcdé";
    for (pattern, expected) in [
        (r"[abc]", r"abc"),
        (r"[!abc]", r"!-]^[\dé"),
        (r"[a-c]", r"abc"),
        (r"[!a-c]", r"!-]^[\dé"),
        (r"[]]", r"]"),
        (r"[!]]", r"!-^[\abcdé"),
        (r"[]a]", r"]a"),
        (r"[]-a]", r"]^a"),
        (r"[!]a-c]", r"!-^[\dé"),
        (r"[a-]", r"-a"),
        (r"[-a]", r"-a"),
        (r"[!-a]", r"!]^[\bcdé"),
        (r"[!-]", r"!]^[\abcdé"),
        (r"[-]", r"-"),
        (r"[--]", r"-"),
        (r"[---]", r"-"),
        (r"[--c]", r"-]^[\abc"),
        (r"[a-c-d]", r"-abcd"),
        (r"[a-c--]", r"-abc"),
        (r"[a-cd-é]", r"abcdé"),
        (r"[c-a]", r""),
        (r"[!c-a]", r"!-]^[\abcdé"),
        (r"[c-ab]", r"b"),
        (r"[!c-ab]", r"!-]^[\acdé"),
        (r"[ac-bd]", r"ad"),
        (r"[c-a!d]", r"!-]^[\abcé"),
        (r"[!c-a!d]", r"-]^[\abcé"),
        (r"[c-a!-c]", r"!]^[\abdé"),
        (r"[c-a]b]", r""),
        (r"[^a]", r"^a"),
        (r"[a^]", r"^a"),
        (r"[^]", r"^"),
        (r"[[a]", r"[a"),
        (r"[[]", r"["),
        (r"[[-]]", r""),
        (r"[\]", r"\"),
        (r"[\]]", r""),
        (r"[a\-c]", r"]^\abc"),
        (r"[!]", r""),
        (r"[]", r""),
        (r"[", r"["),
        (r"[a", r""),
        (r"[!!]", r"-]^[\abcdé"),
        (r"[!!-a]", r"bcdé"),
        (r"[a!]", r"!a"),
        (r"[!a-]", r"!]^[\bcdé"),
        (r"[a-b-c-d]", r"-abcd"),
        (r"[d-ab-c]", r"bc"),
        (r"[d-cc-a]", r""),
        (r"[b-ac-a]", r""),
        (r"[!b-ac-d]", r"!-]^[\abé"),
        (r"[a-a]", r"a"),
        (r"[-c-a]", r"-"),
        (r"[!-c-a]", r"!]^[\abcdé"),
        (r"[&&~|a]", r"a"),
        (r"[!--a]", r"!bcdé"),
    ] {
        let characters = CHARACTERS.chars();
        let matched = characters.filter(|c| matches(pattern, &c.to_string()));
        assert_eq!(matched.collect::<String>(), expected, "{pattern}");
    }
}

#[test]
fn brackets_stand_among_other_characters() {
    for (pattern, text) in [
        (r"x[ab]y", r"xby"),
        (r"[ab][!ab]", r"ac"),
        (r"*[0-9]", r"key 7"),
        (r"[[]*[]]", r"[é]"),
        (r"[", r"["),
        (r"a[", r"a["),
        (r"[!", r"[!"),
        (r"[]", r"[]"),
        (r"[!]", r"[!]"),
        (r"x[a", r"x[a"),
        (r"a.b+c$", r"a.b+c$"),
        (r"É[à-ü]", r"Éé"),
    ] {
        assert!(matches(pattern, text), "{pattern} {text}");
        assert!(!matches(pattern, &format!("{text} ")), "{pattern} {text}");
    }
}
