"""Causal language models held to label words: asked as they come, or fine-tuned."""
