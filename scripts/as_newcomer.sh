#!/usr/bin/env bash
# Run a command in a fresh clone of HEAD, as a machine does that has never seen the project: empty
# HOME, no package cache, and of the environment only PATH, certificates, proxies and the settings
# of the package index.
#
#   scripts/as_newcomer.sh DIRECTORY [NAME=VALUE ...] COMMAND ...
#
# The clone is made in DIRECTORY/clone and used again by the next command. With NEWCOMER_UID=65534
# (root only) the command runs as that user, and everything is made with umask 077.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && git rev-parse --show-toplevel)
directory=$(mkdir -p "$1" && cd "$1" && pwd)
shift
umask 077

if [ ! -d "$directory/clone" ]; then
  git clone --quiet "$root" "$directory/clone"
  mkdir "$directory/home"
  if [ -z "${PIP_CONFIG_FILE:-}" ] && [ -f ~/.config/pip/pip.conf ]; then
    cp ~/.config/pip/pip.conf "$directory/pip.conf"
  fi
fi

kept=()
while IFS='=' read -r -d '' name value; do
  case "$name" in
    PATH | LANG | PIP_* | SSL_CERT_* | REQUESTS_CA_BUNDLE | NODE_EXTRA_CA_CERTS | *_proxy | *_PROXY)
      kept+=("$name=$value")
      ;;
  esac
done < <(env -0)
kept+=("HOME=$directory/home" PIP_NO_CACHE_DIR=1 "npm_config_cache=$directory/home/.npm")
[ ! -f "$directory/pip.conf" ] || kept+=("PIP_CONFIG_FILE=$directory/pip.conf")

user=()
if [ -n "${NEWCOMER_UID:-}" ]; then
  user=(setpriv --reuid "$NEWCOMER_UID" --regid "$NEWCOMER_UID" --clear-groups)
fi
chown -R "${NEWCOMER_UID:-$(id -u)}" "$directory"
cd "$directory/clone"
exec "${user[@]}" env -i "${kept[@]}" "$@"
