"""Who is here: places and their rooms, members, what each may do, and the sessions of their devices."""
