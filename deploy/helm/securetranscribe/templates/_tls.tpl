{{- /* TLS of the entry point. Envoy watches the file of the certificate for renewals. */}}
{{- define "securetranscribe.doorTLS" -}}
name: envoy.transport_sockets.tls
typed_config:
  "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
  common_tls_context:
    tls_params: { tls_minimum_protocol_version: TLSv1_2 }
    alpn_protocols: [h2, http/1.1]
    tls_certificate_sds_secret_configs:
    - name: edge
      sds_config: { resource_api_version: V3, path_config_source: { path: /etc/envoy/config/tls.yaml } }
{{- end }}

{{- define "securetranscribe.doorCertificate" -}}
resources:
- "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret
  name: edge
  tls_certificate:
    certificate_chain: { filename: /run/secrets/tls/tls.crt }
    private_key: { filename: /run/secrets/tls/tls.key }
    watched_directory: { path: /run/secrets/tls }
{{- end }}

{{- /* Mutual TLS between Envoy and a service. Takes host. */}}
{{- define "securetranscribe.serviceTLS" -}}
name: envoy.transport_sockets.tls
typed_config:
  "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
  sni: {{ .host }}
  common_tls_context:
    alpn_protocols: [h2]
    validation_context:
      trusted_ca: { filename: /run/secrets/internal-tls/ca.crt }
      match_typed_subject_alt_names: [{ san_type: DNS, matcher: { exact: {{ .host }} } }]
    tls_certificates:
    - certificate_chain: { filename: /run/secrets/internal-tls/tls.crt }
      private_key: { filename: /run/secrets/internal-tls/tls.key }
{{- end }}
