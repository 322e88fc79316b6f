"""What can a newcomer try before there is real data? A sample clinic and messages for it."""
