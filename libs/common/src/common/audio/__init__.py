"""Reading recordings: their kind, whether they are whole, and their sound.

`formats` lists the kinds of files, and `detection` tells them apart by their first bytes, without
the media library. `repair` replaces headers FFmpeg would wrongly believe. `probe` looks
inside. `survey` measures tracks and channels, `channel_plan` makes signals of them, `decoding` and
`windows` yield their sound, `conditioning` keeps it finite and within full scale, and `clips` cuts
pieces out of it.
"""
