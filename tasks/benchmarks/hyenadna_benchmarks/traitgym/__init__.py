"""TraitGym: variants with labels, scored by a language model, by blocks of the genome."""
