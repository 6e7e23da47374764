{{- /* Volumes of a pod, in the same order as _mounts. Takes root, name, facts and values. */}}
{{- define "securetranscribe.volumes" -}}
- name: tmp
  emptyDir: { sizeLimit: {{ .root.Values.temporaryStorage }} }
{{- if eq .name "envoy" }}
- name: config
  configMap: { name: {{ include "securetranscribe.fullname" .root }}-envoy }
{{- with .root.Values.tls.existingSecret }}
- name: certificate
  secret: { secretName: {{ . }}, defaultMode: 0440 }
{{- end }}
{{- else }}
- name: secrets
  secret:
    secretName: {{ include "securetranscribe.secretName" .root }}
    defaultMode: 0440
    items:
    {{- range include "securetranscribe.secretKeys" . | fromJsonArray }}
    - { key: {{ . }}, path: {{ . }} }
    {{- end }}
{{- end }}
{{- with .root.Values.internalTLS.existingSecret }}
- name: internal-tls
  secret: { secretName: {{ . }}, defaultMode: 0440 }
{{- end }}
{{- if and .facts.stage (eq .root.Values.models.source "claim") }}
- name: models
  persistentVolumeClaim: { claimName: {{ include "securetranscribe.modelsClaim" .root }}, readOnly: true }
{{- end }}
{{- end }}

{{- define "securetranscribe.mounts" -}}
- { name: tmp, mountPath: /tmp }
{{- if eq .name "envoy" }}
- { name: config, mountPath: /etc/envoy/config, readOnly: true }
{{- if .root.Values.tls.existingSecret }}
- { name: certificate, mountPath: /run/secrets/tls, readOnly: true }
{{- end }}
{{- else }}
- { name: secrets, mountPath: /run/secrets/securetranscribe, readOnly: true }
{{- end }}
{{- if .root.Values.internalTLS.existingSecret }}
- { name: internal-tls, mountPath: /run/secrets/internal-tls, readOnly: true }
{{- end }}
{{- if and .facts.stage (eq .root.Values.models.source "claim") }}
- { name: models, mountPath: /opt/models, readOnly: true }
{{- end }}
{{- end }}
