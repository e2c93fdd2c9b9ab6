"""When, never what: the scheduler starts passes, and a pass does not know of it."""
