"""The commands of this distribution: `hyenadna benchmark SUITE` and `hyenadna audit`."""
