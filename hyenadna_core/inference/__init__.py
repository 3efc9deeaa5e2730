"""What a language model says about a genome: one function a verb, intervals in, arrays out."""
