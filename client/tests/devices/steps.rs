//! What happens in a world, by chance.

use std::fs;

use crate::person;
use crate::world::{WITH_CLI, World};

impl World {
    /// Does what the step with this number is in the world of this seed, whichever others happen.
    pub(super) fn step(&mut self, number: u64) {
        self.begin(number);
        let device = person::index(&mut self.random, self.devices.len());
        match self.random.in_range(0..100) {
            0..50 => self.act(device),
            50..71 => _ = self.round(device),
            71..80 => self.killed_round(device),
            80..83 => self.watch_for_a_while(device),
            83..91 => self.rounds_at_once(),
            91..94 => self.change_weather(),
            94 => self.proxies[device].repeat(),
            95 => self.pull_by_cli(),
            96 => self.push_by_cli(),
            97 => self.lose_state(device),
            98 => self.set_clock(device),
            _ => self.kill_server(),
        }
    }

    /// A person saves, deletes or renames a file.
    pub(super) fn act(&mut self, device: usize) {
        let path = person::path(&mut self.random);
        match self.random.in_range(0..10) {
            0..6 => self.save(device, path),
            6 | 7 => self.delete(device, path),
            _ => {
                let to = person::path(&mut self.random);
                self.rename(device, path, to);
            }
        }
    }

    fn save(&mut self, device: usize, path: &str) {
        let mark = self.mark(device);
        let before = self.devices[device].read(path);
        let text = match &before {
            Some(text) => person::edited(&mut self.random, text, &mark),
            None => person::new_text(&mut self.random, &mark),
        };
        let place = self.devices[device].place(path);
        let in_place = self.random.percent(50);
        let written = fs::create_dir_all(place.parent().expect("a folder")).and_then(|()| {
            let beside = place.with_extension("editor");
            if in_place {
                fs::write(&place, &text)
            } else {
                fs::write(&beside, &text).and_then(|()| fs::rename(&beside, &place))
            }
        });
        _ = fs::remove_file(place.with_extension("editor"));
        // A folder may be in the place of the file, or the other way round.
        if written.is_ok() {
            self.ledger.overwritten(device, before);
            self.ledger.saved(device, &text);
            self.note(format!("{device} saves {path}: {mark}"));
        }
    }

    fn delete(&mut self, device: usize, path: &str) {
        let before = self.devices[device].read(path);
        if fs::remove_file(self.devices[device].place(path)).is_ok() {
            self.ledger.overwritten(device, before);
            self.note(format!("{device} deletes {path}"));
        }
    }

    fn rename(&mut self, device: usize, from: &str, to: &str) {
        let text = self.devices[device].read(from);
        let before = self.devices[device].read(to);
        let (from, to) = (
            self.devices[device].place(from),
            self.devices[device].place(to),
        );
        let is_file = from.is_file() && from != to;
        _ = fs::create_dir_all(to.parent().expect("a folder"));
        if is_file && fs::rename(&from, &to).is_ok() {
            self.ledger.overwritten(device, before);
            self.ledger.moved(device, text);
            self.note(format!("{device} renames {from:?} to {to:?}"));
        }
    }

    /// The CLI writes over what is there, as its user knows.
    pub(super) fn pull_by_cli(&mut self) {
        let (client, device, ledger) = (
            self.server.client(),
            &self.devices[WITH_CLI],
            &mut self.ledger,
        );
        self.cli.pull(&client, |path, text| {
            let (place, before) = (device.place(path), device.read(path));
            _ = fs::create_dir_all(place.parent().expect("a folder"));
            let is_written = fs::write(place, text).is_ok();
            if is_written {
                ledger.overwritten(WITH_CLI, before);
            }
            is_written
        });
        self.note("the CLI pulls".to_owned());
    }

    pub(super) fn push_by_cli(&mut self) {
        let device = &self.devices[WITH_CLI];
        self.cli.push(device, &self.server.client());
        self.note("the CLI pushes".to_owned());
    }

    fn change_weather(&mut self) {
        for proxy in &self.proxies {
            let share = [0, 0, 30, 60, 100][person::index(&mut self.random, 5)];
            proxy.disturb(share);
        }
        self.note("the weather changes".to_owned());
    }

    fn set_clock(&mut self, device: usize) {
        let offsets = ["-1h", "+0", "+1d", "-40d", "+40d"];
        let offset = offsets[person::index(&mut self.random, offsets.len())];
        self.devices[device].set_clock(offset);
        self.note(format!("the clock of {device} is off by {offset}"));
    }

    fn lose_state(&mut self, device: usize) {
        self.devices[device].lose_state();
        self.note(format!("{device} loses its state"));
    }

    pub(super) fn kill_server(&mut self) {
        self.server.kill();
        for proxy in &self.proxies {
            proxy.move_to(self.server.address());
        }
        self.note("the server is killed".to_owned());
    }
}
