-- Profiles that a person merged or deleted for good, so that whoever still refers to one learns what
-- has become of it. A profile that vanished with the last trace of it has no row.
CREATE TABLE gone_profiles (
    profile_id bigint PRIMARY KEY,
    -- What it was merged into; null when that, or the profile itself, was deleted for good.
    into_id bigint REFERENCES profiles ON DELETE SET NULL
);

CREATE INDEX gone_profiles_into ON gone_profiles (into_id);
