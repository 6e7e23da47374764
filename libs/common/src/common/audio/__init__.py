"""Reading recordings: what they are, whether they are whole, and their sound.

`kinds` judges a file by its first bytes, without the media library; `probe` looks inside;
`decoding` and `windows` yield the sound, `flac` writes it.
"""
