"""Pages where an administrator sets connections up: partners, payers behind them, who asks, and why not.

`fields` says what each kind of connection wants to know, `presets` how well-known partners begin,
`why` puts the findings of `services.routing` into words.
"""
