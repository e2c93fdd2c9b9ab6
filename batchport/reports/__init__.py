"""Papers and pages for people: facts in, a whole document out, with no file opened but a template."""
