"""Words, charts and tables for people: pure functions from values to text."""
