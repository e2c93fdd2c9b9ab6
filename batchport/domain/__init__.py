"""The trade itself: no files, no database, no clock, no network."""
