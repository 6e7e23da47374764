-- Profiles belong to a pool: that of the deployment (empty), or that of a workspace, whose id it has.
-- Names are unique in a pool, and voices are compared within one. Profiles from before stay in the
-- pool of the deployment.
ALTER TABLE profiles ADD COLUMN pool text NOT NULL DEFAULT '';
DROP INDEX profiles_active_name;
CREATE UNIQUE INDEX profiles_active_name ON profiles (pool, name_key) WHERE active;
DROP INDEX profiles_name;
CREATE INDEX profiles_name ON profiles (pool, name_key, profile_id);

-- Copies need the columns of their table.
ALTER TABLE trashed_profiles ADD COLUMN pool text NOT NULL DEFAULT '';
ALTER TABLE trash ADD COLUMN pool text NOT NULL DEFAULT '';
CREATE INDEX trash_pool ON trash (pool, trash_id);

-- That of the profile, so that neighbors are found in it. Workspaces have few profiles, which are
-- compared one by one.
ALTER TABLE prototypes ADD COLUMN pool text NOT NULL DEFAULT '';
CREATE INDEX prototypes_pool ON prototypes (pool, model_id);
DROP INDEX prototypes_model;
DROP INDEX prototypes_192;
DROP INDEX prototypes_256;
DROP INDEX prototypes_512;
CREATE INDEX prototypes_model ON prototypes (model_id, space);
CREATE INDEX prototypes_192 ON prototypes USING hnsw ((place::vector(192)) vector_cosine_ops)
    WHERE dimension = 192 AND pool = '';
CREATE INDEX prototypes_256 ON prototypes USING hnsw ((place::vector(256)) vector_cosine_ops)
    WHERE dimension = 256 AND pool = '';
CREATE INDEX prototypes_512 ON prototypes USING hnsw ((place::vector(512)) vector_cosine_ops)
    WHERE dimension = 512 AND pool = '';
