{{- /* Permitted callers of a service: those with an arrow to it, and readers of its metrics. */}}
{{- define "securetranscribe.callers" -}}
{{- $policy := .root.Values.networkPolicy }}
{{- if eq .name "envoy" }}
- ports: [{ port: http }]
  {{- with $policy.doorFrom }}
  from: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- range $caller, $facts := .catalog }}
{{- if has $.name $facts.calls }}
- from:
  - podSelector:
      matchLabels: {{- include "securetranscribe.selector" (dict "root" $.root "name" $caller) | nindent 8 }}
  ports: [{ port: grpc }{{ if and (eq $caller "envoy") (eq $.name "gateway") }}, { port: http }{{ end }}]
{{- end }}
{{- end }}
{{- if .facts.ports.grpc }}
- from:
  - podSelector:
      matchLabels: {{- include "securetranscribe.selector" (dict "root" .root "name" "test") | nindent 8 }}
  ports: [{ port: grpc }]
{{- end }}
- ports: [{ port: {{ (default (dict "port" "metrics") .facts.metrics).port }} }]
  {{- with $policy.metricsFrom }}
  from: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "securetranscribe.egressDNS" -}}
- ports: [{ port: 53, protocol: UDP }, { port: 53, protocol: TCP }]
  to: {{- toYaml .Values.networkPolicy.dns | nindent 2 }}
{{- end }}

{{- /* Permitted destination of a server: the built-in pod, otherwise the addresses in the values. */}}
{{- define "securetranscribe.egressServer" -}}
{{- $settings := index .root.Values .server }}
{{- $name := ternary "minio" .server (eq .server "s3") }}
- ports: [{ port: {{ ternary (index (dict "postgres" 5432 "nats" 4222 "s3" 9000) .server) $settings.port $settings.builtin }} }]
  to:
  {{- if $settings.builtin }}
  - podSelector:
      matchLabels: {{- include "securetranscribe.selector" (dict "root" .root "name" $name) | nindent 8 }}
  {{- else }}
  {{- range $settings.cidrs }}
  - ipBlock: { cidr: {{ . }} }
  {{- end }}
  {{- end }}
{{- end }}
