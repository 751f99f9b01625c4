//! Growing pauses between tries, with jitter, so that devices that lost the server together do not come
//! back together.

use std::time::Duration;

/// The pauses between the tries of one thing.
#[derive(Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    /// Pauses from `first` on, each twice as long as the one before, up to `longest`.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            next: first,
        }
    }

    /// The next pause: at least half of its time, by chance.
    pub fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.longest);
        jitter(pause)
    }

    /// Begins with the first pause again, after a success.
    pub fn reset(&mut self) {
        self.next = self.first;
    }
}

/// Between half of a time and all of it.
pub fn jitter(time: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or(u32::MAX);
    time / 2 + time.mul_f64(f64::from(random) / f64::from(u32::MAX)) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_longest_and_begin_again_after_a_success() {
        let seconds = Duration::from_secs;
        let mut backoff = Backoff::new(seconds(1), seconds(5));
        for whole in [1, 2, 4, 5, 5].map(seconds) {
            let pause = backoff.pause();
            assert!(
                whole / 2 <= pause && pause <= whole,
                "{pause:?} of {whole:?}"
            );
        }
        backoff.reset();
        assert!(backoff.pause() <= seconds(1));
    }

    #[test]
    fn two_devices_do_not_pause_alike() {
        let pauses = [(); 8].map(|()| jitter(Duration::from_secs(60)));
        assert!(pauses.iter().any(|pause| *pause != pauses[0]));
    }
}
