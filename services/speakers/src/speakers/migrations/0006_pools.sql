-- Profiles belong to a pool: that of the deployment (empty), or that of a workspace, whose id it has.
-- Names are unique in a pool, and voices are compared within one. Profiles from before stay in the
-- pool of the deployment.
ALTER TABLE profiles ADD COLUMN pool text NOT NULL DEFAULT '';
DROP INDEX profiles_active_name;
CREATE UNIQUE INDEX profiles_active_name ON profiles (pool, name_key) WHERE active;
CREATE INDEX profiles_pool ON profiles (pool, name_key, profile_id);

-- Copies need the columns of their table.
ALTER TABLE trashed_profiles ADD COLUMN pool text NOT NULL DEFAULT '';
ALTER TABLE trash ADD COLUMN pool text NOT NULL DEFAULT '';
CREATE INDEX trash_pool ON trash (pool, trash_id);

-- That of the profile, so that neighbors are found in it. Workspaces have few profiles, which are
-- compared one by one.
ALTER TABLE prototypes ADD COLUMN pool text NOT NULL DEFAULT '';
CREATE INDEX prototypes_pool ON prototypes (pool, model_id);
