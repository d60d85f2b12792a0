"""What is really deployed: what a renderer reads, what it may read, and what it makes of it."""
