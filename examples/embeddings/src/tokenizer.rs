//! From a text to the numbers of its words and word pieces, as BERT's uncased models were trained:
//! cleaned, without accents, in lower case, cut at spaces and punctuation, and each word then into the
//! longest pieces that the vocabulary has.
//!
//! The crate `tokenizers` does this for every kind of model. For this one kind it would be most of the
//! component.

use std::collections::HashMap;
use std::path::Path;

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

use crate::weights::{ModelError, read_text};

const VOCABULARY: &str = "vocab.txt";

/// In front of a piece that continues a word.
const CONTINUED: &str = "##";

/// A longer word is not looked at.
const WORD_CHARACTERS_MAX: usize = 100;

/// A vocabulary.
pub(crate) struct Tokenizer {
    tokens: Vec<String>,
    by_name: HashMap<String, u32>,
    /// The marks that every text begins and ends with, and what stands for an unknown word.
    begin: u32,
    end: u32,
    unknown: u32,
}

impl Tokenizer {
    /// Reads the vocabulary in a model's directory.
    pub(crate) fn read(directory: &Path) -> Result<Tokenizer, ModelError> {
        Tokenizer::new(&read_text(directory, VOCABULARY)?)
    }

    /// A vocabulary with one token on each line.
    pub(crate) fn new(vocabulary: &str) -> Result<Tokenizer, ModelError> {
        let tokens: Vec<String> = vocabulary.lines().map(str::to_owned).collect();
        let by_name: HashMap<String, u32> = tokens.iter().cloned().zip(0..).collect();
        let mark = |name| by_name.get(name).copied().ok_or(ModelError::NoToken(name));
        Ok(Tokenizer {
            begin: mark("[CLS]")?,
            end: mark("[SEP]")?,
            unknown: mark("[UNK]")?,
            tokens,
            by_name,
        })
    }

    /// Whether the vocabulary is the one of a model that knows so many tokens.
    pub(crate) fn check_size(&self, expected: usize) -> Result<(), ModelError> {
        let tokens = self.tokens.len();
        if tokens == expected {
            return Ok(());
        }
        Err(ModelError::Vocabulary { tokens, expected })
    }

    /// The tokens of a text between two marks. What is beyond `tokens_max`, which is 2 at least, is
    /// left out.
    pub(crate) fn encode(&self, text: &str, tokens_max: usize) -> Vec<u32> {
        let mut tokens = vec![self.begin];
        for word in words(text) {
            if tokens.len() >= tokens_max {
                break;
            }
            self.add_word(&word, &mut tokens);
        }
        tokens.truncate(tokens_max - 1);
        tokens.push(self.end);
        tokens
    }

    /// What tokens are called.
    pub(crate) fn names(&self, tokens: &[u32]) -> Vec<&str> {
        let name = |token: &u32| self.tokens.get(*token as usize).map(String::as_str);
        tokens.iter().filter_map(name).collect()
    }

    /// Adds the pieces of a word, or the unknown one if there are none for all of it.
    fn add_word(&self, word: &str, tokens: &mut Vec<u32>) {
        let before = tokens.len();
        if word.chars().count() > WORD_CHARACTERS_MAX {
            tokens.push(self.unknown);
            return;
        }
        let mut rest = word;
        while !rest.is_empty() {
            let Some((length, token)) = self.longest_piece(rest, rest.len() < word.len()) else {
                tokens.truncate(before);
                tokens.push(self.unknown);
                return;
            };
            tokens.push(token);
            rest = &rest[length..];
        }
    }

    /// The longest piece at the beginning of what is left of a word, and its length in bytes.
    fn longest_piece(&self, rest: &str, continued: bool) -> Option<(usize, u32)> {
        let mut piece = String::from(if continued { CONTINUED } else { "" });
        let prefix = piece.len();
        piece.push_str(rest);
        while piece.len() > prefix {
            if let Some(token) = self.by_name.get(&piece) {
                return Some((piece.len() - prefix, *token));
            }
            piece.pop();
        }
        None
    }
}

/// The words of a text, normalised. Each punctuation mark is one, and each Chinese character.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut cut = |word: &mut String| {
        if !word.is_empty() {
            words.push(std::mem::take(word));
        }
    };
    for character in text.nfd().filter(|character| !is_dropped(*character)) {
        if is_space(character) {
            cut(&mut word);
        } else if is_punctuation(character) || is_chinese(character) {
            cut(&mut word);
            word.push(character);
            cut(&mut word);
        } else {
            word.extend(character.to_lowercase());
        }
    }
    cut(&mut word);
    words
}

fn is_space(character: char) -> bool {
    character.is_whitespace() || character.general_category() == GeneralCategory::SpaceSeparator
}

/// What cannot be seen, and accents.
fn is_dropped(character: char) -> bool {
    if matches!(character, '\t' | '\n' | '\r') {
        return false;
    }
    character == char::REPLACEMENT_CHARACTER
        || character.general_category() == GeneralCategory::NonspacingMark
        || character.general_category_group() == GeneralCategoryGroup::Other
}

/// All of ASCII that is neither letter nor digit counts, also where Unicode calls it a symbol.
fn is_punctuation(character: char) -> bool {
    character.is_ascii_punctuation()
        || character.general_category_group() == GeneralCategoryGroup::Punctuation
}

/// The blocks of CJK ideographs.
fn is_chinese(character: char) -> bool {
    matches!(
        u32::from(character),
        0x4E00..=0x9FFF
            | 0x3400..=0x4DBF
            | 0x2_0000..=0x2_A6DF
            | 0x2_A700..=0x2_CEAF
            | 0xF900..=0xFAFF
            | 0x2_F800..=0x2_FA1F
    )
}
