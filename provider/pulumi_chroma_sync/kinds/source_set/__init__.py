"""Sets of sources: what is declared, the plan of a change, carrying it out, the state, the sentences."""
