"""The app's sections, one file each."""
