"""271, the answer: values and reader."""
