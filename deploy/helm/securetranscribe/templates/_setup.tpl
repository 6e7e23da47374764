{{- /* Provisioning reads more secrets than any service. Only existing ones are named. */}}
{{- define "securetranscribe.provisioning" -}}
{{- $keys := list "gateway-database-url" "transcriber-database-url" "speakers-database-url" "nats-url" }}
{{- if .Values.postgres.provision }}{{ $keys = append $keys "provision-database-url" }}{{ end }}
{{- if .Values.s3.provision }}{{ $keys = concat $keys (list "s3-access-key" "s3-secret-key") }}{{ end }}
{{- if and .Values.s3.builtin .Values.s3.provision }}{{ $keys = concat $keys (list "s3-root-access-key" "s3-root-secret-key") }}{{ end }}
{{- if .Values.nats.provision }}{{ $keys = append $keys "nats-provisioner-url" }}{{ end }}
name: provision
image: {{ include "securetranscribe.image" (dict "root" . "name" "transcriber-api" "values" dict) }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
command: [python, -m, common.provisioning]
env:
{{- range $keys }}
- { name: {{ . | replace "-" "_" | upper }}_FILE, value: /run/secrets/securetranscribe/{{ . }} }
{{- end }}
{{- if .Values.s3.provision }}
- { name: S3_ENDPOINT, value: {{ include "securetranscribe.s3Endpoint" . | quote }} }
- { name: S3_REGION, value: {{ .Values.s3.region | quote }} }
- { name: S3_BUCKET_AUDIO, value: {{ .Values.s3.buckets.audio | quote }} }
- { name: S3_BUCKET_RESULTS, value: {{ .Values.s3.buckets.results | quote }} }
{{- end }}
{{- include "securetranscribe.setupContainer" . }}
{{- end }}

{{- define "securetranscribe.setupContainer" }}
resources: { requests: { cpu: 50m, memory: 96Mi }, limits: { cpu: "1", memory: 256Mi } }
securityContext: {{- include "securetranscribe.containerSecurity" . | nindent 2 }}
volumeMounts:
- { name: tmp, mountPath: /tmp }
- { name: secrets, mountPath: /run/secrets/securetranscribe, readOnly: true }
{{- end }}
