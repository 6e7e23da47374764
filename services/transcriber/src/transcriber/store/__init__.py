"""Tables of the transcriber, one repository per table, with all SQL but the announcer's."""
