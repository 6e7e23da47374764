-- Folders, tags, favorites, titles and the trash.
CREATE TABLE folders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id text NOT NULL,
    -- A folder within another one has no folders itself.
    parent_id bigint REFERENCES folders,
    name text NOT NULL,
    -- The name without differences of case, by which it is unique.
    folded text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX folders_name ON folders (workspace_id, coalesce(parent_id, 0), folded);
CREATE INDEX folders_parent ON folders (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE tags (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id text NOT NULL,
    name text NOT NULL,
    folded text NOT NULL,
    -- #rrggbb, empty without one.
    color text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX tags_name ON tags (workspace_id, folded);

CREATE TABLE transcription_tags (
    transcription_id bigint NOT NULL REFERENCES transcriptions ON DELETE CASCADE,
    tag_id bigint NOT NULL REFERENCES tags ON DELETE CASCADE,
    PRIMARY KEY (transcription_id, tag_id)
);

CREATE INDEX transcription_tags_tag ON transcription_tags (tag_id);

ALTER TABLE transcriptions
    -- Empty if none was given or suggested. The name of the file is shown then.
    ADD COLUMN title text NOT NULL DEFAULT '',
    ADD COLUMN title_source text NOT NULL DEFAULT 'file'
        CHECK (title_source IN ('file', 'suggested', 'own')),
    -- The transcript that a title was last suggested for, as its transcript_at.
    ADD COLUMN title_of timestamptz,
    ADD COLUMN folder_id bigint REFERENCES folders ON DELETE SET NULL,
    ADD COLUMN favorite boolean NOT NULL DEFAULT false,
    -- When its owner moved it to the trash. Owners find only those where it is null.
    ADD COLUMN trashed_at timestamptz;

CREATE INDEX transcriptions_folder ON transcriptions (folder_id) WHERE folder_id IS NOT NULL;
CREATE INDEX transcriptions_trash ON transcriptions (trashed_at) WHERE trashed_at IS NOT NULL;
CREATE INDEX transcriptions_untitled ON transcriptions (transcript_at)
    WHERE transcript_at IS NOT NULL AND title_source <> 'own'
      AND (title_of IS NULL OR title_of < transcript_at);
