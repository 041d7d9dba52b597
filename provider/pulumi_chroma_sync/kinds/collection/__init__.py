"""Collections: what look-ups ask of them."""
