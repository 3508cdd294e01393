"""The server: routes, the answer to a request, and the serving of sessions over any engine."""
