"""One pass: reconcile, intake, submit, notify. The only room that joins the domain to files, the database and mail."""
