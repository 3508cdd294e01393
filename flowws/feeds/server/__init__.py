"""The server of feeds: a hub per feed, audiences of those who want the same, and a stage for who is behind."""
