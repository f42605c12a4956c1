"""`python -m dsview`."""

from dsview.cli import main

main()
