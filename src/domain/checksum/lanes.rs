//! SHA-256 of several contents at a time. Each step of it waits for the one before, and WebAssembly has no instructions
//! for it. But a vector has four numbers, and each can belong to another content.

use std::array::from_fn;

use sha2::{Digest, Sha256};

use super::compression::{BLOCK, Hash, LANES, State};

/// Contents of about the same length go together, since all wait for the longest.
pub(super) fn of_each(contents: &[Vec<u8>]) -> Vec<Hash> {
    let mut order: Vec<usize> = (0..contents.len()).collect();
    order.sort_unstable_by_key(|&index| contents[index].len());
    let mut hashes = vec![[0; 32]; contents.len()];
    for group in order.chunks(LANES) {
        let lane = |lane: usize| group.get(lane).map_or(&[][..], |&index| &contents[index]);
        for (&index, hash) in group.iter().zip(of_group(&from_fn(lane))) {
            hashes[index] = hash;
        }
    }
    hashes
}

fn of_group(contents: &[&[u8]; LANES]) -> [Hash; LANES] {
    if are_faster_together(contents) {
        together(contents)
    } else {
        contents.map(|content| Sha256::digest(content).into())
    }
}

/// Together they take about two and a half times as long as the longest alone.
fn are_faster_together(contents: &[&[u8]; LANES]) -> bool {
    let lengths = contents.map(<[u8]>::len);
    let longest = lengths.into_iter().max().unwrap_or_default();
    lengths.into_iter().sum::<usize>() > longest.saturating_mul(5) / 2
}

fn together(contents: &[&[u8]; LANES]) -> [Hash; LANES] {
    let mut state = State::new();
    let [a, b, c, d] = contents.map(|content| content.as_chunks().0);
    for (((a, b), c), d) in a.iter().zip(b).zip(c).zip(d) {
        state.compress([a, b, c, d]);
    }
    let mut hashes = [[0; 32]; LANES];
    let blocks = contents.map(|content| blocks(content.len()));
    let taken = [a, b, c, d].map(<[_]>::len).into_iter().min();
    for number in taken.unwrap_or_default()..blocks.into_iter().max().unwrap_or_default() {
        state.compress(contents.map(|content| block(content, number)).each_ref());
        for lane in (0..LANES).filter(|&lane| blocks[lane] == number + 1) {
            hashes[lane] = state.hashes()[lane];
        }
    }
    hashes
}

/// Blocks of a content of this length, with the nine bytes of padding that it has at least.
fn blocks(length: usize) -> usize {
    (length + 9).div_ceil(BLOCK)
}

/// A block of a content, padded as FIPS 180-4 says in section 5.1.1; anything behind the last one.
fn block(content: &[u8], number: usize) -> [u8; BLOCK] {
    let start = number * BLOCK;
    let rest = content.get(start..).unwrap_or_default();
    if let Some(block) = rest.first_chunk() {
        return *block;
    }
    let mut block = [0; BLOCK];
    block[..rest.len()].copy_from_slice(rest);
    if start <= content.len() {
        block[rest.len()] = 0x80;
    }
    if number + 1 == blocks(content.len()) {
        let bits = content.len() as u64 * 8;
        block[BLOCK - 8..].copy_from_slice(&bits.to_be_bytes());
    }
    block
}
