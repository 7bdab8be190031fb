"""Commands of `tstack` that come in groups, and the options that all share; `cli.py` puts them together."""
