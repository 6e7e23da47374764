-- Permanent deletions, merges and splits, which can be undone until `erase_at`.
CREATE TABLE trash (
    trash_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('deletion', 'merge', 'split')),
    profile_id bigint NOT NULL,
    name text NOT NULL,
    -- Null for a deletion.
    into_id bigint,
    into_name text,
    -- Whether a split has made the profile that received the observations.
    made_target boolean NOT NULL DEFAULT false,
    -- Profiles that had been merged into this one before.
    forwarded bigint[] NOT NULL DEFAULT '{}',
    observation_count integer NOT NULL,
    -- Who did it. Empty when its workspace was erased.
    workspace_id text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    erase_at timestamptz NOT NULL,
    CHECK ((kind = 'deletion') = (into_id IS NULL))
);

CREATE INDEX trash_erasure ON trash (erase_at);
CREATE INDEX trash_profile ON trash (profile_id);
CREATE INDEX trash_into ON trash (into_id) WHERE into_id IS NOT NULL;
CREATE INDEX trash_workspace ON trash (workspace_id);

-- The workspace that created a profile, empty when it is not known or was erased.
ALTER TABLE profiles ADD COLUMN workspace_id text NOT NULL DEFAULT '';

-- Copies of deleted rows. They have the columns of their tables, and need those added later.
CREATE TABLE trashed_profiles (
    trash_id bigint PRIMARY KEY REFERENCES trash ON DELETE CASCADE, LIKE profiles);
CREATE TABLE trashed_observations (
    trash_id bigint NOT NULL REFERENCES trash ON DELETE CASCADE, LIKE observations);
CREATE TABLE trashed_decisions (
    trash_id bigint NOT NULL REFERENCES trash ON DELETE CASCADE, LIKE decisions);
CREATE TABLE trashed_recognitions (
    trash_id bigint NOT NULL REFERENCES trash ON DELETE CASCADE, LIKE recognitions);
CREATE INDEX trashed_observations_entry ON trashed_observations (trash_id);
CREATE INDEX trashed_observations_recording ON trashed_observations (transcription_id);
CREATE INDEX trashed_observations_workspace ON trashed_observations (workspace_id);
CREATE INDEX trashed_decisions_entry ON trashed_decisions (trash_id);
CREATE INDEX trashed_decisions_recording ON trashed_decisions (transcription_id);
CREATE INDEX trashed_decisions_workspace ON trashed_decisions (workspace_id);
CREATE INDEX trashed_recognitions_entry ON trashed_recognitions (trash_id);
CREATE INDEX trashed_recognitions_recording ON trashed_recognitions (transcription_id);
CREATE INDEX trashed_recognitions_workspace ON trashed_recognitions (workspace_id);

-- Rows that a merge or a split moved to another profile, where they are.
CREATE TABLE moved_entries (
    trash_id bigint NOT NULL REFERENCES trash ON DELETE CASCADE,
    observation_id bigint NOT NULL,
    PRIMARY KEY (trash_id, observation_id)
);
CREATE TABLE moved_decisions (
    trash_id bigint NOT NULL REFERENCES trash ON DELETE CASCADE,
    transcription_id bigint NOT NULL,
    speaker_label text NOT NULL,
    -- A decision made again since stays where it is.
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (trash_id, transcription_id, speaker_label)
);
CREATE INDEX moved_decisions_recording ON moved_decisions (transcription_id);
