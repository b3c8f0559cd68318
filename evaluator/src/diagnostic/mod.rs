//! What is wrong with rules files, told to the people who write them.
