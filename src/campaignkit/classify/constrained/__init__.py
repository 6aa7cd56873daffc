"""A causal language model held to the label words: its tokens, its prompts, its head."""
