"""What opens over a section: questions, forms and close looks, one file each."""
