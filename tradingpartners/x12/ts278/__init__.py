"""278, the review of health care services: values, reader, writer, what was decided."""
