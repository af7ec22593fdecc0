"""The deeds of the gateway, one module each, in the order a question passes them:

planning → claiming → sending (batch) → inbound → overdue; polling brings files to inbound.
"""
