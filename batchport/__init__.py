"""batchport moves telephone numbers in bulk: sheets in, carriers' orders out, and everybody told."""

__version__ = "0.1.0"
