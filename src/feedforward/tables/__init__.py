"""From files to columns to numbers. Knows nothing of networks."""
