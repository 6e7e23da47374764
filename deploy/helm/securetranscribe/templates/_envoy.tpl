{{- /* The configuration of Envoy: the listeners common to all deployments, and the clusters of this one. */}}
{{- define "securetranscribe.envoyConfig" -}}
{{- $root := . }}
{{- $file := .Files.Get "files/listeners.yaml" | fromYaml }}
{{- $chain := index (index $file.listeners 0).filter_chains 0 }}
{{- $manager := (index $chain.filters 0).typed_config }}
{{- $_ := set $manager "xff_num_trusted_hops" (int .Values.door.trustedHops) }}
{{- $cors := index (index $manager.route_config.virtual_hosts 0).typed_per_filter_config "envoy.filters.http.cors" }}
{{- $origins := list }}
{{- range .Values.door.corsOrigins }}{{ $origins = append $origins (dict "exact" .) }}{{ end }}
{{- $_ := set $cors "allow_origin_string_match" $origins }}
{{- if .Values.tls.existingSecret }}
{{- $_ := set $chain "transport_socket" (include "securetranscribe.doorTLS" . | fromYaml) }}
{{- end }}
node: { id: edge, cluster: securetranscribe }
admin: { address: { socket_address: { address: 127.0.0.1, port_value: 9901 } } }
overload_manager:
  resource_monitors:
  - name: envoy.resource_monitors.global_downstream_max_connections
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig
      max_active_downstream_connections: 20000
static_resources:
  listeners: {{- toYaml $file.listeners | nindent 2 }}
  clusters:
  {{- range $name := (index (include "securetranscribe.catalog" . | fromYaml) "envoy").calls }}
  {{- $host := include "securetranscribe.host" (dict "root" $root "name" $name) }}
  {{- include "securetranscribe.cluster" (dict "name" $name "host" $host "port" 50051 "http2" true
        "check" (dict "grpc_health_check" dict) "tls" $root.Values.internalTLS.existingSecret) | nindent 2 }}
  {{- end }}
  {{- $gateway := include "securetranscribe.host" (dict "root" $root "name" "gateway") }}
  {{- $check := dict "http_health_check" (dict "path" "/health/ready" "host" "localhost") }}
  {{- include "securetranscribe.cluster" (dict "name" "gateway-http" "host" $gateway "port" 8000 "check" $check) | nindent 2 }}
  {{- include "securetranscribe.cluster" (dict "name" "telemetry" "host" .Values.telemetry.host "port" .Values.telemetry.port "http2" true) | nindent 2 }}
  {{- include "securetranscribe.cluster" (dict "name" "admin" "host" "127.0.0.1" "port" 9901) | nindent 2 }}
{{- end }}
