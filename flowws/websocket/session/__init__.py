"""Sessions: what a handler and a client's block have in hand, and the link to the wire below it."""
