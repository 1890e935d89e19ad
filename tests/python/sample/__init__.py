"""Apps written for gunicorn's dirty arbiters, which a test serves with gunicorn and with this host."""
