"""What differs between two clusters, or between one cluster then and now."""
