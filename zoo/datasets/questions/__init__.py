"""Stories, questions about them, and answers."""
