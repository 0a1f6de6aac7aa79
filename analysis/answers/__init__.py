"""What a report says in sentences: a question is one file here and one line in questions.py."""
