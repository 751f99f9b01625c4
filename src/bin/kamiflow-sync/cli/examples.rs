//! What `--help` of a command shows below its flags.

pub const BACKUP: &str = "Examples:
  kamiflow-sync backup before-the-upgrade.db
  kamiflow-sync backup /backups --keep 14
  DB_PATH=/data/kamiflow-sync.db kamiflow-sync backup --force /backups/latest.db";
pub const RESTORE: &str = "Example:
  systemctl stop kamiflow-sync
  kamiflow-sync restore /backups/kamiflow-sync-20261122T033000Z.db
  systemctl start kamiflow-sync";
pub const COMPACT: &str = "Example:
  systemctl stop kamiflow-sync
  kamiflow-sync compact
  systemctl start kamiflow-sync";
pub const PURGE: &str = "Examples:
  kamiflow-sync purge notes ideas/secret.md
  kamiflow-sync purge notes ideas/plan.md --rev 1795000000123456";
pub const RENUMBER: &str = "Example:
  systemctl stop kamiflow-sync
  kamiflow-sync renumber --all
  systemctl start kamiflow-sync";
pub const EXPORT: &str = "Examples:
  kamiflow-sync export my-project my-project.tar && tar -tf my-project.tar
  kamiflow-sync export my-project - | tar -xf - -C folder";
pub const MOVE: &str = "Example:
  kamiflow-sync move-out notes notes.db     # on the server that has it
  kamiflow-sync move-in notes.db            # on the other, with the same file";
pub const LEGACY: &str = "Example:
  kamiflow-sync import-legacy /old/data/kamiflow-sync.db";
pub const KEY: &str = "Examples:
  kamiflow-sync key add laptop --scope write
  kamiflow-sync key add tablet --scope append --project my-project --expires 90d
  kamiflow-sync key list
  kamiflow-sync key revoke 4h1rnm2q8x";
pub const HEALTHCHECK: &str = "Examples:
  kamiflow-sync healthcheck
  kamiflow-sync healthcheck 'http://127.0.0.1:8080/health?deep=1'";
pub const COMPLETIONS: &str = "Example:
  kamiflow-sync completions bash > ~/.local/share/bash-completion/completions/kamiflow-sync";
