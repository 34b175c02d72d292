"""A page on this machine: give a model a picture, a text or a row, see what it says and why, change it, ask again.

zoo studio runs/pets mobilenet.imagenet

Nothing is loaded from elsewhere; it listens on this machine alone unless told otherwise, and then asks for a token.
"""
