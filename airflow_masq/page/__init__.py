"""The files of the page "Masquerade", and where it is."""
