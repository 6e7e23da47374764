{{- /* Updates the schema of one service and exits. Takes root, name, facts and values. */}}
{{- define "securetranscribe.migration" -}}
name: {{ .name }}
image: {{ include "securetranscribe.image" . }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
command: [python, -m, {{ .facts.database }}, migrate]
env: {{- include "securetranscribe.environment" . | nindent 0 }}
{{- include "securetranscribe.setupContainer" .root }}
{{- end }}
