"""Tables: public ones, generated ones, files of your own."""
