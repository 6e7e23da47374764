{{- /* One cluster of Envoy. Takes name, host, port and optionally http2, check and tls. */}}
{{- define "securetranscribe.cluster" -}}
- name: {{ .name }}
  type: STRICT_DNS
  connect_timeout: 2s
  ignore_health_on_host_removal: true
  common_lb_config: { healthy_panic_threshold: { value: 0 } }
  lb_policy: LEAST_REQUEST
  circuit_breakers:
    thresholds: [{ max_connections: 4096, max_pending_requests: 4096, max_requests: 4096 }]
  load_assignment:
    cluster_name: {{ .name }}
    endpoints:
    - lb_endpoints:
      - endpoint: { address: { socket_address: { address: {{ .host }}, port_value: {{ .port }} } } }
  {{- if .http2 }}
  typed_extension_protocol_options:
    envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
      "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
      explicit_http_config:
        http2_protocol_options: { connection_keepalive: { interval: 30s, timeout: 5s } }
  {{- end }}
  {{- with .check }}
  health_checks:
  - timeout: 2s
    interval: 5s
    no_traffic_interval: 5s
    unhealthy_interval: 1s
    unhealthy_threshold: 2
    healthy_threshold: 1
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if .tls }}
  transport_socket: {{- include "securetranscribe.serviceTLS" . | nindent 4 }}
  {{- end }}
{{- end }}
