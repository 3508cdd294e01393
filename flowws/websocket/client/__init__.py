"""The client: from an address to an open session."""
