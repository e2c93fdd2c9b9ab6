"""The database: the truth of which rows there are and what became of them."""
