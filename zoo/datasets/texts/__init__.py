"""Texts and what is known of them: generated posts, blogs, files of your own."""
