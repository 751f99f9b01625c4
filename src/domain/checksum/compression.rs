//! The compression of SHA-256 for four blocks at a time, with the vectors of WebAssembly: FIPS 180-4, sections 4.1.2 and
//! 6.2, whose names these are.
//!
//! Ours: the one library that has it (tape-sha256 0.2) is no faster, and compiling it takes 40 seconds before the first start.

use std::arch::wasm32::{
    u8x16_shuffle, u32x4_add, u32x4_extract_lane, u32x4_shl, u32x4_shr, u32x4_shuffle, u32x4_splat,
    u64x2, u64x2_shuffle, v128, v128_and, v128_or, v128_xor,
};

/// Numbers of a vector.
pub(super) const LANES: usize = 4;
/// Bytes of a block.
pub(super) const BLOCK: usize = 64;

/// SHA-256 of a content.
pub(super) type Hash = [u8; 32];

/// The eight words between two blocks, one vector each.
pub(super) struct State([v128; 8]);

impl State {
    pub(super) fn new() -> Self {
        Self(INITIAL.map(|word| u32x4_splat(word)))
    }

    /// What each lane would have as its hash if no block followed.
    pub(super) fn hashes(&self) -> [Hash; LANES] {
        let mut hashes = [[0; 32]; LANES];
        for (at, &word) in self.0.iter().enumerate() {
            let words = [
                u32x4_extract_lane::<0>(word),
                u32x4_extract_lane::<1>(word),
                u32x4_extract_lane::<2>(word),
                u32x4_extract_lane::<3>(word),
            ];
            for (hash, word) in hashes.iter_mut().zip(words) {
                hash[4 * at..][..4].copy_from_slice(&word.to_be_bytes());
            }
        }
        hashes
    }

    /// Takes in a block of each lane.
    pub(super) fn compress(&mut self, blocks: [&[u8; BLOCK]; LANES]) {
        let mut words = [u32x4_splat(0); 16];
        load::<0>(&mut words, blocks);
        load::<1>(&mut words, blocks);
        load::<2>(&mut words, blocks);
        load::<3>(&mut words, blocks);
        let mut state = self.0;
        for (number, constants) in ROUNDS.as_chunks().0.iter().enumerate() {
            if number > 0 {
                words = next_words(words);
            }
            state = sixteen_rounds(state, &words, constants);
        }
        for (word, change) in self.0.iter_mut().zip(state) {
            *word = u32x4_add(*word, change);
        }
    }
}

/// A round, after which each letter has moved on by one: so the next one is called with the letters moved.
macro_rules! round {
    ($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident, $constant:expr, $word:expr) => {
        let sum1 = xor(xor(rotated::<6>($e), rotated::<11>($e)), rotated::<25>($e));
        let choice = xor($g, v128_and($e, xor($f, $g)));
        let with_word = u32x4_add($h, u32x4_add(u32x4_splat($constant), $word));
        let first = u32x4_add(with_word, u32x4_add(sum1, choice));
        let sum0 = xor(xor(rotated::<2>($a), rotated::<13>($a)), rotated::<22>($a));
        let majority = xor(v128_and($a, $b), v128_and($c, xor($a, $b)));
        $d = u32x4_add($d, first);
        $h = u32x4_add(first, u32x4_add(sum0, majority));
    };
}

/// Written out, not as a loop: then all words stay in registers.
#[inline(always)]
fn sixteen_rounds(state: [v128; 8], words: &[v128; 16], constants: &[u32; 16]) -> [v128; 8] {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
    round!(a b c d e f g h, constants[0], words[0]);
    round!(h a b c d e f g, constants[1], words[1]);
    round!(g h a b c d e f, constants[2], words[2]);
    round!(f g h a b c d e, constants[3], words[3]);
    round!(e f g h a b c d, constants[4], words[4]);
    round!(d e f g h a b c, constants[5], words[5]);
    round!(c d e f g h a b, constants[6], words[6]);
    round!(b c d e f g h a, constants[7], words[7]);
    round!(a b c d e f g h, constants[8], words[8]);
    round!(h a b c d e f g, constants[9], words[9]);
    round!(g h a b c d e f, constants[10], words[10]);
    round!(f g h a b c d e, constants[11], words[11]);
    round!(e f g h a b c d, constants[12], words[12]);
    round!(d e f g h a b c, constants[13], words[13]);
    round!(c d e f g h a b, constants[14], words[14]);
    round!(b c d e f g h a, constants[15], words[15]);
    [a, b, c, d, e, f, g, h]
}

/// The words of the next sixteen rounds.
#[inline(always)]
fn next_words(mut words: [v128; 16]) -> [v128; 16] {
    next::<0>(&mut words);
    next::<1>(&mut words);
    next::<2>(&mut words);
    next::<3>(&mut words);
    next::<4>(&mut words);
    next::<5>(&mut words);
    next::<6>(&mut words);
    next::<7>(&mut words);
    next::<8>(&mut words);
    next::<9>(&mut words);
    next::<10>(&mut words);
    next::<11>(&mut words);
    next::<12>(&mut words);
    next::<13>(&mut words);
    next::<14>(&mut words);
    next::<15>(&mut words);
    words
}

#[inline(always)]
fn next<const AT: usize>(words: &mut [v128; 16]) {
    let (early, late) = (words[(AT + 1) % 16], words[(AT + 14) % 16]);
    let sigma0 = xor(
        xor(rotated::<7>(early), rotated::<18>(early)),
        u32x4_shr(early, 3),
    );
    let sigma1 = xor(
        xor(rotated::<17>(late), rotated::<19>(late)),
        u32x4_shr(late, 10),
    );
    let before = u32x4_add(words[AT], words[(AT + 9) % 16]);
    words[AT] = u32x4_add(before, u32x4_add(sigma0, sigma1));
}

#[inline]
fn rotated<const BITS: u32>(word: v128) -> v128 {
    v128_or(u32x4_shr(word, BITS), u32x4_shl(word, 32 - BITS))
}

#[inline]
fn xor(a: v128, b: v128) -> v128 {
    v128_xor(a, b)
}

/// Four of the words of each block, each vector with one word of each lane.
#[inline(always)]
fn load<const AT: usize>(words: &mut [v128; 16], [a, b, c, d]: [&[u8; BLOCK]; LANES]) {
    let (a, b) = (four_words::<AT>(a), four_words::<AT>(b));
    let (c, d) = (four_words::<AT>(c), four_words::<AT>(d));
    let (ab, cd) = (
        u32x4_shuffle::<0, 4, 1, 5>(a, b),
        u32x4_shuffle::<0, 4, 1, 5>(c, d),
    );
    words[4 * AT] = u64x2_shuffle::<0, 2>(ab, cd);
    words[4 * AT + 1] = u64x2_shuffle::<1, 3>(ab, cd);
    let (ab, cd) = (
        u32x4_shuffle::<2, 6, 3, 7>(a, b),
        u32x4_shuffle::<2, 6, 3, 7>(c, d),
    );
    words[4 * AT + 2] = u64x2_shuffle::<0, 2>(ab, cd);
    words[4 * AT + 3] = u64x2_shuffle::<1, 3>(ab, cd);
}

/// Four words of one block, whose bytes are in the other order there.
#[inline(always)]
fn four_words<const AT: usize>(block: &[u8; BLOCK]) -> v128 {
    let halves = block.as_chunks().0;
    let low = u64::from_le_bytes(halves[2 * AT]);
    let bytes = u64x2(low, u64::from_le_bytes(halves[2 * AT + 1]));
    u8x16_shuffle::<3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12>(bytes, bytes)
}

/// Section 5.3.3.
const INITIAL: [u32; 8] = [
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

/// Section 4.2.2.
#[rustfmt::skip]
const ROUNDS: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];
