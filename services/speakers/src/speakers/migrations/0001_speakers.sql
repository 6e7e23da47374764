-- A person whose voice can be remembered.
CREATE TABLE profiles (
    profile_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    -- The name as it is compared: case and blanks do not count.
    name_key text NOT NULL,
    gender text NOT NULL DEFAULT '',
    age_range text NOT NULL DEFAULT '',
    language text NOT NULL DEFAULT '',
    accent text NOT NULL DEFAULT '',
    description text NOT NULL DEFAULT '',
    verified boolean NOT NULL DEFAULT false,
    active boolean NOT NULL DEFAULT true,
    -- Whether a person made or touched it. Others were made by an assignment, and vanish with the
    -- last trace of it.
    kept boolean NOT NULL,
    -- What an idempotent request that made it was known by.
    request_key text UNIQUE,
    -- Name and description as they are searched: no case, no accents.
    search_name text NOT NULL,
    search_words tsvector NOT NULL,
    -- Derived from the ledger, in the transaction that changes it.
    sample_count integer NOT NULL DEFAULT 0,
    speech_seconds double precision NOT NULL DEFAULT 0,
    confidence double precision NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX profiles_active_name ON profiles (name_key) WHERE active;
CREATE INDEX profiles_name ON profiles (name_key, profile_id);
CREATE INDEX profiles_words ON profiles USING gin (search_words);

-- Voiceprints of two rows are never compared.
CREATE TABLE voice_models (
    model_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    version text NOT NULL,
    dimension integer NOT NULL CHECK (dimension BETWEEN 1 AND 2000),
    UNIQUE (name, version)
);

-- What a person decided about the voices of a recording.
CREATE TABLE decisions (
    transcription_id bigint NOT NULL,
    speaker_label text NOT NULL,
    profile_id bigint NOT NULL REFERENCES profiles ON DELETE CASCADE,
    -- All speech of the voice in the recording.
    speech_seconds double precision NOT NULL,
    -- What the decision was about, so that repeating it can be told from changing it.
    voice_digest bytea NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (transcription_id, speaker_label)
);

CREATE INDEX decisions_profile ON decisions (profile_id);

-- What the machine recognised. It teaches nothing. Rows of both tables of a ledger share their ids.
CREATE SEQUENCE ledger_ids;

CREATE TABLE recognitions (
    observation_id bigint NOT NULL UNIQUE DEFAULT nextval('ledger_ids'),
    transcription_id bigint NOT NULL,
    speaker_label text NOT NULL,
    profile_id bigint NOT NULL REFERENCES profiles ON DELETE CASCADE,
    model_id integer NOT NULL REFERENCES voice_models,
    -- All speech of the voice in the recording, and what its voiceprint rests on.
    speech_seconds double precision NOT NULL,
    voice_seconds double precision NOT NULL,
    confidence double precision NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (transcription_id, speaker_label)
);

CREATE INDEX recognitions_profile ON recognitions (profile_id);

-- The ledger: every voiceprint that a person gave to a profile.
CREATE TABLE observations (
    observation_id bigint PRIMARY KEY DEFAULT nextval('ledger_ids'),
    profile_id bigint NOT NULL REFERENCES profiles ON DELETE CASCADE,
    -- Null for an enrolled clip.
    transcription_id bigint,
    speaker_label text NOT NULL,
    -- The session that taught it; empty when a service did for none.
    session_id text NOT NULL,
    model_id integer NOT NULL REFERENCES voice_models,
    voiceprint vector NOT NULL,
    voice_seconds double precision NOT NULL CHECK (voice_seconds > 0),
    digest bytea NOT NULL,
    clip bytea,
    clip_content_type text,
    request_key text UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((clip IS NULL) = (clip_content_type IS NULL)),
    CHECK ((transcription_id IS NULL) = (speaker_label = ''))
);

CREATE UNIQUE INDEX observations_voice ON observations (transcription_id, speaker_label)
    WHERE transcription_id IS NOT NULL;
CREATE INDEX observations_profile ON observations (profile_id, voice_seconds DESC);

-- One point a profile and model, derived from the ledger; only of active profiles.
CREATE TABLE prototypes (
    profile_id bigint NOT NULL REFERENCES profiles ON DELETE CASCADE,
    model_id integer NOT NULL REFERENCES voice_models,
    dimension integer NOT NULL,
    -- The voice space it lies in: it is computed anew when that changes.
    space text NOT NULL,
    place vector NOT NULL,
    PRIMARY KEY (profile_id, model_id)
);

CREATE INDEX prototypes_model ON prototypes (model_id);
-- An index has a fixed dimension. These are the common ones; others are compared one by one.
CREATE INDEX prototypes_192 ON prototypes USING hnsw ((place::vector(192)) vector_cosine_ops)
    WHERE dimension = 192;
CREATE INDEX prototypes_256 ON prototypes USING hnsw ((place::vector(256)) vector_cosine_ops)
    WHERE dimension = 256;
CREATE INDEX prototypes_512 ON prototypes USING hnsw ((place::vector(512)) vector_cosine_ops)
    WHERE dimension = 512;

-- Events that are still to be published; rows leave the table once NATS has taken them.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject text NOT NULL,
    headers jsonb NOT NULL,
    payload bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
