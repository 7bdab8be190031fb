"""Operations that moto lacks, or answers in a way that clients cannot use."""
