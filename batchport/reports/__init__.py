"""Papers and pages for people: letters of authorization and the report; facts in, a whole document out, with no file opened but a template."""
