"""The terminals, which run a flow, by theme. Each is a plain function that `Flow` binds as a method."""
