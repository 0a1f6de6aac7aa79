"""What every command needs: exit codes, signals, UTF-8, texts safe to print, files replaced as a whole."""
