"""270, the question: values, reader, writer."""
