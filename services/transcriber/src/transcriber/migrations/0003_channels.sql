-- All that a later change of the mode needs to know about the channels of a recording. Recordings
-- without a row are processed by the average of their default track. The table is separate because
-- it is only read when a job starts.
CREATE TABLE surveys (
    transcription_id bigint PRIMARY KEY REFERENCES transcriptions ON DELETE CASCADE,
    survey jsonb NOT NULL
);

ALTER TABLE transcriptions
    ADD COLUMN channels_requested text NOT NULL DEFAULT 'auto'
        CHECK (channels_requested IN ('auto', 'mix', 'separate')),
    -- The plan of the stored transcript. Without one, that of the last job or of the upload.
    ADD COLUMN channel_plan jsonb,
    -- Found at upload. Unlike other warnings, they do not depend on the transcript.
    ADD COLUMN file_warnings text[] NOT NULL DEFAULT '{}';

ALTER TABLE jobs ADD COLUMN channel_plan jsonb;

-- Number of the channel in the plan, from 1, and 0 in a mix.
ALTER TABLE segments ADD COLUMN channel smallint NOT NULL DEFAULT 0;
ALTER TABLE transcript_speakers ADD COLUMN channel smallint NOT NULL DEFAULT 0;
