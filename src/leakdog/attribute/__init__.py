"""Which code holds what grows: site identity, growth per site, culprits, and the class of a leak. Pure."""
