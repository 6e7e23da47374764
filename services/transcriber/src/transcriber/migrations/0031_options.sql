-- Whether speakers are told apart, and the requested recognition model, empty for the default.
ALTER TABLE transcriptions
    ADD COLUMN diarize boolean NOT NULL DEFAULT true,
    ADD COLUMN model_requested text NOT NULL DEFAULT '';
