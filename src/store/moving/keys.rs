//! Keys of devices that come with a project: a device keeps its key, and at the other server the key opens
//! the project and no other.

use crate::domain::ProjectId;
use crate::domain::key::Projects;
use crate::store::device_key::DeviceKey;
use crate::store::error::Error;
use crate::store::store::Store;

impl Store {
    /// Copies the keys that open a project, and those that its history names.
    pub(super) fn copy_keys(&self, id: &ProjectId, project: i64, to: &Self) -> Result<(), Error> {
        let named = self.execute(
            "SELECT key FROM version WHERE project = ?1 UNION SELECT key FROM device_project WHERE project = ?1",
            [project.into()],
        )?;
        let named = named.iter().map(|row| row.optional_integer(0));
        let named: Vec<_> = named.collect::<Result<_, _>>()?;
        let is_named = |number: i64| named.contains(&Some(number));
        let keys = self.every_device_key()?.into_iter();
        keys.filter(|key| key.grant.projects.include(id) || is_named(key.number))
            .try_for_each(|key| to.receive_key(&key, id))
    }

    /// Takes in a key, which opens here no more than the project that it comes with and what it opens
    /// already.
    fn receive_key(&self, key: &DeviceKey, id: &ProjectId) -> Result<(), Error> {
        let arriving = key.grant.projects.include(id).then(|| id.clone());
        match self
            .device_key(&key.id, None)?
            .map(|own| own.grant.projects)
        {
            None => self.insert_device_key(key, &Projects::Only(arriving.into_iter().collect()))?,
            Some(Projects::All) => {}
            Some(Projects::Only(mut ids)) => {
                ids.extend(arriving);
                let open = "UPDATE device_key SET projects = ?2 WHERE id = ?1";
                let projects = Projects::Only(ids);
                self.execute(open, [key.id.as_str().into(), (&projects).into()])?;
            }
        }
        self.follow_device_keys(std::slice::from_ref(key)).map(drop)
    }
}
