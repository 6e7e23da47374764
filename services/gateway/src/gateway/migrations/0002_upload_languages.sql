-- The transcriber gets the language of an upload itself, also when the field follows the file.
-- Notes of recordings that wait for their start under an earlier version are given up: such a start
-- detects the language.
DROP TABLE upload_languages;
