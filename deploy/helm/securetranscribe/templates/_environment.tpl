{{- /* Variables of a service: its addresses, the paths of its secrets, and the settings of the values. */}}
{{- define "securetranscribe.environment" -}}
{{- $all := dict -}}
{{- $root := .root -}}
{{- range .facts.calls }}
{{- $host := include "securetranscribe.host" (dict "root" $root "name" .) }}
{{- $_ := set $all (include "securetranscribe.addressVariable" .) (printf "%s:50051" $host) }}
{{- end }}
{{- range $key := include "securetranscribe.secretKeys" . | fromJsonArray }}
{{- $variable := regexReplaceAll "^.+-(database-url|service-key|nats-url)$" $key "${1}" | replace "-" "_" | upper }}
{{- $_ := set $all (printf "%s_FILE" $variable) (printf "/run/secrets/securetranscribe/%s" $key) }}
{{- end }}
{{- if and (has "s3" .facts.servers) (not .facts.stage) }}
{{- $_ := set $all "S3_ENDPOINT" (include "securetranscribe.s3Endpoint" $root) }}
{{- $_ := set $all "S3_REGION" $root.Values.s3.region }}
{{- $_ := set $all "S3_BUCKET_AUDIO" $root.Values.s3.buckets.audio }}
{{- $_ := set $all "S3_BUCKET_RESULTS" $root.Values.s3.buckets.results }}
{{- end }}
{{- if .facts.stage }}
{{- $cores := regexFind "^[0-9]+$" (dig "requests" "cpu" "1" .values.resources | toString) }}
{{- $_ := set $all "MODEL_THREADS" (default "1" $cores) }}
{{- $_ := set $all "USE_GPU" (gt (int .values.gpu) 0 | toString) }}
{{- $_ := set $all "MODEL_DIR" (ternary "/opt/models" "/models" (eq $root.Values.models.source "claim")) }}
{{- end }}
{{- $_ := set $all "SHUTDOWN_GRACE_SECONDS" (sub (int .values.graceSeconds) 15) }}
{{- if has .name (list "gateway" "transcriber-api" "speakers" "exporter") }}
{{- with include "securetranscribe.trustedProxies" $root }}{{ $_ := set $all "TRUSTED_PROXIES" . }}{{ end }}
{{- end }}
{{- if and (eq .name "gateway") $root.Values.ingress.enabled }}
{{- $_ := set $all "ALLOWED_HOSTS" (printf "%s,localhost,127.0.0.1" $root.Values.ingress.host) }}
{{- end }}
{{- if $root.Values.internalTLS.existingSecret }}
{{- range $variable, $file := dict "CERT" "tls.crt" "KEY" "tls.key" "CA" "ca.crt" }}
{{- $_ := set $all (printf "GRPC_TLS_%s" $variable) (printf "/run/secrets/internal-tls/%s" $file) }}
{{- end }}
{{- end }}
{{- range $name, $value := merge (dict) .values.settings $root.Values.settings $all }}
- { name: {{ $name }}, value: {{ $value | toString | quote }} }
{{- end }}
{{- end }}

{{- /* Who may report the addresses of clients: Envoy, or all pods while policies admit only Envoy to the gateway. */}}
{{- define "securetranscribe.trustedProxies" -}}
{{- $policy := .Values.networkPolicy }}
{{- join "," (default (ternary $policy.podCidrs list $policy.enabled) .Values.door.podCidrs) }}
{{- end }}
