package sock

func (s *core) sendFlags(flags int) int { return flags }
