"""The operators, by theme. Each is a plain function that `Flow` binds as a method."""
