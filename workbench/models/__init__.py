"""Networks and probability models: autoencoders, diffusion, transformers, Markov chains."""
