"""`python -m digest`: the command line, where its script is not on the path."""

from digest.cli import main

if __name__ == "__main__":
    main()
