"""The panes as data: columns, cells, sort keys, filters. Headless."""
