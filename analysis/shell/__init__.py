"""What every command needs: exit codes, signals, UTF-8, printable text and files that are replaced atomically."""
