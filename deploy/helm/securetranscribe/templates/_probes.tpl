{{- /* Startup, readiness and liveness probes of a container. Takes root, name and facts. */}}
{{- define "securetranscribe.probes" -}}
{{- if eq .name "envoy" }}
readinessProbe:
  httpGet: { path: /ready, port: status }
  periodSeconds: 5
livenessProbe:
  tcpSocket: { port: status }
  periodSeconds: 15
{{- else }}
{{- $tls := .root.Values.internalTLS.existingSecret }}
startupProbe:
  {{- include "securetranscribe.grpcProbe" $tls | nindent 2 }}
  # Workers load models, and all services wait for their servers.
  periodSeconds: 5
  failureThreshold: 60
readinessProbe:
  {{- include "securetranscribe.grpcProbe" $tls | nindent 2 }}
  periodSeconds: 10
livenessProbe:
  # A draining worker reports NOT_SERVING and must not be killed for it.
  tcpSocket: { port: grpc }
  periodSeconds: 20
  failureThreshold: 6
{{- end }}
{{- end }}

{{- define "securetranscribe.grpcProbe" -}}
timeoutSeconds: 6
{{- if . }}
exec: { command: [python, -m, common.healthcheck] }
{{- else }}
grpc: { port: 50051 }
{{- end }}
{{- end }}
