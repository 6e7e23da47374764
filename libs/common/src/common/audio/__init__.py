"""Reading recordings: their kind, whether they are whole, and their sound.

`kinds` judges a file by its first bytes, without the media library. `probe` looks inside.
`decoding` and `windows` yield the sound, `conditioning` keeps it finite and within full scale, and
`flac` writes it.
"""
