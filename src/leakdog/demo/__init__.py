"""Two small programs that `leakdog demo` starts and watches: one leaks, one only looks as if it might."""
