"""Who speaks when, and in which voices: one timeline from pieces that were diarized alone.

`assembly` joins the windows of a recording within a worker, and `parts` joins the results of
several workers. Both link the speakers of pieces by their voices (`linking`) and merge fragments
(`fragments`). `persons` enforces a requested number of speakers (`limits`).
"""
