"""What each pane shows, as data: columns, cells, flags, sort keys. Headless."""
