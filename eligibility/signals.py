"""The one signal of our own: upward, in bulk, inside the transaction that moved the checks."""

from django.dispatch import Signal

# checks_moved.send(sender, check_ids): these were sent, settled, or settled anew. A receiver's
# error undoes the move.
checks_moved = Signal()
