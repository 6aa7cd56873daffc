"""What the documentation site is made of beyond the pages in docs/."""
