#!/usr/bin/env bash
# Prepares docker compose for production: deploy/compose/production.sh HOST [CERTIFICATE KEY]
#
# Generates random secrets in deploy/compose/secrets (or SECRETS_DIR), copies the certificate of HOST
# or creates a self-signed one, and writes .env so that `docker compose up -d --wait` uses them.
# Existing secrets are kept when it runs again.
set -euo pipefail
umask 077
[ $# -eq 1 ] || [ $# -eq 3 ] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
host=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
secrets=${SECRETS_DIR:-$root/deploy/compose/secrets}

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
keep() { # name, value. The value of an existing secret is ignored
  [ -s "$secrets/$1" ] || printf '%s' "$2" >"$secrets/$1"
}
value() { cat "$secrets/$1"; }
sha256() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -c1-64; }

mkdir -p "$secrets"
for name in admin_token secret_key encryption_key postgres_password gateway_password transcriber_password speakers_password \
  nats_service_password nats_gateway_password nats_transcriber_password nats_speakers_password \
  nats_transcriber_worker_password nats_diarizer_password nats_exporter_password \
  nats_provisioner_password nats_subscriber_password s3_root_secret_key s3_secret_key \
  grafana_password; do
  keep "$name" "$(random)"
done
# Derived again at every run, so that they follow a replaced secret_key.
for worker in transcriber-worker transcriber-embedder diarizer; do
  key=$secrets/$(echo "$worker" | tr - _)_service_key
  rm -f "$key"
  printf 'securetranscribe calls to %s\n%s' "$worker" "$(value secret_key)" | sha256 \
    | tr -d '\n' >"$key"
done
for name in s3_root_access_key s3_access_key; do
  keep "$name" "$(random | cut -c1-20)"
done
keep provision_database_url "postgresql://postgres:$(value postgres_password)@postgres:5432/postgres"
for role in gateway transcriber speakers; do
  keep "${role}_database_url" \
    "postgresql://$role:$(value "${role}_password")@postgres:5432/securetranscribe"
done
keep nats_url "nats://service:$(value nats_service_password)@nats:4222"
for user in gateway transcriber speakers transcriber-worker diarizer exporter; do
  name=$(echo "$user" | tr - _)
  keep "${name}_nats_url" "nats://$user:$(value "nats_${name}_password")@nats:4222"
done
keep nats_provisioner_url "nats://provisioner:$(value nats_provisioner_password)@nats:4222"

if [ $# -eq 3 ]; then
  cp "$2" "$secrets/tls_certificate"
  cp "$3" "$secrets/tls_key"
elif [ ! -s "$secrets/tls_certificate" ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 397 \
    -subj "/CN=$host" -addext "subjectAltName=DNS:$host" \
    -keyout "$secrets/tls_key" -out "$secrets/tls_certificate" 2>/dev/null
  echo "created a self-signed certificate for $host. Pass a real one as the second and third arguments"
fi
# Containers read them as another user. The directory itself is private.
chmod 700 "$secrets"
chmod 444 "$secrets"/*

env_file=$root/.env
touch "$env_file"
setting() { grep -q "^$1=" "$env_file" || printf '%s=%s\n' "$1" "$2" >>"$env_file"; }
setting COMPOSE_FILE docker-compose.yml:deploy/compose/production.yml
setting COMPOSE_PROFILES production
setting ALLOWED_HOSTS "$host,localhost,127.0.0.1"
setting FORCE_HTTPS true
[ -z "${SECRETS_DIR:-}" ] || setting SECRETS_DIR "$secrets"
echo "wrote secrets to $secrets and settings to $env_file. Next: docker compose up -d --wait"
