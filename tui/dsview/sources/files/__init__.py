"""Objects from files: output of kubectl, directories of it, and dsview's own snapshots."""

from dsview.sources.files.source import FilesSource

__all__ = ["FilesSource"]
