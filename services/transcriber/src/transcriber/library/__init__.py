"""Order among transcriptions: titles, tags, folders, favorites and the trash."""
