"""`python -m coursewright` is the same program as `build.py`."""

from coursewright.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
