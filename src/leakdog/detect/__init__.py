"""From numbers over time to what they say: steady, settling, load, or a leak. Pure: arrays in, assessments out."""
