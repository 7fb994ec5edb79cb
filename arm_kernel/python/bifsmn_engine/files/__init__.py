"""Files that are read: folders that keep to themselves, JSON, checksums."""
