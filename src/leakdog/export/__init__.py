"""What leakdog tells Prometheus."""
