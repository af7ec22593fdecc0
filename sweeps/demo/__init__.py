"""The demo: a made-up practice, simulated payers as processes of their own, one real sweep.

The simulator makes the population and knows the truth; the product is given only what a practice
knows. Nothing here is imported by the product.
"""
