"""The deeds of the gateway, in the order a question passes them.

planning → claiming → sending (files or live, over the wire) → inbound → overdue; polling brings files
to inbound. `attempts` holds every step and end of an attempt, `interchanges` the control numbers.
"""
