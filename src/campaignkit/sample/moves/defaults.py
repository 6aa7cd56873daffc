"""The moves of the random-proposal annealer, with their shares."""

from __future__ import annotations

from campaignkit.sample.moves.add import add_node
from campaignkit.sample.moves.remove import remove_node
from campaignkit.sample.moves.swap import swap_node

# (move, share of proposals). Adding and removing must be equally likely: their corrections cancel.
# .4 for the two together mixes sizes faster than .2 (measured on 746 nodes).
DEFAULT_MOVES = ((swap_node, 0.6), (add_node, 0.2), (remove_node, 0.2))
