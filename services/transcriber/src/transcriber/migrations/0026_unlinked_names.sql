-- Names as they were before their profile was deleted or merged, while that can be undone.
CREATE TABLE unlinked_names (
    profile bigint NOT NULL,
    transcription_id bigint NOT NULL REFERENCES transcriptions ON DELETE CASCADE,
    label text NOT NULL,
    name_source text NOT NULL,
    match_confidence double precision NOT NULL,
    -- The revision that gave the name. A name given since is another one.
    origin integer NOT NULL,
    PRIMARY KEY (profile, transcription_id, label)
);

CREATE INDEX unlinked_names_transcription ON unlinked_names (transcription_id);
