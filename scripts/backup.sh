#!/usr/bin/env bash
# Backs up the database and the objects: scripts/backup.sh DIRECTORY
#
# Makes DIRECTORY/<time in UTC>, complete when it has that name. Reaches Postgres by PGHOST, PGUSER and
# PGPASSWORD (or PGPASSFILE) as a user who may read everything, and the object store by S3_ENDPOINT,
# S3_ACCESS_KEY and S3_SECRET_KEY, as files too (S3_SECRET_KEY_FILE). With COMPOSE=1 it asks the containers of
# docker-compose.yml instead.
#
#   KEEP    how many backups stay; older ones are deleted (14)
#   PYTHON  the Python that has securetranscribe-common (python)
#
# Transcripts are in it as they are: keep it as safe as the system itself, or encrypt it.
set -euo pipefail
umask 077
[ $# -eq 1 ] || { sed -n '2,13s/^# \{0,1\}//p' "$0" >&2; exit 2; }
mkdir -p "$1"
base=$(cd "$1" && pwd)
target=$base/$(date -u +%Y%m%dT%H%M%SZ)
partial=$target.partial
source "$(dirname "$0")/backup_tools.sh"

mkdir "$partial"
# The database first: every object that it names is then still copied, unless it was deleted meanwhile.
pg pg_dump --format=custom --schema=gateway --schema=transcriber --schema=speakers securetranscribe \
  >"$partial/database.dump"
(cd "$partial" && sha256sum database.dump >SHA256SUMS)
mkdir "$partial/objects"
objects save "$partial/objects"
mv "$partial" "$target"
echo "backed up to $target"

find "$base" -mindepth 1 -maxdepth 1 -type d -name '????????T??????Z' | sort | head -n "-${KEEP:-14}" |
  while IFS= read -r old; do
    rm -rf -- "$old"
    echo "deleted $old"
  done
