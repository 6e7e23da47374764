"""Reading recordings: what they are, whether they are whole, and their sound.

`kinds` judges a file by its first bytes, without the media library; `probe` looks inside;
`decoding` and `windows` yield the sound, `conditioning` keeps it finite and within full scale,
`flac` writes it.
"""
