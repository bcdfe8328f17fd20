"""The quiz service: learners take the course in a browser, coordinators see who is where. Flask, SQLAlchemy, gunicorn."""
