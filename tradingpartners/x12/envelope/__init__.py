"""ISA to IEA: read whole or as a stream, checked, written, written again."""
