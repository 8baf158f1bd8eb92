"""Pages and API of the daemon. Views are pure functions of what the pipeline holds."""
