"""Pages: rendering, forms, answers, errors, static files, and the shell around every request."""
