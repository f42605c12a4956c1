"""Recordings: what a session saw, moment by moment, in one SQLite file.

`columns` writes and reads objects, `content` says what a key frame and a batch hold, `writer` and `reader` write and
read the file.
"""
