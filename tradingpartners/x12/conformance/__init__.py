"""What the guides allow, and what in a set they do not."""
