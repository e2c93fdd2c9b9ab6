"""A carrier to port against, played from the submission files alone: it imports nothing of batchport."""
