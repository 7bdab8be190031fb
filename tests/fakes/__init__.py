"""Hand-written fakes behind the ports."""
