"""Configuration: what may be written (schema), reading it with positions (load), telling of it (show)."""
