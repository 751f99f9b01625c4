//! Wakes those who wait in one instance of the component. Nobody misses a ring: whoever was busy when it rang, perhaps with
//! a client that reads slowly, is notified when it listens again.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// A bell for one thread.
#[derive(Default)]
pub struct Bell {
    /// How often it rang.
    rings: Cell<u64>,
    /// Those who sleep, by the numbers of their listeners.
    sleepers: RefCell<BTreeMap<u64, Waker>>,
    listeners: Cell<u64>,
}

impl Bell {
    /// Wakes all who sleep.
    pub fn ring(&self) {
        self.rings.set(self.rings.get() + 1);
        self.sleepers.take().into_values().for_each(Waker::wake);
    }
}

/// One who waits for rings.
pub struct Listener {
    bell: Rc<Bell>,
    number: u64,
    /// The rings that it knows of.
    heard: u64,
}

impl Listener {
    /// Listens from now on.
    pub fn new(bell: Rc<Bell>) -> Self {
        let number = bell.listeners.replace(bell.listeners.get() + 1);
        let heard = bell.rings.get();
        Self {
            bell,
            number,
            heard,
        }
    }

    /// Is ready when the bell has rung since it was last [`heeded`](Self::heed).
    pub fn rung(&self) -> Rung<'_> {
        Rung(self)
    }

    /// Knows of all rings up to now. To be called before one looks at what has changed.
    pub fn heed(&mut self) {
        self.heard = self.bell.rings.get();
    }
}

/// See [`Listener::rung`].
pub struct Rung<'a>(&'a Listener);

impl Future for Rung<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context) -> Poll<()> {
        let Listener {
            bell,
            number,
            heard,
        } = self.0;
        if bell.rings.get() != *heard {
            return Poll::Ready(());
        }
        let mut sleepers = bell.sleepers.borrow_mut();
        sleepers.insert(*number, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Rung<'_> {
    fn drop(&mut self) {
        self.0.bell.sleepers.borrow_mut().remove(&self.0.number);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn is_ready(listener: &Listener) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        pin!(listener.rung()).poll(&mut context).is_ready()
    }

    #[test]
    fn a_ring_wakes_all_who_sleep_and_nobody_twice() {
        let (bell, woken) = (Rc::<Bell>::default(), Arc::<Woken>::default());
        let waker = woken.clone().into();
        let mut context = Context::from_waker(&waker);
        let listeners = [(); 3].map(|()| Listener::new(bell.clone()));
        let mut sleeping = listeners.each_ref().map(Listener::rung);
        for rung in &mut sleeping[..2] {
            assert!(Pin::new(&mut *rung).poll(&mut context).is_pending());
            // Being looked at again is no second sleep.
            assert!(Pin::new(rung).poll(&mut context).is_pending());
        }
        bell.ring();
        bell.ring();
        assert_eq!(woken.0.load(Ordering::Relaxed), 2);
        assert!(Pin::new(&mut sleeping[0]).poll(&mut context).is_ready());
    }

    #[test]
    fn a_ring_while_one_is_busy_is_not_missed() {
        let bell = Rc::<Bell>::default();
        let mut listener = Listener::new(bell.clone());
        assert!(!is_ready(&listener));
        bell.ring();
        listener.heed();
        assert!(!is_ready(&listener));
        // It writes to its client, and does not listen.
        bell.ring();
        assert!(is_ready(&listener));
        listener.heed();
        assert!(!is_ready(&listener));
    }

    #[test]
    fn one_who_gives_up_leaves_nothing_behind() {
        let bell = Rc::<Bell>::default();
        let listener = Listener::new(bell.clone());
        assert!(!is_ready(&listener));
        assert!(bell.sleepers.borrow().is_empty());
    }
}
