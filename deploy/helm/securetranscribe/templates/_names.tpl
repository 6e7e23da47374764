{{- define "securetranscribe.fullname" -}}
{{- default .Release.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- /* Labels of one component. Takes root and name. */}}
{{- define "securetranscribe.labels" -}}
{{ include "securetranscribe.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: securetranscribe
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "securetranscribe.selector" -}}
app.kubernetes.io/name: securetranscribe
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{- define "securetranscribe.metadata" -}}
name: {{ include "securetranscribe.fullname" .root }}-{{ .name }}
namespace: {{ .root.Release.Namespace }}
labels: {{- include "securetranscribe.labels" . | nindent 2 }}
{{- end }}

{{- /* Image of a component, with CUDA for workers with GPUs. */}}
{{- define "securetranscribe.image" -}}
{{- $image := .root.Values.image -}}
{{ $image.prefix }}/{{ .name }}:{{ default .root.Chart.AppVersion $image.tag }}{{ if gt (int .values.gpu) 0 }}-cuda{{ end }}
{{- end }}

{{- /* Host name of a component or a built-in server, in the form used by certificates. */}}
{{- define "securetranscribe.host" -}}
{{ include "securetranscribe.fullname" .root }}-{{ .name }}.{{ .root.Release.Namespace }}.svc
{{- end }}

{{- define "securetranscribe.secretName" -}}
{{- default (printf "%s-secrets" (include "securetranscribe.fullname" .)) .Values.secrets.existingSecret }}
{{- end }}

{{- define "securetranscribe.s3Endpoint" -}}
{{- if .Values.s3.builtin }}http://{{ include "securetranscribe.host" (dict "root" . "name" "minio") }}:9000
{{- else }}{{ .Values.s3.endpoint }}{{ end }}
{{- end }}
