"""What commands are made of: options, early checks, messages, progress. Besides commands it alone knows analysis."""
