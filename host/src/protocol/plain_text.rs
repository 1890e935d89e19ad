//! How far a JSON string goes on without anything special in it.

/// Offset of the first byte at or after `from` that is a quote, a backslash or a control
/// character, else the length. Looks at eight bytes at a time, and in a long text at many:
/// strings are most of what is sent.
#[inline]
pub(super) fn end_of_plain_text(bytes: &[u8], from: usize) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHS: u64 = ONES << 7;
    let mut at = from;
    while let Some(word) = bytes[at..].first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        // A byte's high bit ends up set where the byte is below the subtrahend. Borrows reach only
        // bytes above such a byte, so the lowest hit is always a true one.
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let quote = word ^ (ONES * u64::from(b'"'));
        let quote = quote.wrapping_sub(ONES) & !quote;
        let backslash = word ^ (ONES * u64::from(b'\\'));
        let backslash = backslash.wrapping_sub(ONES) & !backslash;
        let hits = (control | quote | backslash) & HIGHS;
        if hits != 0 {
            return at + hits.trailing_zeros() as usize / 8;
        }
        at += 8;
        if at - from == LONG_TEXT_BYTES {
            at += plain_blocks(&bytes[at..]);
        }
    }
    at + bytes[at..]
        .iter()
        .take_while(|byte| !is_special(**byte))
        .count()
}

/// From here on a text is worth the vector instructions.
const LONG_TEXT_BYTES: usize = 64;
const BLOCK_BYTES: usize = 128;

/// How many bytes the blocks take in front of the first one that has something special.
#[inline(never)]
fn plain_blocks(text: &[u8]) -> usize {
    // Without branches within a block, so that the compiler makes vector instructions.
    let is_plain = |block: &&[u8; BLOCK_BYTES]| {
        !block
            .iter()
            .fold(false, |found, byte| found | is_special(*byte))
    };
    let (blocks, _) = text.as_chunks();
    blocks.iter().take_while(is_plain).count() * BLOCK_BYTES
}

#[inline]
fn is_special(byte: u8) -> bool {
    // The quote, 0x22, changes places with the space, and the control characters stay among
    // themselves: one comparison finds them all.
    (byte ^ 0x02 <= 0x20) | (byte == b'\\')
}
