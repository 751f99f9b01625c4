//! The cache of compiled code. The program runs what it finds there, so nobody else may write to it.
//!
//! wasmtime's own cache packs its files with zstd, which took 17 s of processor time in the first build, and unpacks them at
//! each start.

mod files;
mod private;
mod turn;

use std::fs::DirBuilder;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use kamiflow_sync_component::domain::Checksum;
use wasmtime::Engine;
use wasmtime::component::Component;

/// Components that are kept: those that were used last.
const MAX_KEPT: usize = 32;

/// A folder with compiled code.
pub struct CodeCache {
    folder: PathBuf,
}

impl CodeCache {
    /// The cache below the user's cache folder. `None`, so that every start compiles, without a folder
    /// that can be written to, or when others could write to it.
    pub fn open() -> Option<Self> {
        let folder = user_folder()?.join("kamiflow-sync");
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700).create(&folder).ok()?;
        let folder = folder.canonicalize().ok()?;
        if !private::is_ours_alone(&folder) {
            let folder = folder.display();
            tracing::warn!(%folder, "others can write to the cache of compiled code, so it is not used");
            return None;
        }
        Some(Self { folder })
    }

    /// The component as it was compiled before, by the same version of wasmtime with the same settings; otherwise it is
    /// compiled and kept. Of several programs that start at once, one compiles and the others wait for it.
    ///
    /// # Errors
    ///
    /// When it is not a component.
    pub fn find_or_compile(
        &self,
        engine: &Engine,
        component: &[u8],
    ) -> wasmtime::Result<Component> {
        let file = self.file(engine, component);
        let find = || files::find(engine, &file);
        if let Some(found) = find() {
            return Ok(found);
        }
        let _turn = turn::take(&self.folder, turn::COMPILE_TIMEOUT);
        if let Some(found) = find() {
            return Ok(found);
        }
        let compiled = Component::new(engine, component)?;
        if let Err(error) = self.keep(&file, &compiled.serialize()?) {
            tracing::warn!(%error, "the compiled component is not kept, so the next start compiles it again");
        }
        Ok(compiled)
    }

    fn keep(&self, file: &Path, code: &[u8]) -> io::Result<()> {
        files::keep(file, code)?;
        files::forget(&self.folder, MAX_KEPT)
    }

    fn file(&self, engine: &Engine, component: &[u8]) -> PathBuf {
        let mut settings = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut settings);
        let (component, settings) = (Checksum::of(component), settings.finish());
        self.folder
            .join(format!("{component}-{settings:016x}.cwasm"))
    }
}

/// As the XDG Base Directory Specification says.
fn user_folder() -> Option<PathBuf> {
    let named = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let absolute = named.filter(|folder| folder.is_absolute());
    absolute.or_else(|| Some(std::env::home_dir()?.join(".cache")))
}

#[cfg(test)]
mod tests {
    use wasmtime::Config;

    use super::files::find;
    use super::*;

    /// A component without code.
    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    fn cache() -> (tempfile::TempDir, CodeCache) {
        let folder = tempfile::tempdir().unwrap();
        let cache = CodeCache {
            folder: folder.path().to_owned(),
        };
        (folder, cache)
    }

    fn count(folder: &Path) -> usize {
        folder.read_dir().unwrap().count()
    }

    #[test]
    fn what_was_compiled_is_found_by_its_component_and_settings() {
        let (folder, cache) = cache();
        let mut config = Config::new();
        let engine = Engine::new(&config).unwrap();
        let other = Engine::new(config.epoch_interruption(true)).unwrap();
        let files = [&engine, &other].map(|engine| cache.file(engine, COMPONENT));
        assert!(find(&engine, &files[0]).is_none());
        for _ in 0..2 {
            cache.find_or_compile(&engine, COMPONENT).unwrap();
            // And the lock.
            assert_eq!(count(folder.path()), 2);
        }
        assert!(find(&engine, &files[0]).is_some());
        assert!(find(&other, &files[0]).is_none());
        assert_ne!(files[0], files[1]);
        assert_ne!(files[0], cache.file(&engine, b"another"));
    }

    #[test]
    fn a_file_that_is_not_compiled_code_is_not_run_but_replaced() {
        let (_folder, cache) = cache();
        let engine = Engine::default();
        let file = cache.file(&engine, COMPONENT);
        for text in [&b""[..], b"\0asm", &[0; 10_000]] {
            std::fs::write(&file, text).unwrap();
            assert!(find(&engine, &file).is_none());
            cache.find_or_compile(&engine, COMPONENT).unwrap();
            assert!(find(&engine, &file).is_some());
        }
    }
}
