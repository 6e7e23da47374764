{{- /* Keys of the Secret that a service may read. Workers have fewer. */}}
{{- define "securetranscribe.secretKeys" -}}
{{- $keys := list (ternary (printf "%s-service-key" .name) "secret-key" (or (hasKey .facts "stage") (hasKey .facts "alone"))) }}
{{- if has "nats" .facts.servers }}{{ $keys = append $keys (printf "%s-nats-url" (default .name .facts.database)) }}{{ end }}
{{- with .facts.database }}{{ $keys = append $keys (printf "%s-database-url" .) }}{{ end }}
{{- if and (has "s3" .facts.servers) (not .facts.stage) }}{{ $keys = concat $keys (list "s3-access-key" "s3-secret-key") }}{{ end }}
{{- if and (eq .name "transcriber-api") .root.Values.secrets.adminToken }}{{ $keys = append $keys "admin-token" }}{{ end }}
{{- if and (eq .name "transcriber-api") .root.Values.secrets.encryptionKey }}{{ $keys = append $keys "encryption-key" }}{{ end }}
{{- if and (eq .name "gateway") .root.Values.secrets.oidcProviders }}{{ $keys = append $keys "oidc-providers" }}{{ end }}
{{- toJson $keys }}
{{- end }}
