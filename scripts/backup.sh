#!/usr/bin/env bash
# Back up the database and the objects: scripts/backup.sh DIRECTORY
#
# The result is DIRECTORY/<time in UTC>, which gets this name once it is complete. Set PGHOST, PGUSER and
# PGPASSWORD (or PGPASSFILE) for a user who may read everything, and S3_ENDPOINT, S3_ACCESS_KEY and
# S3_SECRET_KEY (or S3_SECRET_KEY_FILE and so on) for the object store. With COMPOSE=1 the containers of
# docker-compose.yml are used instead.
#
#   LEDGER_DIR  directory of the ledger of erasures, which is kept apart from single backups
#           (DIRECTORY/ledger)
#   KEYS_DIR  directory of the encrypted keys of recordings, also kept apart (DIRECTORY/keys). Only the newest
#           KEEP_KEYS (2) files are kept there, so that erased recordings cannot be read from old backups
#   KEEP    number of backups to keep. Older ones are deleted (14)
#   PYTHON  a Python with securetranscribe-common installed (python)
#
# A backup holds transcripts in plain text, as the database does, and recordings encrypted. ENCRYPTION_KEY is not
# in it. Protect it like the system itself, or encrypt it.
set -euo pipefail
umask 077
[ $# -eq 1 ] || { sed -n '2,18s/^# \{0,1\}//p' "$0" >&2; exit 2; }
mkdir -p "$1"
base=$(cd "$1" && pwd)
target=$base/$(date -u +%Y%m%dT%H%M%SZ)
partial=$target.partial
source "$(dirname "$0")/backup_tools.sh"

mkdir "$partial"
# The database comes first. Every object in it is then copied, unless it is deleted in the meantime.
pg pg_dump --format=custom --schema=gateway --schema=transcriber --schema=speakers \
  --exclude-table-data=transcriber.workspace_keys --exclude-table-data=transcriber.data_keys \
  securetranscribe >"$partial/database.dump"
(cd "$partial" && sha256sum database.dump >SHA256SUMS)
mkdir "$partial/objects"
objects save "$partial/objects"
keys=${KEYS_DIR:-$base/keys}
mkdir -p "$keys"
newest=$keys/$(basename "$target").dump
# After the database, so that the keys of all its recordings are there.
pg pg_dump --format=custom --data-only --table=transcriber.workspace_keys --table=transcriber.data_keys \
  securetranscribe >"$newest.partial"
mv "$newest.partial" "$newest"
ledger=${LEDGER_DIR:-$base/ledger}
mkdir -p "$ledger"
objects save-ledger "$ledger"
mv "$partial" "$target"
echo "backed up to $target"

# Those that a backup left when it was interrupted must not outlive erased recordings either.
find "$keys" -mindepth 1 -maxdepth 1 -name '????????T??????Z.dump.partial' -delete
find "$keys" -mindepth 1 -maxdepth 1 -name '????????T??????Z.dump' | sort | head -n "-${KEEP_KEYS:-2}" |
  while IFS= read -r old; do rm -f -- "$old"; done
find "$base" -mindepth 1 -maxdepth 1 -type d -name '????????T??????Z' | sort | head -n "-${KEEP:-14}" |
  while IFS= read -r old; do
    rm -rf -- "$old"
    echo "deleted $old"
  done
