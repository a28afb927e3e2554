"""The fault matrix with root: links and whole hosts."""
from blackbox import lab


def heal_network():
    for words in (("power-on", 1), ("power-on", 2), ("link", "restore"), ("link", "unlimited")):
        lab(*words, check=False)
