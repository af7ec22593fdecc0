"""Simulated payers: a separate program to run Preflight against.

It shares nothing with the product on purpose. It splits X12 by itself and writes 271s from its own
templates, so that a misreading of the guide on one side shows up as a difference on the other.
"""
