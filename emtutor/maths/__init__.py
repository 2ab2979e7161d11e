"""The mathematics of EM: nothing here knows of lessons, films or files."""
