"""One file for each way to a model: Gemini, OpenAI's protocol, transformers, a function."""
