"""Quality of transcripts on public recordings, next to plain scripts and another diarizer."""
