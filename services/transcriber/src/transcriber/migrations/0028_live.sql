-- Live sessions: captures whose text is recognized while they are recorded. Their transcription
-- exists from the beginning.
ALTER TABLE captures
    -- Encoding, sample rate and channels of the sound. Null for captures without live text.
    ADD COLUMN live jsonb,
    -- The stream that serves the session. A newer one takes its place.
    ADD COLUMN live_stream text NOT NULL DEFAULT '',
    -- Sequence of the newest result.
    ADD COLUMN live_sequence bigint NOT NULL DEFAULT 0,
    -- Seconds that final results and known silence cover.
    ADD COLUMN live_covered double precision NOT NULL DEFAULT 0;

CREATE INDEX captures_live ON captures (transcription_id) WHERE live IS NOT NULL;

-- Seconds of a complete media stream, at its first chunk, once they were measured.
ALTER TABLE capture_chunks ADD COLUMN stream_seconds double precision;

-- Final texts of live sessions, until a transcript replaces them.
CREATE TABLE live_segments (
    transcription_id bigint NOT NULL REFERENCES transcriptions ON DELETE CASCADE,
    segment bigint NOT NULL,
    sequence bigint NOT NULL,
    -- Sequence of the last change of the label, 0 without one.
    label_sequence bigint NOT NULL DEFAULT 0,
    start_seconds double precision NOT NULL,
    end_seconds double precision NOT NULL,
    -- Channel from 1, 0 for a mix.
    channel integer NOT NULL,
    language text NOT NULL,
    label text NOT NULL DEFAULT '',
    continues boolean NOT NULL,
    -- [[text, start, end, probability], ...]
    words jsonb NOT NULL,
    PRIMARY KEY (transcription_id, segment)
);

CREATE UNIQUE INDEX live_segments_sequence ON live_segments (transcription_id, sequence);
