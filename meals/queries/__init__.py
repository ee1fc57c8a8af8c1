"""What the pages of meals read, a fixed number of queries each. A booking is its owner's alone: others get
`NotFound`."""
