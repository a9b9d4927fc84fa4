"""From accelerators to tokens, and from tokens to money and joules."""
