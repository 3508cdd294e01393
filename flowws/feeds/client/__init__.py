"""The client of feeds: it reconnects, resumes, and loses nothing without saying so."""
