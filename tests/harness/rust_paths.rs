//! Finds the paths in a Rust source text. No parser: it knows comments, literals, groups of `use`
//! and modules of unit tests, which is what it takes to see what a module depends on. Paths that
//! a macro makes up it cannot see.

/// One token of Rust, as far as paths need it; comments and literals are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Word(String),
    PathSeparator,
    Other(char),
}

/// What marks a module of unit tests.
const TEST_MARK: [&str; 8] = ["#", "[", "cfg", "(", "test", ")", "]", "mod"];

/// The tokens of a source text without its modules of unit tests, which may do more than the
/// module that they test.
pub(crate) fn tokens_without_tests(source: &str) -> Vec<(usize, Token)> {
    let mut rest = tokens(source).into_iter();
    let mut kept: Vec<(usize, Token)> = Vec::new();
    while let Some(token) = rest.next() {
        kept.push(token);
        if !ends_with_test_mark(&kept) {
            continue;
        }
        kept.truncate(kept.len() - TEST_MARK.len());
        let mut depth = 0;
        for (_, token) in rest.by_ref() {
            match token {
                Token::Other('{') => depth += 1,
                Token::Other('}') => depth -= 1,
                // A module in a file of its own.
                Token::Other(';') if depth == 0 => break,
                _ => continue,
            }
            if depth == 0 {
                break;
            }
        }
    }
    kept
}

fn ends_with_test_mark(tokens: &[(usize, Token)]) -> bool {
    let matches = |(token, mark): (&(usize, Token), &str)| match &token.1 {
        Token::Word(word) => word == mark,
        Token::Other(c) => mark.chars().eq([*c]),
        Token::PathSeparator => false,
    };
    tokens.len() >= TEST_MARK.len()
        && tokens[tokens.len() - TEST_MARK.len()..]
            .iter()
            .zip(TEST_MARK)
            .all(matches)
}

/// The tokens of a source text, each with its line.
fn tokens(source: &str) -> Vec<(usize, Token)> {
    let chars: Vec<char> = source.chars().collect();
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let end = token_end(&chars, at);
        let text: String = chars[at..end].iter().collect();
        let first = chars[at];
        if is_word(first) && !text.contains('"') {
            found.push((line, Token::Word(text.trim_start_matches("r#").to_owned())));
        } else if text == "::" {
            found.push((line, Token::PathSeparator));
        } else if end == at + 1 && !first.is_whitespace() {
            found.push((line, Token::Other(first)));
        }
        line += chars[at..end].iter().filter(|c| **c == '\n').count();
        at = end;
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where the token, comment or literal that begins here ends.
fn token_end(chars: &[char], at: usize) -> usize {
    let rest = &chars[at..];
    let starts = |text: &str| {
        text.chars()
            .enumerate()
            .all(|(i, c)| rest.get(i) == Some(&c))
    };
    if starts("//") {
        return at + rest.iter().position(|c| *c == '\n').unwrap_or(rest.len());
    }
    if starts("/*") {
        return at + comment_length(rest);
    }
    if starts("::") {
        return at + 2;
    }
    if rest[0] == '"' {
        return at + string_length(rest);
    }
    if rest[0] == '\'' {
        return at + quoted_length(rest);
    }
    if !is_word(rest[0]) {
        return at + 1;
    }
    let word = rest.iter().position(|c| !is_word(*c)).unwrap_or(rest.len());
    let hashes = rest[word..].iter().take_while(|c| **c == '#').count();
    let prefix: String = rest[..word].iter().collect();
    if matches!(prefix.as_str(), "r" | "br" | "cr") && rest.get(word + hashes) == Some(&'"') {
        return at + word + hashes + 1 + raw_string_length(&rest[word + hashes + 1..], hashes);
    }
    if prefix == "r" && hashes == 1 {
        let name = rest[word + 1..].iter().take_while(|c| is_word(**c)).count();
        return at + word + 1 + name;
    }
    at + word
}

/// Block comments nest.
fn comment_length(rest: &[char]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at + 1 < rest.len() {
        match (rest[at], rest[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn string_length(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The rest of a raw string, which ends with a quote and as many hashes as it began with.
fn raw_string_length(rest: &[char], hashes: usize) -> usize {
    let closing = |at: &usize| {
        rest[*at] == '"'
            && rest[at + 1..]
                .iter()
                .take(hashes)
                .filter(|c| **c == '#')
                .count()
                == hashes
    };
    (0..rest.len())
        .find(closing)
        .map_or(rest.len(), |at| at + 1 + hashes)
}

/// A character literal, or the mere quote of a lifetime.
fn quoted_length(rest: &[char]) -> usize {
    match rest {
        ['\'', '\\', _, tail @ ..] => {
            3 + tail
                .iter()
                .position(|c| *c == '\'')
                .map_or(tail.len(), |end| end + 1)
        }
        ['\'', _, '\'', ..] => 3,
        _ => 1,
    }
}

/// Words that stand before a path and are none.
const KEYWORDS: [&str; 16] = [
    "as", "const", "dyn", "else", "for", "if", "impl", "in", "let", "match", "move", "pub", "ref",
    "return", "static", "use",
];

/// Every path of a source text, with its line; a group `a::{b, c::d}` is several. `super` and
/// `self` are resolved against the module that the text is. Unit tests are left out.
pub(crate) fn paths(source: &str, module: &[String]) -> Vec<(usize, Vec<String>)> {
    let tokens = tokens_without_tests(source);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        at = match tokens[at].1 {
            Token::Word(ref word) if !KEYWORDS.contains(&word.as_str()) => {
                read_path(&tokens, at, &[], &mut found)
            }
            _ => at + 1,
        };
    }
    for (_, path) in &mut found {
        *path = resolved(path, module);
    }
    found
}

/// Reads the path at a word, or each path of a group, behind `prefix`; returns where it ends.
fn read_path(
    tokens: &[(usize, Token)],
    mut at: usize,
    prefix: &[String],
    found: &mut Vec<(usize, Vec<String>)>,
) -> usize {
    let mut path = prefix.to_vec();
    let line = tokens[at].0;
    loop {
        match tokens.get(at).map(|(_, token)| token) {
            Some(Token::Word(word)) => {
                path.push(word.clone());
                at += 1;
            }
            Some(Token::Other('{')) if path.len() > prefix.len() || !prefix.is_empty() => {
                return read_group(tokens, at + 1, &path, found);
            }
            _ => break,
        }
        match tokens.get(at).map(|(_, token)| token) {
            Some(Token::PathSeparator) => at += 1,
            _ => break,
        }
    }
    found.push((line, path));
    at
}

fn read_group(
    tokens: &[(usize, Token)],
    mut at: usize,
    prefix: &[String],
    found: &mut Vec<(usize, Vec<String>)>,
) -> usize {
    loop {
        at = match tokens.get(at).map(|(_, token)| token) {
            None => return at,
            Some(Token::Other('}')) => return at + 1,
            Some(Token::Word(_)) => read_path(tokens, at, prefix, found),
            Some(_) => at + 1,
        };
    }
}

/// A path from the root of its crate. Modules within a file are not tracked: a `super` in one
/// leads to at least where it really does, or to the parent of that.
fn resolved(path: &[String], module: &[String]) -> Vec<String> {
    let supers = path
        .iter()
        .take_while(|segment| *segment == "super")
        .count();
    let selfs = usize::from(path.first().is_some_and(|segment| segment == "self"));
    if supers + selfs == 0 {
        return path.to_vec();
    }
    let kept = module.len().saturating_sub(supers);
    let start = std::iter::once("crate".to_owned()).chain(module[..kept].iter().cloned());
    start
        .chain(path[supers + selfs..].iter().cloned())
        .collect()
}
