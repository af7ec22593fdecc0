"""What a 271 means: who is covered, when, for what, and at what price."""
