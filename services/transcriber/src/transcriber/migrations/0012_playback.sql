-- Copies of recordings for playback, made while they are recognized and kept with the transcript.
ALTER TABLE transcriptions
    -- Object with the copy, in the bucket of results. Empty without one.
    ADD COLUMN playback_key text NOT NULL DEFAULT '',
    ADD COLUMN playback_type text NOT NULL DEFAULT '',
    ADD COLUMN playback_bytes bigint NOT NULL DEFAULT 0,
    -- Number of signals, in the order of those of the plan by which the copy was made.
    ADD COLUMN playback_channels smallint NOT NULL DEFAULT 0,
    ADD COLUMN playback_seconds double precision NOT NULL DEFAULT 0,
    -- Object with the peaks of the waveform.
    ADD COLUMN peaks_key text NOT NULL DEFAULT '',
    ADD COLUMN peaks_bytes bigint NOT NULL DEFAULT 0;

-- Results whose copies are to be removed, because the transcript has another one. A row stays once
-- they are removed, because the result may be used again.
CREATE TABLE superseded_copies (
    result_key text PRIMARY KEY,
    transcription_id bigint NOT NULL REFERENCES transcriptions ON DELETE CASCADE,
    removed_at timestamptz
);

CREATE INDEX superseded_copies_due ON superseded_copies (transcription_id)
    WHERE removed_at IS NULL;
CREATE INDEX superseded_copies_transcription ON superseded_copies (transcription_id);
