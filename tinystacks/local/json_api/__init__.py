"""The AWS JSON 1.1 protocol as a server speaks it, for the APIs that the local AWS answers itself."""
