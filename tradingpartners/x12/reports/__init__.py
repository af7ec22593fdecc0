"""What an input says, as JSON and in words for a biller."""
