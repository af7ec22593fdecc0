"""999, what is said of sets that came: values, reader, writer; 997 is read."""
