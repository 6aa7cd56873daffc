"""The active builder: rounds of judging and learning, with a bound on what is predicted wrong."""
