"""Cuts any network into ordered stages by recording its own forward once; knows no library of networks.

`recording` runs the forward without values and writes down what it does between its blocks. `cuts` decides where the
recording may be cut and where it is. `stages` makes a module of each part.
"""
