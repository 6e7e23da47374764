#!/usr/bin/env bash
# Run the README's commands in containers that have only Python, make and git, from a fresh clone of
# HEAD without any cache: as root and as an ordinary user. Print how long each takes.
#
#   scripts/container_newcomer.sh [demo] [test]
#
# Variables: BASE (the image), ENGINE (docker or podman), ENGINE_OPTIONS (for `run`).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
base=${BASE:-python:3.11-slim-bookworm}
engine=${ENGINE:-docker}
read -r -a options <<<"${ENGINE_OPTIONS:---network host}"
goals=("$@")
[ $# -gt 0 ] || goals=(demo test)
image=securetranscribe-newcomer

"$engine" build --quiet --network host --tag "$image" - <<EOF
FROM $base
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends make git
RUN rm -rf /var/lib/apt/lists/* && useradd --create-home newcomer
EOF

passed=(-e PIP_NO_CACHE_DIR=1)
for name in PIP_INDEX_URL PIP_EXTRA_INDEX_URL HTTP_PROXY HTTPS_PROXY NO_PROXY; do
  [ -z "${!name:-}" ] || passed+=(-e "$name")
done

failed=0
times=()
for user in root newcomer; do
  # Git refuses to read a repository of another owner unless it is named.
  # shellcheck disable=SC2016 - the container expands it
  script='set -e
    git config --global --add safe.directory /repository/.git
    git clone --quiet /repository securetranscribe
    cd securetranscribe
    for goal in "$@"; do
      begun=$(date +%s)
      status=0
      make "$goal" || status=$?
      echo "newcomer: $(id -un): make $goal: status $status after $(($(date +%s) - begun)) s"
      [ "$status" = 0 ]
    done'
  home=/home/$user
  [ $user != root ] || home=/root
  log=$(mktemp)
  "$engine" run --rm --user "$user" -e HOME="$home" --workdir "$home" \
    "${options[@]}" "${passed[@]}" -v "$root:/repository:ro" "$image" \
    bash -c "$script" newcomer "${goals[@]}" 2>&1 | tee "$log" || failed=1
  mapfile -t -O "${#times[@]}" times < <(grep '^newcomer: ' "$log")
  rm -f "$log"
done
printf '%s\n' "${times[@]}"
exit "$failed"
