//! A chain of words: which word follows two others, and how often, in a text that it has learnt.
//!
//! It is the smallest thing that can be called a language model. It knows nothing of calls.

use std::collections::HashMap;

/// A word's place in the vocabulary.
type Word = usize;

/// What was learnt from a text.
pub(crate) struct Chain {
    words: Vec<String>,
    by_text: HashMap<String, Word>,
    /// What followed two words, as often as it did.
    after_two: HashMap<(Word, Word), Vec<Word>>,
    /// What followed one, for pairs that the text does not have.
    after_one: HashMap<Word, Vec<Word>>,
    /// The text's last word. The first one follows it, so every word has a successor.
    last: Word,
}

impl Chain {
    /// Learns a text. A text without any word is learnt as a full stop.
    pub(crate) fn learn(text: &str) -> Chain {
        let mut chain = Chain {
            words: Vec::new(),
            by_text: HashMap::new(),
            after_two: HashMap::new(),
            after_one: HashMap::new(),
            last: 0,
        };
        let mut read: Vec<Word> = split(text).map(|word| chain.number(word)).collect();
        if read.is_empty() {
            read.push(chain.number("."));
        }
        let count = read.len();
        let at = |place: usize| read[place % count];
        for place in 0..count {
            let (two, one, word) = (at(place), at(place + 1), at(place + 2));
            chain.after_two.entry((two, one)).or_default().push(word);
            chain.after_one.entry(one).or_default().push(word);
        }
        chain.last = at(count - 1);
        chain
    }

    fn number(&mut self, word: &str) -> Word {
        if let Some(known) = self.by_text.get(word) {
            return *known;
        }
        let new = self.words.len();
        self.words.push(word.to_owned());
        self.by_text.insert(word.to_owned(), new);
        new
    }

    /// How many different words it knows.
    pub(crate) fn vocabulary(&self) -> usize {
        self.words.len()
    }

    /// The words that follow a prompt, without end; each begins with a space, unless it is
    /// punctuation. What follows an unknown word is what follows the end of the text: its beginning.
    pub(crate) fn words_after(&self, prompt: &str, seed: u64) -> impl Iterator<Item = String> {
        let mut random = fastrand::Rng::with_seed(seed);
        let (mut two, mut one) = self.end_of(prompt);
        std::iter::from_fn(move || {
            let after_two = two.and_then(|two| self.after_two.get(&(two, one)));
            let followers = after_two.or_else(|| self.after_one.get(&one))?;
            let word = *random.choice(followers)?;
            (two, one) = (Some(one), word);
            Some(spaced(&self.words[word]))
        })
    }

    /// The last words of a prompt: the last but one, if that is known, and the last.
    fn end_of(&self, prompt: &str) -> (Option<Word>, Word) {
        let number = |word| self.by_text.get(word).copied();
        let known: Vec<Option<Word>> = split(prompt).map(number).collect();
        match known[..] {
            [.., two, Some(one)] => (two, one),
            [Some(one)] => (None, one),
            _ => (None, self.last),
        }
    }
}

/// A text's words. Punctuation is a word of its own.
fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().flat_map(|written| {
        let word = written.trim_end_matches(is_punctuation);
        let marks = &written[word.len()..];
        let word = (!word.is_empty()).then_some(word);
        word.into_iter()
            .chain(marks.split_inclusive(is_punctuation))
    })
}

fn is_punctuation(character: char) -> bool {
    matches!(character, '.' | ',' | ':' | ';' | '?' | '!')
}

fn spaced(word: &str) -> String {
    if word.starts_with(is_punctuation) {
        word.to_owned()
    } else {
        format!(" {word}")
    }
}
