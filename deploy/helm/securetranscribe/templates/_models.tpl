{{- define "securetranscribe.modelsClaim" -}}
{{- default (printf "%s-models" (include "securetranscribe.fullname" .)) .Values.models.existingClaim }}
{{- end }}

{{- define "securetranscribe.modelsPod" -}}
{{- $settings := merge (dict) .Values.settings (index .Values.services "transcriber-worker").settings (index .Values.services "diarizer").settings }}
restartPolicy: OnFailure
automountServiceAccountToken: false
enableServiceLinks: false
securityContext: {{- include "securetranscribe.podSecurity" (dict "user" 10001) | nindent 2 }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
containers:
- name: models
  image: {{ include "securetranscribe.image" (dict "root" . "name" "transcriber-worker" "values" (dict "gpu" 0)) }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command: [python, -m, common.models, pull, --profile, {{ .Values.models.profile }}, --model-dir, /opt/models]
  env:
  {{- range list "SPEECH_ENGINE" "SPEECH_ENGINE_ENGLISH" "WHISPER_MODEL_SIZE" "PYANNOTE_MODEL" }}
  - { name: {{ . }}, value: {{ index $settings . | default "" | quote }} }
  {{- end }}
  {{- with .Values.models.tokenSecret }}
  - name: HF_TOKEN
    valueFrom: { secretKeyRef: { name: {{ . }}, key: hf-token } }
  {{- end }}
  resources: { requests: { cpu: 200m, memory: 256Mi }, limits: { cpu: "2", memory: 2Gi } }
  securityContext: {{- include "securetranscribe.containerSecurity" . | nindent 4 }}
  volumeMounts:
  - { name: tmp, mountPath: /tmp }
  - { name: models, mountPath: /opt/models }
volumes:
- { name: tmp, emptyDir: {} }
- { name: models, persistentVolumeClaim: { claimName: {{ include "securetranscribe.modelsClaim" . }} } }
{{- end }}
