"""Every question and answer as it went over the wire: for who supports the desk.

`listing` is what the list reads, `finding` finds by any number, `story` tells one transaction,
`raw` opens its text to who may see it.
"""
