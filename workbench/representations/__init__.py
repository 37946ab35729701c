"""Music and text as what a network reads: drum rolls, tokens, words, spectrograms, vectors."""
