"""What the formats share: safe characters, order, counts, the excerpt with its caret."""
