-- Network from which a place in the queue was asked for, as a keyed hash. Empty if it is not known.
ALTER TABLE uploads ADD COLUMN origin text NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN origin text NOT NULL DEFAULT '';
