//! How many changes each device has not seen yet.

use crate::domain::{Cursor, Rev};
use crate::store::error::Error;
use crate::store::row::{Row, json_array};
use crate::store::store::Store;

/// Changes are counted up to here, so that a page with many devices stays fast.
pub const MAX_BEHIND: u64 = 100;

/// A device in one project.
#[derive(Debug, PartialEq, Eq)]
pub struct DeviceLag {
    /// The id of the key.
    pub key: String,
    /// The id of the project.
    pub project: String,
    /// Changes by others that the device has not asked for, up to [`MAX_BEHIND`].
    pub behind: u64,
}

const POSITIONS: &str =
    "SELECT device_key.id, project.id, project.number, device_key.number, sent, cursor
    FROM json_each(?1) AS asked
    CROSS JOIN device_key ON device_key.id = asked.value
    CROSS JOIN device_project ON device_project.key = device_key.number
    CROSS JOIN project ON project.number = device_project.project
      AND project.epoch = device_project.epoch
    WHERE sent IS NOT NULL OR cursor IS NOT NULL ORDER BY asked.key, project.id";

/// Of triples of a project, a rev and a key.
const COUNTS: &str = "SELECT (SELECT count(*) FROM (
      SELECT key FROM version WHERE project = asked.value ->> 0 AND rev > asked.value ->> 1 LIMIT ?2)
      WHERE key IS NOT asked.value ->> 2)
    FROM json_each(?1) AS asked ORDER BY asked.key";

impl Store {
    /// How far each of these keys, by their ids, is behind in each project that it has pulled: as of its last
    /// request, or up to ten minutes before.
    pub fn device_lags(&self, keys: &[String]) -> Result<Vec<DeviceLag>, Error> {
        let keys = json_array(keys.iter().map(String::as_str));
        let rows = self.execute(POSITIONS, [keys])?;
        let seen: Vec<_> = rows.iter().map(position).collect::<Result<_, _>>()?;
        let counts = self.execute(
            COUNTS,
            [json_array(seen.into_iter()), (MAX_BEHIND as i64).into()],
        )?;
        rows.into_iter().zip(counts).map(lag).collect()
    }
}

/// The project, what the device has seen of it, and its key.
fn position(row: &Row) -> Result<Vec<i64>, Error> {
    let cursor = row.optional_text(5)?;
    let cursor = cursor.and_then(|text| Cursor::parse(text).ok()?);
    let pulled: Rev = row.optional_integer(4)?.unwrap_or_default();
    let seen = cursor.map_or(0, |cursor| cursor.rev).max(pulled);
    Ok(vec![row.integer(2)?, seen, row.integer(3)?])
}

fn lag((mut row, count): (Row, Row)) -> Result<DeviceLag, Error> {
    Ok(DeviceLag {
        key: row.take_text(0)?,
        project: row.take_text(1)?,
        behind: count.integer(0)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Push;
    use crate::domain::key::{Grant, KeyName, KeyText};
    use crate::domain::pull_marks::Marks;
    use crate::store::test_support::{TestFile, id, push, rules};
    use crate::store::{DeviceKey, NewKey, PushTo};

    fn key(store: &Store, seed: u64) -> DeviceKey {
        let text = KeyText::generate(|| seed);
        let key = NewKey {
            id: text.id.clone(),
            name: KeyName::parse("laptop").unwrap(),
            grant: Grant::OWNER,
            hash: text.hash(),
        };
        store.add_device_key(&key, 1).unwrap()
    }

    #[test]
    fn a_device_is_behind_by_what_others_have_changed_since_it_asked() {
        let file = TestFile::new();
        let store = file.store();
        let (one, two) = (key(&store, 1), key(&store, 2));
        let revs = store.push_at(1000, &[("a", Some("x")), ("b", Some("y"))]);
        let project = store.project(&id()).unwrap().unwrap();
        let lags = || {
            let keys = [one.id.clone(), two.id.clone()];
            let lags = store.device_lags(&keys).unwrap();
            let brief = |lag: DeviceLag| (lag.key == one.id, lag.project, lag.behind);
            lags.into_iter().map(brief).collect::<Vec<_>>()
        };
        assert_eq!(lags(), []);
        let marks = |sent| Marks {
            asked: 0,
            sent,
            confirmed: 0,
            shared_until: 0,
        };
        let set = |key: &DeviceKey, sent| {
            let (number, epoch) = (project.number, project.epoch);
            store
                .set_pull_marks(key.number, number, epoch, marks(sent))
                .unwrap();
        };
        set(&one, revs[0]);
        let test = || "test".to_owned();
        assert_eq!(lags(), [(true, test(), 1)]);
        let cursor = project.cursor().to_string();
        store.note_cursor(two.number, &id(), &cursor, 1).unwrap();
        assert_eq!(lags(), [(true, test(), 1), (false, test(), 0)]);
        // What the device has pushed itself, it has.
        let own = Push {
            key: Some(one.number),
            ..push(&[("c", Some("z"))])
        };
        let apply = |store: &Store| store.push(&own, &PushTo::new(&id(), 2000, &rules()));
        store.write(apply).unwrap();
        assert_eq!(lags(), [(true, test(), 1), (false, test(), 1)]);
        let many: Vec<_> = (0..150).map(|number| number.to_string()).collect();
        let many: Vec<_> = many.iter().map(|path| (path.as_str(), Some("x"))).collect();
        store.push_at(3000, &many);
        assert_eq!(lags()[1].2, MAX_BEHIND);
        // A restore gives the project another epoch: what was sent before it counts no longer.
        let head = store.project(&id()).unwrap().unwrap().head.unwrap();
        set(&one, head);
        assert_eq!(lags()[0].2, 0);
        store.renew_epochs().unwrap();
        store.note_cursor(one.number, &id(), "0", 2).unwrap();
        // One of the first hundred is its own.
        assert_eq!(lags(), [(true, test(), MAX_BEHIND - 1)]);
    }
}
