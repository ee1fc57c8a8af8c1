"""What the pages of turns read, a fixed number of queries each, however many slots, names and swaps there are.

Names are for members who have been met, of slots of today and of those to come: who took which turns in the past is
nobody else's to count.
"""
