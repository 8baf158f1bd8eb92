"""The judge: series in, assessments out. Pure: arrays, and the time as an argument."""
