"""Pictures of pages: those that are drawn by code, and screenshots."""
