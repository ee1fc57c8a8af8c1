"""What happens when and where, and who takes part: the one owner of time.

Words: an *entry* is one thing at one time in one place; *taking part* is a member in an entry; a *feed* is a calendar
address that programs read; a *happening* is what one iCalendar event says.
"""
