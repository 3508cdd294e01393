"""The marble diagrams of docs/operators.md, each drawn from a real run in virtual time."""
