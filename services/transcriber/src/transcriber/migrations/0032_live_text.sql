-- Text of live sessions can be corrected and annotated like a transcript. Its segments are a machine
-- version that grows, until the transcript of the whole recording takes its place.
ALTER TABLE transcriptions
    -- Whether the segments are those of a live session. False again once there is a transcript.
    ADD COLUMN live_text boolean NOT NULL DEFAULT false;

ALTER TABLE live_segments
    -- Place among the segments. Null in sessions from before this migration.
    ADD COLUMN position integer;
