{{- /*
Facts about the services that do not depend on the values. `calls` are the arrows of the architecture, the
source of addresses and network policies. `servers` store the data of a service. One that is `alone` uses none, and has
no key but its own.
*/}}
{{- define "securetranscribe.catalog" -}}
envoy:
  ports: { http: 8080, status: 9902 }
  metrics: { port: status, path: /stats/prometheus }
  calls: [gateway, transcriber-api, transcriber-worker, diarizer, speakers, exporter]
  servers: []
gateway:
  ports: { http: 8000, grpc: 50051, metrics: 9464 }
  database: gateway
  calls: [transcriber-api, speakers, exporter]
  servers: [postgres, nats]
transcriber-api:
  ports: { grpc: 50051, metrics: 9464 }
  database: transcriber
  calls: [gateway, speakers, transcriber-worker, transcriber-embedder, diarizer]
  servers: [postgres, nats, s3]
transcriber-worker:
  ports: { grpc: 50051, metrics: 9464 }
  stage: transcribe
  calls: [gateway]
  servers: [nats, s3]
transcriber-embedder: { ports: { grpc: 50051, metrics: 9464 }, alone: true, calls: [], servers: [] }
diarizer:
  ports: { grpc: 50051, metrics: 9464 }
  stage: diarize
  calls: [gateway]
  servers: [nats, s3]
speakers:
  ports: { grpc: 50051, metrics: 9464 }
  database: speakers
  calls: [gateway, diarizer]
  servers: [postgres, nats]
exporter:
  ports: { grpc: 50051, metrics: 9464 }
  calls: [gateway, transcriber-api]
  servers: [nats]
{{- end }}

{{- /* The variable with the address of another service. */}}
{{- define "securetranscribe.addressVariable" -}}
{{- index (dict "gateway" "GATEWAY_GRPC" "transcriber-api" "TRANSCRIBER_GRPC" "speakers" "SPEAKERS_GRPC" "transcriber-embedder" "EMBEDDER_GRPC"
  "exporter" "EXPORTER_GRPC" "diarizer" "DIARIZER_GRPC" "transcriber-worker" "SPEECH_GRPC") . }}
{{- end }}
