{{- /* The built-in servers: one pod each, for trials. `user` is the user of their images. */}}
{{- define "securetranscribe.servers" -}}
postgres:
  values: postgres
  user: 999
  ports: { postgres: 5432 }
  data: /var/lib/postgresql/data
  scratch: [/var/run/postgresql]
  variables: { POSTGRES_USER: postgres, PGDATA: /var/lib/postgresql/data/pgdata }
  secrets: { POSTGRES_PASSWORD: postgres-password }
  ready: [pg_isready, -q, -h, 127.0.0.1, -U, postgres]
nats:
  values: nats
  user: 1000
  args: [-c, /etc/nats/nats.conf]
  ports: { client: 4222, monitor: 8222 }
  data: /data
  secrets:
    NATS_SERVICE_PASSWORD: nats-service-password
    NATS_GATEWAY_PASSWORD: nats-gateway-password
    NATS_TRANSCRIBER_PASSWORD: nats-transcriber-password
    NATS_SPEAKERS_PASSWORD: nats-speakers-password
    NATS_TRANSCRIBER_WORKER_PASSWORD: nats-transcriber-worker-password
    NATS_DIARIZER_PASSWORD: nats-diarizer-password
    NATS_EXPORTER_PASSWORD: nats-exporter-password
    NATS_PROVISIONER_PASSWORD: nats-provisioner-password
    NATS_SUBSCRIBER_PASSWORD: nats-subscriber-password
  ready: [wget, -q, -O-, "http://127.0.0.1:8222/healthz?js-enabled-only=true"]
minio:
  values: s3
  user: 1000
  args: [server, /data]
  ports: { s3: 9000 }
  data: /data
  variables: { MINIO_CONFIG_ENV_FILE: "", HOME: /tmp }
  secrets: { MINIO_ROOT_USER: s3-root-access-key, MINIO_ROOT_PASSWORD: s3-root-secret-key }
  ready: [bash, -c, "exec 3<>/dev/tcp/127.0.0.1/9000"]
{{- end }}
