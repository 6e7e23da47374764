{{- /* The pod of a built-in server. Takes root, name, facts and values. */}}
{{- define "securetranscribe.server" -}}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: 60
securityContext: {{- include "securetranscribe.podSecurity" .facts | nindent 2 }}
containers:
- name: {{ .name }}
  image: {{ .values.image }}
  {{- with .facts.args }}
  args: {{- toYaml . | nindent 2 }}
  {{- end }}
  env:
  {{- range $name, $value := .facts.variables }}
  - { name: {{ $name }}, value: {{ $value | quote }} }
  {{- end }}
  {{- range $name, $key := .facts.secrets }}
  - name: {{ $name }}
    valueFrom: { secretKeyRef: { name: {{ include "securetranscribe.secretName" $.root }}, key: {{ $key }} } }
  {{- end }}
  ports:
  {{- range $port, $number := .facts.ports }}
  - { name: {{ $port }}, containerPort: {{ $number }} }
  {{- end }}
  readinessProbe: { exec: { command: {{ toJson .facts.ready }} }, periodSeconds: 5, timeoutSeconds: 5 }
  resources: {{- toYaml .values.resources | nindent 4 }}
  securityContext: {{- include "securetranscribe.containerSecurity" . | nindent 4 }}
  volumeMounts:
  - { name: data, mountPath: {{ .facts.data }} }
  {{- range $i, $path := concat (list "/tmp") (default list .facts.scratch) }}
  - { name: scratch, mountPath: {{ $path }}, subPath: scratch-{{ $i }} }
  {{- end }}
  {{- if eq .name "nats" }}
  - { name: config, mountPath: /etc/nats, readOnly: true }
  {{- end }}
volumes:
- { name: scratch, emptyDir: {} }
{{- if eq .name "nats" }}
- { name: config, configMap: { name: {{ include "securetranscribe.fullname" .root }}-nats } }
{{- end }}
{{- end }}
