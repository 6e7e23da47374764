{{- /* The pod of any service. Takes root, name, facts and values. */}}
{{- define "securetranscribe.pod" -}}
serviceAccountName: {{ include "securetranscribe.fullname" .root }}-{{ .name }}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: {{ .values.graceSeconds }}
securityContext: {{- include "securetranscribe.podSecurity" (dict "user" 10001) | nindent 2 }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- include "securetranscribe.placement" . }}
containers:
- name: {{ .name }}
  image: {{ include "securetranscribe.image" . }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  {{- if eq .name "envoy" }}
  args: [-c, /etc/envoy/config/envoy.yaml, --log-level, warning]
  {{- else }}
  env: {{- include "securetranscribe.environment" . | nindent 2 }}
  {{- end }}
  ports:
  {{- range $port, $number := .facts.ports }}
  - { name: {{ $port }}, containerPort: {{ $number }} }
  {{- end }}
  {{- include "securetranscribe.probes" . | nindent 2 }}
  {{- $resources := deepCopy .values.resources }}
  {{- if gt (int .values.gpu) 0 }}
  {{- $resources = mergeOverwrite $resources (dict "limits" (dict "nvidia.com/gpu" (int .values.gpu))) }}
  {{- end }}
  resources: {{- toYaml $resources | nindent 4 }}
  securityContext: {{- include "securetranscribe.containerSecurity" . | nindent 4 }}
  volumeMounts: {{- include "securetranscribe.mounts" . | nindent 2 }}
volumes: {{- include "securetranscribe.volumes" . | nindent 0 }}
{{- end }}
