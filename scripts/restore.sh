#!/usr/bin/env bash
# Restore a backup: scripts/restore.sh DIRECTORY/<time>
#
# Replaces the contents of the database in one transaction and writes the objects of the backup. Takes the same
# variables as scripts/backup.sh, with a user who owns the schemas. Stop the services first, and provision new
# servers (python -m common.provisioning). The contents of NATS are rebuilt from the database. The ledger of
# erasures next to the backup, or in LEDGER_DIR, is restored too, and so are the newest encrypted keys of recordings
# next to it, or in KEYS_DIR. Recordings can be read with the ENCRYPTION_KEY of that time.
set -euo pipefail
[ $# -eq 1 ] && [ -d "$1" ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
backup=$(cd "$1" && pwd)
source "$(dirname "$0")/backup_tools.sh"

(cd "$backup" && sha256sum --quiet --check SHA256SUMS)
contents=$(pg pg_restore --list <"$backup/database.dump")
keys=
if grep -q 'TABLE transcriber data_keys' <<<"$contents"; then
  # An older version had none.
  generations=${KEYS_DIR:-$(dirname "$backup")/keys}
  if [ -d "$generations" ]; then
    keys=$(find "$generations" -mindepth 1 -maxdepth 1 -name '????????T??????Z.dump' | sort | tail -n 1)
  fi
  [ -n "$keys" ] || { echo "the keys of recordings are missing in $generations: set KEYS_DIR" >&2; exit 1; }
fi
# All objects are verified before the first one is written, and nothing refers to them yet.
objects restore "$backup/objects"
# What was erased after the backup is erased again when the services start.
ledger=${LEDGER_DIR:-$(dirname "$backup")/ledger}
if [ -d "$ledger" ]; then objects restore-ledger "$ledger"; fi
{
  echo 'BEGIN;'
  echo 'DROP SCHEMA IF EXISTS gateway, transcriber, speakers CASCADE;'
  pg pg_restore --file=- <"$backup/database.dump"
  if [ -n "$keys" ]; then pg pg_restore --file=- <"$keys"; fi
  echo 'COMMIT;'
} | pg psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --output=/dev/null securetranscribe
echo "restored $backup"
