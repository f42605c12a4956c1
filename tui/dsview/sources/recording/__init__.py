"""Recordings: the state of a session over time, in one SQLite file.

`columns` encodes and decodes objects, `content` defines key frames and batches, and `writer` and `reader` write and
read the file.
"""
