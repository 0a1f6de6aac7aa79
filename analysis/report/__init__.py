"""A study's report, and that of several studies side by side: pages, figures and tables as files."""
