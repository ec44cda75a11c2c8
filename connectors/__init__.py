"""What the platforms know: plain Python, without Django, Celery or a database."""
