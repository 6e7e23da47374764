#!/usr/bin/env bash
# Puts a backup back: scripts/restore.sh DIRECTORY/<time>
#
# Replaces what the database holds, in one transaction, and writes the objects of the backup; takes the same
# variables as scripts/backup.sh, with a user who owns the schemas. Stop the services before, and provision the
# servers (python -m common.provisioning) where they are new. What NATS held is worked out again from the database.
set -euo pipefail
[ $# -eq 1 ] && [ -d "$1" ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
backup=$(cd "$1" && pwd)
source "$(dirname "$0")/backup_tools.sh"

(cd "$backup" && sha256sum --quiet --check SHA256SUMS)
# Objects are checked as a whole before the first is written, and nothing refers to them yet.
objects restore "$backup/objects"
{
  echo 'BEGIN;'
  echo 'DROP SCHEMA IF EXISTS gateway, transcriber, speakers CASCADE;'
  pg pg_restore --file=- <"$backup/database.dump"
  echo 'COMMIT;'
} | pg psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --output=/dev/null securetranscribe
echo "restored $backup"
