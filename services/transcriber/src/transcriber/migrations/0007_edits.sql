-- Edits of transcripts. `segments` keeps the machine version, which never changes.
ALTER TABLE transcriptions
    -- Grows with every batch of edits and with every new machine version.
    ADD COLUMN revision integer NOT NULL DEFAULT 1,
    -- The revision that stored the machine version.
    ADD COLUMN machine_revision integer NOT NULL DEFAULT 1;

-- Whether rows of edited_segments replace the segment, or none does because it was merged.
ALTER TABLE segments ADD COLUMN superseded boolean NOT NULL DEFAULT false;

-- Segments that edits changed or made.
CREATE TABLE edited_segments (
    transcription_id bigint NOT NULL REFERENCES transcriptions ON DELETE CASCADE,
    item text NOT NULL,
    -- Place among the segments: the position in the machine version, or between two of them.
    rank numeric NOT NULL,
    -- The beginning of the segment and its words, deleted ones included, with their registers.
    items jsonb NOT NULL,
    ids text[] NOT NULL,
    label text NOT NULL,
    text text NOT NULL,
    start_seconds double precision NOT NULL,
    end_seconds double precision NOT NULL,
    confidence double precision NOT NULL,
    language text NOT NULL,
    channel smallint NOT NULL,
    reviewed boolean NOT NULL,
    starred boolean NOT NULL,
    -- False if all words are deleted.
    shown boolean NOT NULL,
    -- [[text, start, end, probability or null, [label, ...], item], ...]
    words jsonb NOT NULL,
    PRIMARY KEY (transcription_id, item)
);

CREATE UNIQUE INDEX edited_segments_rank ON edited_segments (transcription_id, rank);

-- The current revision.
CREATE VIEW current_segments AS
SELECT segments.transcription_id, '' AS item, segments.position,
       segments.position::numeric AS rank, segments.label, segments.text, segments.start_seconds,
       segments.end_seconds, segments.confidence, segments.language, segments.channel,
       false AS reviewed, false AS starred, segments.words, transcriptions.machine_revision
FROM segments JOIN transcriptions ON transcriptions.id = segments.transcription_id
WHERE NOT segments.superseded
UNION ALL
SELECT transcription_id, item, -1, rank, label, text, start_seconds, end_seconds, confidence,
       language, channel, reviewed, starred, words, 0
FROM edited_segments WHERE shown;

ALTER TABLE transcript_speakers
    -- The label of the speaker who this one turned out to be.
    ADD COLUMN merged_into text NOT NULL DEFAULT '',
    ADD COLUMN stamps jsonb NOT NULL DEFAULT '{}';

CREATE TABLE transcript_notes (
    transcription_id bigint NOT NULL REFERENCES transcriptions ON DELETE CASCADE,
    item text NOT NULL,
    note jsonb NOT NULL,
    PRIMARY KEY (transcription_id, item)
);

-- Batches of edits, never changed.
CREATE TABLE transcript_batches (
    transcription_id bigint NOT NULL REFERENCES transcriptions ON DELETE CASCADE,
    revision integer NOT NULL,
    author text NOT NULL,
    request_id text,
    kind text NOT NULL CHECK (kind IN ('edit', 'undo', 'redo')),
    -- The batch that was undone or repeated, 0 for edits.
    target integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    operations jsonb NOT NULL,
    effects jsonb NOT NULL,
    PRIMARY KEY (transcription_id, revision)
);

CREATE INDEX transcript_batches_author ON transcript_batches (author, request_id)
    WHERE request_id IS NOT NULL;
CREATE UNIQUE INDEX transcript_batches_request
    ON transcript_batches (transcription_id, author, request_id);
