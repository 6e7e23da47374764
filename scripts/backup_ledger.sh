#!/usr/bin/env bash
# Copy new entries of the ledger of erasures: scripts/backup_ledger.sh DIRECTORY
#
# Run it often, such as every five minutes. After the loss of the object store, a restored backup would bring
# back what was erased since the last copy. Takes the same variables as scripts/backup.sh. For DIRECTORY, use
# the directory "ledger" among the backups, or the value of LEDGER_DIR.
set -euo pipefail
umask 077
[ $# -eq 1 ] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
mkdir -p "$1"
ledger=$(cd "$1" && pwd)
source "$(dirname "$0")/backup_tools.sh"

objects save-ledger "$ledger"
