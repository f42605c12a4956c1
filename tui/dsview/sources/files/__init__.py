"""Objects from files: what kubectl wrote, directories of it, dsview's own snapshots."""

from dsview.sources.files.source import FilesSource

__all__ = ["FilesSource"]
