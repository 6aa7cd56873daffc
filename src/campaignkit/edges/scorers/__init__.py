"""What decides whether two attributes go together: rules, or a language model."""
