-- All that is read to count the segments of speakers after an edit.
CREATE INDEX segments_speakers ON segments (transcription_id, label)
    INCLUDE (start_seconds, end_seconds, confidence) WHERE NOT superseded;
