-- Vocabulary of a workspace. `key` is the form in which spellings are equal.
CREATE TABLE vocabulary_terms (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id text NOT NULL,
    text text NOT NULL,
    key text NOT NULL,
    -- Empty for all languages.
    language text NOT NULL,
    -- Transcripts that the term was found in, and when that was last.
    transcripts integer NOT NULL DEFAULT 0,
    found_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, key, language)
);

CREATE TABLE vocabulary_corrections (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id text NOT NULL,
    heard text NOT NULL,
    key text NOT NULL,
    meant text NOT NULL,
    language text NOT NULL,
    match_case boolean NOT NULL,
    uses integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, key, language)
);

-- Words that a person replaced by hand, from which corrections are suggested. `item` is the word
-- that has the replacement, and `revision` the batch that wrote it.
CREATE TABLE vocabulary_observations (
    transcription_id bigint NOT NULL REFERENCES transcriptions ON DELETE CASCADE,
    item text NOT NULL,
    revision integer NOT NULL,
    heard text NOT NULL,
    key text NOT NULL,
    meant text NOT NULL,
    PRIMARY KEY (transcription_id, item)
);

-- Suggestions that the owner does not want.
CREATE TABLE vocabulary_dismissals (
    workspace_id text NOT NULL,
    key text NOT NULL,
    meant text NOT NULL,
    PRIMARY KEY (workspace_id, key, meant)
);

-- What has been undone or repeated.
CREATE INDEX transcript_batches_target ON transcript_batches (transcription_id, target)
    WHERE target > 0;
