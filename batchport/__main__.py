"""`python -m batchport`, and the `batchport` command."""

from batchport.cli import main

if __name__ == "__main__":
    main()
